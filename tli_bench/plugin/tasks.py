"""lm-eval Task classes: word pairs go in, `hidden_states` requests come out, and scores are aggregated over the whole pool."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

import torch
from lm_eval.api.instance import Instance
from lm_eval.api.task import Task, TaskConfig
from lm_eval.filters import build_filter_ensemble

from tli_bench.base.errors import InputError
from tli_bench.config.run import RunConfig
from tli_bench.evaluate.analysis import Analyser, Analysis
from tli_bench.evaluate.framed import with_framing
from tli_bench.evaluate.headline import protocol_directions, protocol_headlines
from tli_bench.evaluate.scored_words import TASK_VERSION, ScoredWords
from tli_bench.evaluate.verdicts import verdicts
from tli_bench.lexicon import Lexicon
from tli_bench.lexicon.pairs import SHOWN, Split, WordPair
from tli_bench.measures.choice import BEST_LAYER_RULE
from tli_bench.models.identity import MeasuredModel
from tli_bench.plugin.carried import SAMPLE, carried
from tli_bench.plugin.gathered import ByName, inputs
from tli_bench.plugin.placebos import with_placebos
from tli_bench.plugin.provenance import Provenance
from tli_bench.plugin.stock import answer_from_stock_models
from tli_bench.records.schema import RunRecord
from tli_bench.records.scores import Scores
from tli_bench.records.trained import are_trained, trained_on_pair
from tli_bench.vectors.responses import PairStates

log = logging.getLogger(__name__)


class HiddenStatesTask(Task):
    """Scores the hidden states of word pairs; a subclass says which splits it shows.

    Configuration comes from the YAML's `metadata`: pair (required), and the options of `tli-bench run` that concern a
    task, under the same names (`config.run`). Of several protocols the first gives the plain metric names, the others
    put theirs after `NAME/`. Documents alternate between the splits, so that `--limit` keeps all of them. lm-eval's
    request cache is bypassed: its keys do not include the data.
    """

    VERSION = TASK_VERSION
    OUTPUT_TYPE = "hidden_states"
    SPLITS: tuple[Split, ...] = SHOWN
    KIND = ""

    def __init__(self, config: Mapping[str, Any] | None = None, *, lexicon: Lexicon | None = None) -> None:
        given = dict(config or {})
        meta = dict(given.get("metadata") or {})
        if lexicon is not None:
            meta["pair"] = lexicon.pair
        if "pair" not in meta:
            raise InputError(
                f"task {given.get('task')!r} does not name a pair; put `metadata: {{pair: swh_Latn-eng_Latn}}` in it"
            )
        self._options = RunConfig.from_metadata(meta)
        self.scored = ScoredWords(self._options, str(meta["pair"]), splits=self.SPLITS, lexicon=lexicon)
        self.pair, self.protocols = self.scored.pair, self.scored.protocols
        # Nothing is added to a request that asks for vectors alone.
        self._also = (False, True) if any("neurons" in measure.needs for measure in self.scored.asked) else ()
        self._carried = carried(*self.scored.languages, confirm=self._options.confirm and Split.CONTROL in self.SPLITS)
        self._config = TaskConfig(
            task=given.get("task") or f"tli_{self.KIND}_{self.pair}",
            output_type="hidden_states",
            num_fewshot=0,
            metadata={**meta, "version": self.VERSION},
        )
        self._instances: list[Instance] | None = None
        self._filters = [build_filter_ensemble("none", [["take_first", None]])]
        self._analysed: _Analysed | None = None
        self._names: dict[tuple[tuple[str, ...], bool], tuple[str, ...]] = {}
        self.fewshot_rnd = None

    @property
    def lexicon(self) -> Lexicon:
        """The pair's lexicon; raises as `ScoredWords.lexicon` does."""
        return self.scored.lexicon

    @property
    def pairs(self) -> list[WordPair]:
        """The documents' word pairs: the task's splits, alternating."""
        return self.scored.pairs

    @cached_property
    def _sampled(self) -> frozenset[str]:
        """Concepts of the first pairs, which say what the ordinary norm is: a limit leaves them in."""
        return frozenset(pair.concept for pair in self.pairs[:SAMPLE])

    def has_training_docs(self) -> bool:
        """There is nothing to draw few-shot examples from."""
        return False

    def has_validation_docs(self) -> bool:
        """All documents are test documents; dev words are among them."""
        return False

    def has_test_docs(self) -> bool:
        """Always."""
        return True

    def test_docs(self) -> list[dict[str, str]]:
        """One document per word pair."""
        return [
            {"concept": p.concept, "source": p.source, "target": p.target, "split": p.split.value} for p in self.pairs
        ]

    def doc_to_text(self, doc: dict[str, str]) -> str:
        """The source word; there is no prompt."""
        return doc["source"]

    def doc_to_target(self, doc: dict[str, str]) -> str:
        """The target word."""
        return doc["target"]

    def fewshot_context(self, doc: dict[str, str], *_: Any, **__: Any) -> str:
        """The source word alone: nothing may come before a measured word."""
        return doc["source"]

    def build_all_requests(self, **kwargs: Any) -> None:
        """As lm-eval does, but never through its request cache."""
        answer_from_stock_models()
        super().build_all_requests(**{**kwargs, "cache_requests": False, "rewrite_requests_cache": False})

    def construct_requests(self, doc: dict[str, str], ctx: str, **kwargs: Any) -> Instance:
        """One `hidden_states` request per pair: source, target, protocols and sentences beside them, pair, whether neurons are wanted."""
        for key in ("apply_chat_template", "chat_template"):
            kwargs.pop(key, None)
        protocols = self._carried.beside(self.protocols, doc["split"], sampled=doc["concept"] in self._sampled)
        return Instance(
            request_type="hidden_states",
            doc=doc,
            arguments=(doc["source"], doc["target"], protocols, self.pair, *self._also),
            idx=0,
            **kwargs,
        )

    def process_results(self, doc: dict[str, str], results: Sequence[PairStates]) -> dict[str, Any]:
        """The same (concept, states) under every metric name; the pool is scored in `aggregation`."""
        item = (doc["concept"], results[0])
        first = results[0]
        return dict.fromkeys(self._metric_names(first.layers, "adapted" in first.states), item)

    def _metric_names(self, layers: tuple[str, ...], adapted: bool) -> tuple[str, ...]:
        # The same for every document: hundreds of names for each of a thousand.
        key = layers, adapted
        if key not in self._names:
            self._names[key] = tuple(self.directions(layers, adapted=adapted))
        return self._names[key]

    def directions(self, layers: tuple[str, ...], *, adapted: bool) -> dict[str, bool | None]:
        """Names of the metrics of every protocol, each with whether higher is better, or None for neither."""
        return protocol_directions(self.protocols, self.SPLITS, layers, adapted=adapted)

    def headlines(self, scored: Mapping[str, Scores], layers: tuple[str, ...]) -> dict[str, float]:
        """Values of `directions`. scored: analysis or record by protocol id."""
        return protocol_headlines(self.protocols, scored, self.SPLITS, layers)

    def aggregation(self) -> dict[str, Callable[[list[Any]], float]]:
        """One function per metric; all share one analysis of the pool."""
        return ByName(self._aggregate)

    def higher_is_better(self) -> dict[str, bool | None]:
        """Direction of each metric of the last run."""
        if self._analysed is None:
            return {}
        first = next(iter(self._analysed.analyses.values()))
        return self.directions(first.layers, adapted="adapted" in first.best_layer)

    def _aggregate(self, metric: str, items: list[tuple[str, PairStates]]) -> float:
        return self._analyse(items).headlines[metric]

    def analyse(self, items: list[tuple[str, PairStates]]) -> dict[str, Analysis]:
        """Score a whole pool of (concept, states), by protocol id; the same pool is scored once."""
        return self._analyse(items).analyses

    def _analyse(self, items: list[tuple[str, PairStates]]) -> "_Analysed":
        key = frozenset((concept, response.key) for concept, response in items)
        if self._analysed is None or self._analysed.key != key:
            by_concept = dict(items)
            model = items[0][1].model
            seen = self.scored.seen_by(model)
            if not self.scored.trained(model).known:
                _warn_of_unknown(model.adapter.name if model.adapter else model.id)
            pairs = [pair for pair in self.pairs if pair.concept in by_concept and pair.concept not in seen]
            responses = [by_concept[pair.concept] for pair in pairs]
            layers, gold = responses[0].layers, torch.from_numpy(self.lexicon.gold(pairs))
            analyses, on_pair = {}, trained_on_pair(self.pair, model.adapter, model.training)
            learnt = self.scored.learnt(pairs, model) if on_pair else None
            for protocol in self.protocols:
                states, facts = inputs(responses, protocol.id)
                analyser = Analyser(
                    pairs,
                    layers,
                    states,
                    gold,
                    seed=self._options.seed,
                    facts=facts,
                    shown=self._options.shown,
                    asked=self.scored.asked,
                    trained=on_pair and are_trained(learnt, sum(pair.split is Split.TRAIN for pair in pairs)),
                )
                scored = with_placebos(
                    analyser.run(), pairs, gold, responses, protocol, self.pair, seed=self._options.seed
                )
                framed = self._carried.framed(protocol, pairs, responses, self._sampled)
                analyses[protocol.id] = with_framing(scored, pairs, gold, self.lexicon, framed)
            self._analysed = _Analysed(key, analyses, self.headlines(analyses, layers), model, learnt)
        return self._analysed

    def records(self, *, limit: int | None = None, provenance: Provenance | None = None) -> list[RunRecord]:
        """The records of the last run, one for each protocol; raises InputError if there has not been one."""
        if self._analysed is None:
            raise InputError(f"task {self.config.task} has not been run yet")
        found, made = [], provenance or Provenance()
        for protocol in self.protocols:
            analysis = self._analysed.analyses[protocol.id]
            model, run = self._analysed.model, analysis.controls.placebo
            model = replace(model, placebo=run.count if run else 0)
            signature = self.scored.signature(protocol, analysis.layers, analysis.n, model, limit)
            record = RunRecord(
                task=self.config.task,
                pair=self.pair,
                signature=signature.model_copy(
                    update={"own_sink": analysis.controls.own_sink, "seen_train": self._analysed.learnt}
                ),
                **made.fields(),
                best_layer=analysis.best_layer,
                best_layer_rule=BEST_LAYER_RULE,
                words=analysis.words,
                columns=analysis.columns,
                pseudo=analysis.pseudo,
                curves=analysis.curves,
                comparisons=analysis.comparisons,
                verdicts=verdicts(analysis),
                controls=analysis.controls,
                details=analysis.details,
                unscored=[*analysis.unscored, *model.notes],
            )
            found.append(record)
        return found

    def forget(self) -> None:
        """Release the last run's states once its records are made."""
        self._analysed = self._instances = None
        self._names.clear()


@cache
def _warn_of_unknown(name: str) -> None:
    """Once for each model: lm-eval's own tables show no flags."""
    log.warning(
        "training unknown: nobody says which words %s was trained on, so control words may be among them and the score has "
        'no rank; declare them with --trained-words FILE (lm-eval\'s own models: --metadata \'{"trained_words": "FILE"}\')',
        name,
    )


@dataclass(frozen=True, slots=True)
class _Analysed:
    """One scored pool. key: concepts and keys of its responses; learnt: as the signature's `seen_train`."""

    key: frozenset[tuple[str, str]]
    analyses: dict[str, Analysis]
    headlines: dict[str, float]
    model: MeasuredModel
    learnt: int | None


class AlignmentTask(HiddenStatesTask):
    """The main task: all splits, layer chosen on dev, trained against control."""

    KIND = "alignment"


class TrainedProbeTask(HiddenStatesTask):
    """Retrieval over the trained words alone."""

    KIND = "probe_trained"
    SPLITS = (Split.TRAIN, Split.DEV)


class ControlProbeTask(HiddenStatesTask):
    """Retrieval over the control words alone."""

    KIND = "probe_control"
    SPLITS = (Split.CONTROL, Split.DEV)
