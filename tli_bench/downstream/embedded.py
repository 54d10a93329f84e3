"""Tasks scored from hidden states: texts are embedded in the same way as words and ranked by cosine, layer by layer."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from tli_bench.base.errors import UnscorableError
from tli_bench.downstream.scorers.ranking import Floats
from tli_bench.downstream.spec import Document, DownstreamSpec, Embed, Request
from tli_bench.measures.choice import best_depth
from tli_bench.models.identity import State
from tli_bench.vectors.responses import at_layer


@dataclass(frozen=True, slots=True)
class Embedding:
    """The answer to one `Embed`. vectors: `[layers, 2, dim]` by state, source then target; the base's state comes first.

    dropped: how many tokens the source and the target had that the model does not read.
    """

    layers: tuple[str, ...]
    vectors: Mapping[State, torch.Tensor]
    dropped: tuple[int, int]

    def at(self, state: State, layer: int) -> torch.Tensor:
        """The vectors in one state at one layer, by its number, `[2, dim]`."""
        return at_layer(self.vectors, state, layer)

    def __repr__(self) -> str:
        return f"Embedding({'+'.join(self.vectors)}, {len(self.layers)} layers)"


Item = tuple[Document, tuple[Embedding, ...]]
Scores = dict[str, float]


@dataclass(frozen=True, slots=True)
class Measured:
    """One scored pool. curves: `[layers]` by state and measure; best: index of the layer chosen, by state."""

    layers: tuple[str, ...]
    curves: dict[State, dict[str, list[float]]]
    best: dict[State, int]
    headlines: Scores


class EmbeddedSpec(DownstreamSpec):
    """A task scored as one pool: texts are embedded in the same way as words and ranked by cosine, layer by layer.

    The layer is chosen on the documents at even positions by `CHOICE`, and the headline is read at that layer over the
    documents at odd positions, so that no document chooses its own layer; the curves are over all. A score that cannot
    be given is NaN. Metrics are those of the adapted model where there is an adapter, with `..._base` and `..._change` at
    the same layer. A text longer than the model reads is embedded without its end, and `truncated_texts` counts them.
    Each document holds its number as `position`; options: `source` and `target` (codes of the languages of the two texts).
    """

    MEASURES: ClassVar[Mapping[str, bool]]
    """Names of the measures, each with whether higher is better; the curve shown is that of the first."""
    CHOICE: ClassVar[str] = "mrr"
    """The measure by which the layer is chosen."""

    @abstractmethod
    def score_layer(self, items: Sequence[Item], state: State, layer: int) -> Scores:
        """`MEASURES` of the documents at one layer; raises UnscorableError."""

    def score_each(self, items: Sequence[Item], state: State, layer: int) -> list[tuple[Document, Scores]]:
        """`MEASURES` of each document by itself, against all candidates; none where documents are each other's candidates."""
        return []

    @abstractmethod
    def texts(self, doc: Document) -> list[tuple[str, str]]:
        """The pairs of source and target text that a document is scored by; each distinct text is embedded once."""

    def requests(self, doc: Document) -> list[Request]:
        """One `Embed` per pair of `texts`."""
        pair = f"{self.need('source')}-{self.need('target')}"
        return [Embed(source, target, pair) for source, target in self.texts(doc)]

    def measure(self, pool: Sequence[Item]) -> Measured:
        """Scores of the whole pool, whatever the order of its documents."""
        items = sorted(pool, key=lambda item: item[0]["position"])
        layers, states = items[0][1][0].layers, tuple(items[0][1][0].vectors)
        curves: dict[State, dict[str, list[float]]] = {}
        best: dict[State, int] = {}
        for state in states:
            rows = [self._try(items, state, layer) for layer in range(len(layers))]
            curves[state] = {name: [row[name] for row in rows] for name in self.MEASURES}
            choice = [self._try(self.half(items, 0), state, layer)[self.CHOICE] for layer in range(len(layers))]
            depth = best_depth(choice)
            best[state] = len(layers) - 1 if depth is None else depth
        scored = states[-1]
        values = {state: self._try(self.half(items, 1), state, best[scored]) for state in states}
        found: Scores = {
            "best_layer": float(best[scored]),
            "queries": float(len(items)),
            "truncated_texts": float(len(self._truncated(items))),
        }
        for name in self.MEASURES:
            found[name] = values[scored][name]
            found[f"{name}_output"] = curves[scored][name][-1]
            if scored != "base":
                found[f"{name}_base"] = values["base"][name]
                found[f"{name}_output_base"] = curves["base"][name][-1]
                found |= {f"{key}_change": found[key] - found[f"{key}_base"] for key in (name, f"{name}_output")}
        shown = next(iter(self.MEASURES))
        found |= {f"{shown}_L{layer.zfill(2)}": curves[scored][shown][i] for i, layer in enumerate(layers)}
        return Measured(layers, curves, best, found)

    def half(self, items: Sequence[Item], start: int) -> Sequence[Item]:
        """The documents at every second position: from 0 on they choose the layer, from 1 on they give the headline."""
        return items[start::2]

    def _truncated(self, items: Sequence[Item]) -> set[str]:
        """The distinct texts that are longer than the model reads."""
        return {
            text
            for doc, answers in items
            for pair, answer in zip(self.texts(doc), answers, strict=True)
            for text, dropped in zip(pair, answer.dropped, strict=True)
            if dropped
        }

    def _try(self, items: Sequence[Item], state: State, layer: int) -> Scores:
        try:
            if not items:
                raise UnscorableError("no documents in this half of the pool; raise --limit")
            return self.score_layer(items, state, layer)
        except UnscorableError:
            return dict.fromkeys(self.MEASURES, float("nan"))

    def directions(self, layers: tuple[str, ...], states: tuple[State, ...]) -> dict[str, bool]:
        """Names of the metrics for a model with these layers and states, each with whether higher is better."""
        names = {"best_layer": True, "queries": True, "truncated_texts": False}
        states_of = ("", *(("_base", "_change") if len(states) > 1 else ()))
        suffixes = [read + state for read in ("", "_output") for state in states_of]
        for name, better in self.MEASURES.items():
            names |= {name + suffix: better for suffix in suffixes}
        shown = next(iter(self.MEASURES))
        return names | {f"{shown}_L{layer.zfill(2)}": self.MEASURES[shown] for layer in layers}


def cosines(queries: torch.Tensor, candidates: torch.Tensor) -> Floats:
    """Cosine `[queries, candidates]` in float64; raises UnscorableError for zero or non-finite vectors, or if there are none."""
    if not len(queries) or not len(candidates):
        raise UnscorableError("no vectors to compare; raise --limit")
    units = []
    for name, x in (("query", queries.double()), ("candidate", candidates.double())):
        norm = x.norm(dim=1, keepdim=True)
        if not bool(torch.isfinite(x).all()) or bool((norm == 0).any()):
            raise UnscorableError(f"a {name} vector is zero, NaN or infinite; it has no direction")
        units.append(x / norm)
    return np.asarray((units[0] @ units[1].T).cpu().numpy(), dtype=np.float64)
