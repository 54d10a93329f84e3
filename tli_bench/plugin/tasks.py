"""lm-eval Task classes: word pairs go in, `hidden_states` requests come out, and scores are aggregated over the whole pool."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import chain, zip_longest
from typing import Any

import torch
from lm_eval.api.instance import Instance
from lm_eval.api.task import Task, TaskConfig
from lm_eval.filters import build_filter_ensemble

from tli_bench.base.errors import InputError, LexiconError
from tli_bench.base.versions import package_versions
from tli_bench.config.run import RunConfig
from tli_bench.evaluate.analysis import Analyser, Analysis
from tli_bench.evaluate.framed import with_framing
from tli_bench.evaluate.headline import headline, headline_directions
from tli_bench.evaluate.verdicts import verdicts
from tli_bench.languages import pair_id, resolve_pair
from tli_bench.lexicon import Lexicon, load_lexicon
from tli_bench.lexicon.core import installed_core
from tli_bench.lexicon.declared import declared_words
from tli_bench.lexicon.doctor import leaks
from tli_bench.lexicon.pairs import SHOWN, Split, WordPair
from tli_bench.lexicon.readers.base import reading_of
from tli_bench.lexicon.trained import Trained
from tli_bench.lexicon.unknown import languages_of_list
from tli_bench.lexicon.unseen import left_out_of_control, seen_among, seen_control
from tli_bench.measures import MEASURES_VERSION
from tli_bench.measures.choice import BEST_LAYER_RULE
from tli_bench.measures.registry import asked_for
from tli_bench.models.identity import MeasuredModel
from tli_bench.plugin.carried import SAMPLE, carried
from tli_bench.plugin.gathered import ByName, inputs
from tli_bench.plugin.placebos import with_placebos
from tli_bench.plugin.provenance import Provenance
from tli_bench.plugin.stock import answer_from_stock_models
from tli_bench.records.schema import RunRecord, Signature
from tli_bench.records.scores import Scores
from tli_bench.records.trained import are_trained, trained_on_pair
from tli_bench.vectors.protocols import Protocol, get_protocols
from tli_bench.vectors.responses import PairStates

log = logging.getLogger(__name__)


class HiddenStatesTask(Task):
    """Scores the hidden states of word pairs; a subclass says which splits it shows.

    Configuration comes from the YAML's `metadata`: pair (required), and the options of `tli-bench run` that concern a
    task, under the same names (`config.run`). Of several protocols the first gives the plain metric names, the others
    put theirs after `NAME/`. Documents alternate between the splits, so that `--limit` keeps all of them. lm-eval's
    request cache is bypassed: its keys do not include the data.
    """

    VERSION = 1
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
        options = RunConfig.from_metadata(meta)
        source, target = languages_of_list(options.lexicon, str(meta["pair"]), reading_of(**options.layout()))
        self.pair = pair_id(source, target)
        self.protocols = get_protocols(options.protocol)
        self._asked = asked_for(options.measures)
        # Nothing is added to a request that asks for vectors alone.
        self._also = (False, True) if any("neurons" in measure.needs for measure in self._asked) else ()
        for protocol in self.protocols:
            for language in (source, target):
                protocol.template(language.code)
        self._options = options
        self._declared = declared_words(options.trained_words) if options.trained_words else frozenset()
        self._carried = carried(source, target, confirm=options.confirm and Split.CONTROL in self.SPLITS)
        self._given_lexicon = lexicon
        self._config = TaskConfig(
            task=given.get("task") or f"tli_{self.KIND}_{self.pair}",
            output_type="hidden_states",
            num_fewshot=0,
            metadata={**meta, "version": self.VERSION},
        )
        self._instances: list[Instance] | None = None
        self._filters = [build_filter_ensemble("none", [["take_first", None]])]
        self._analysed: _Analysed | None = None
        self._docs: list[WordPair] | None = None
        self._lexicon: Lexicon | None = None
        self.leaking = False
        self.fewshot_rnd = None

    @property
    def lexicon(self) -> Lexicon:
        """The pair's lexicon, loaded on first use; raises LexiconError when it leaks and that was not allowed."""
        if self._lexicon is None:
            self._lexicon = self._given_lexicon or self._load()
            found = leaks(self._lexicon)
            self.leaking = bool(found)
            if found and not self._options.allow_leakage:
                raise LexiconError(
                    f"{self._lexicon.name} leaks between train and control ({len(found)} forms, first: {found[0].message}); "
                    "see `tli-bench lexicon check`, or pass --allow-leakage to score it anyway and have every score say so"
                )
        return self._lexicon

    def _load(self) -> Lexicon:
        options = self._options
        if options.lexicon == "core" and options.control is None:
            return installed_core().lexicon(*resolve_pair(self.pair), seed=options.seed, audit=options.audit)
        return load_lexicon(options.lexicon, pair=self.pair, **options.of_list())

    @property
    def pairs(self) -> list[WordPair]:
        """The documents' word pairs: the task's splits, alternating."""
        if self._docs is None:
            columns = [self.lexicon.of(split) for split in self.SPLITS]
            alternating = chain.from_iterable(zip_longest(*columns))
            self._docs = [pair for pair in alternating if pair is not None]
        return self._docs

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
        return dict.fromkeys(self._metric_names(results[0]), item)

    def _metric_names(self, response: PairStates) -> list[str]:
        return list(self.directions(response.layers, adapted="adapted" in response.states))

    def directions(self, layers: tuple[str, ...], *, adapted: bool) -> dict[str, bool | None]:
        """Names of the metrics of every protocol, each with whether higher is better, or None for neither."""
        plain = headline_directions(self.SPLITS, layers, adapted=adapted)
        return {self._prefix(p) + name: better for p in self.protocols for name, better in plain.items()}

    def headlines(self, scored: Mapping[str, Scores], layers: tuple[str, ...]) -> dict[str, float]:
        """Values of `directions`. scored: analysis or record by protocol id."""
        return {
            self._prefix(protocol) + name: value
            for protocol in self.protocols
            for name, value in headline(scored[protocol.id], self.SPLITS, layers).items()
        }

    def _prefix(self, protocol: Protocol) -> str:
        return "" if protocol is self.protocols[0] else f"{protocol.name}/"

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

    def trained(self, model: MeasuredModel) -> Trained:
        """What the model and its adapter were trained on, with what was declared to the task."""
        return model.trained.declaring(self._declared) if self._declared else model.trained

    def seen_by(self, model: MeasuredModel) -> tuple[str, ...]:
        """The control concepts left out because the model was trained on their words; none where that was allowed.

        Raises AdapterError when there are too many of them.
        """
        if self._options.allow_leakage or Split.CONTROL not in self.SPLITS:
            return ()
        name = model.adapter.name if model.adapter else model.id
        return left_out_of_control(self.lexicon, self.trained(model), name=name)

    def _learnt(self, pairs: Sequence[WordPair], model: MeasuredModel) -> int | None:
        """How many of the train split's words the training saw; None where it may have seen more than is known."""
        trained, scored = self.trained(model), [pair for pair in pairs if pair.split is Split.TRAIN]
        return len(seen_among(scored, self.lexicon, trained)) if trained.known else None

    def leaks_with(self, model: MeasuredModel) -> bool:
        """Whether control words that are scored were trained: among the task's own words, or with the model."""
        if self.leaking or not self._options.allow_leakage or Split.CONTROL not in self.SPLITS:
            return self.leaking
        return bool(seen_control(self.lexicon, self.trained(model)))

    def analyse(self, items: list[tuple[str, PairStates]]) -> dict[str, Analysis]:
        """Score a whole pool of (concept, states), by protocol id; the same pool is scored once."""
        return self._analyse(items).analyses

    def _analyse(self, items: list[tuple[str, PairStates]]) -> "_Analysed":
        key = frozenset((concept, response.key) for concept, response in items)
        if self._analysed is None or self._analysed.key != key:
            by_concept = dict(items)
            model = items[0][1].model
            seen = self.seen_by(model)
            if not self.trained(model).known:
                _warn_of_unknown(model.adapter.name if model.adapter else model.id)
            pairs = [pair for pair in self.pairs if pair.concept in by_concept and pair.concept not in seen]
            responses = [by_concept[pair.concept] for pair in pairs]
            layers, gold = responses[0].layers, torch.from_numpy(self.lexicon.gold(pairs))
            analyses, on_pair = {}, trained_on_pair(self.pair, model.adapter, model.training)
            learnt = self._learnt(pairs, model) if on_pair else None
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
                    asked=self._asked,
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
            signature = self._signature(protocol, analysis.layers, analysis.n, model, limit)
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

    def is_answered_by(self, record: RunRecord) -> bool:
        """Whether a finished unit's record holds every optional measure that is asked for."""
        return all(
            m.name in curves for m in self._asked for states in record.curves.values() for curves in states.values()
        )

    def forget(self) -> None:
        """Release the last run's states once its records are made."""
        self._analysed = self._instances = None

    def expected_signatures(self, model: MeasuredModel, limit: int | None) -> list[Signature]:
        """What is known of each unit's signature before it runs: everything but the layers and the counts.

        Where the cost is to decide about placebos, the signature is that of a unit without any.
        Raises LexiconError for a leaking lexicon, AdapterError for an adapter trained on its control words.
        """
        return [self._signature(protocol, (), {}, model, limit) for protocol in self.protocols]

    def _signature(
        self, protocol: Protocol, layers: tuple[str, ...], n: dict[str, int], model: MeasuredModel, limit: int | None
    ) -> Signature:
        lexicon, trained = self.lexicon, self.trained(model)
        return Signature(
            protocol=protocol.id,
            pooling=protocol.pooling.value,
            layers=layers,
            tokens=protocol.tokens(model.tokens),
            lexicon=" ".join(part for part in (lexicon.name, lexicon.version) if part),
            lexicon_hash=lexicon.content_hash,
            split_seed=lexicon.seed,
            pair=self.pair,
            n=n,
            limit=limit,
            allow_leakage=self._options.allow_leakage,
            leaking=self.leaks_with(model),
            seen_control=self.seen_by(model),
            training_unknown=not trained.known,
            trained_words=trained.declared,
            **model.signed(),
            seed=self._options.seed,
            measures=MEASURES_VERSION,
            versions=package_versions(),
        )


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
