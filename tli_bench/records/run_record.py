"""The record of one scored unit: its signature, words, columns, curves, comparisons and controls."""

from typing import Literal

from pydantic import Field, JsonValue, model_validator

from tli_bench.base.frozen import Frozen
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.choice import BEST_LAYER_RULE, chosen_depth
from tli_bench.records.columns import Curve, Sums, Words
from tli_bench.records.comparison import Comparison
from tli_bench.records.controls import Controls
from tli_bench.records.details import WordDetails
from tli_bench.records.scores import Columns, Scores, layers_of
from tli_bench.records.signature import Signature
from tli_bench.records.versions import SCHEMA_VERSION
from tli_bench.stats.verdict import Verdict


class RunRecord(Frozen, Scores):
    """One scored unit: a model, an adapter if there is one, a task and a pair under one protocol.

    curves: `curves[split][state][measure]` holds one value for each layer, in the order of `signature.layers`; None is
    unscored. best_layer: by state, the layer that the dev words chose by `best_layer_rule` (never train or control words), or the last
    one where they could not (`chosen_on_dev`).
    words: the scored word pairs of each split. columns: `columns[split][state][layer][measure]` holds one value for each
    of those words at the layers shown, None where a word has none, or the sums of a column that is too large to keep.
    pseudo: likewise, the pseudo-values of the measures that are compared: what every interval, test and rank is computed from.
    verdicts: by layer.
    recipe: every option of the run, as `tli-bench run --config` reads them; None where they are not known.
    controls: None in records made before controls were kept. details: of the control words one by one; None where there are none,
    in records made before they were kept, and in those of a board. unscored: why a value is missing, one line each.
    """

    schema_version: Literal[3] = SCHEMA_VERSION
    task: str
    pair: str
    signature: Signature
    created: str
    command: str
    source_commit: str | None = None
    recipe: dict[str, JsonValue] | None = None
    best_layer: dict[str, str]
    best_layer_rule: str
    words: dict[Split, Words]
    columns: Columns
    pseudo: Columns = Field(default_factory=dict)
    curves: dict[Split, dict[str, dict[str, Curve]]]
    comparisons: list[Comparison]
    verdicts: dict[str, Verdict]
    controls: Controls | None = None
    details: WordDetails | None = None
    unscored: list[str] = Field(default_factory=list)

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers, from the embeddings up."""
        return self.signature.layers

    @property
    def kind(self) -> str:
        """The task without its pair: what the records of a run over several pairs have in common."""
        return self.task.removesuffix(self.pair).strip("_")

    @property
    def verdict(self) -> Verdict | None:
        """What may be said of the pair: the verdict at the layer that dev chose; None where there is none."""
        return self.verdicts.get(self.best_layer.get(self.state, ""))

    def chosen_on_dev(self, state: str) -> bool:
        """Whether dev words chose the best layer of a state: without any that can be scored it is the last layer."""
        dev = self.curves.get(Split.DEV, {}).get(state, {})
        return chosen_depth(dev.get) is not None if self.best_layer_rule == BEST_LAYER_RULE else bool(dev)

    @model_validator(mode="after")
    def _consistent(self) -> "RunRecord":
        depth = len(self.layers)
        for split, states in self.curves.items():
            for state, measures in states.items():
                for name, curve in measures.items():
                    if len(curve) != depth:
                        raise ValueError(f"curve {split}/{state}/{name} has {len(curve)} values for {depth} layers")
        for state, layer in self.best_layer.items():
            if layer not in self.layers:
                raise ValueError(f"best layer {layer!r} of {state} is not among the signature's layers")
        if self.pair != self.signature.pair:
            raise ValueError(f"pair {self.pair!r} disagrees with the signature's {self.signature.pair!r}")
        self._columns_fit()
        if self.details is not None:
            self.details.require_fit(self.words.get(Split.CONTROL), states=self.best_layer, layers=self.layers)
        return self

    def _columns_fit(self) -> None:
        for what, columns in (("column", self.columns), ("pseudo-values", self.pseudo)):
            for split, state, layer, held in layers_of(columns):
                where, no_place = f"{what} {split}/{state}/layer {layer}", self._no_place(split, state, layer)
                for name, kept in held.items():
                    if no_place:
                        raise ValueError(f"{where}/{name}: {no_place}")
                    count = kept.n + kept.missing if isinstance(kept, Sums) else len(kept)
                    if count != len(self.words[split]):
                        raise ValueError(f"{where}/{name} has {count} values for {len(self.words[split])} words")

    def _no_place(self, split: Split, state: str, layer: str) -> str:
        """Why the record has no place for columns there; empty where it has."""
        if state not in self.best_layer:
            return f"no best layer of this state, only of {', '.join(self.best_layer) or 'none'}"
        if split not in self.words:
            return "the record holds no words of this split"
        return "" if layer in self.layers else "the layer is not among the signature's layers"
