"""The words that a task scores, and the signature of their scores: known before any model is loaded."""

from collections.abc import Sequence
from functools import cached_property
from itertools import chain, zip_longest

from tli_bench.base.errors import LexiconError
from tli_bench.base.versions import package_versions
from tli_bench.config.run import CORE, PLACEBOS, RunConfig
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
from tli_bench.measures.registry import asked_for
from tli_bench.models.identity import MeasuredModel
from tli_bench.records.run_record import RunRecord
from tli_bench.records.signature import Signature
from tli_bench.records.store import RecordStore
from tli_bench.vectors.protocols import Protocol, get_protocols

TASK_VERSION = 1
"""Version of the tasks that score words, as lm-eval shows it."""


class ScoredWords:
    """The word pairs of one task under the options that concern it.

    pair: as the task names it. splits: those that are scored. lexicon: in place of the one that the options name.
    Raises as `languages_of_list`, `get_protocols` and `asked_for` do; the words are read on first use.
    """

    def __init__(
        self, options: RunConfig, pair: str, *, splits: Sequence[Split] = SHOWN, lexicon: Lexicon | None = None
    ) -> None:
        self.languages = languages_of_list(options.lexicon, pair, reading_of(**options.layout()))
        self.pair = pair_id(*self.languages)
        self.protocols = get_protocols(options.protocol)
        for protocol in self.protocols:
            for language in self.languages:
                protocol.template(language.code)
        self.asked = asked_for(options.measures)
        self.splits = tuple(splits)
        self._options, self._given = options, lexicon
        self._declared = declared_words(options.trained_words) if options.trained_words else frozenset()

    @cached_property
    def lexicon(self) -> Lexicon:
        """The pair's lexicon; raises LexiconError when it leaks and that was not allowed."""
        found = self._given or self._load()
        leaking = leaks(found)
        if leaking and not self._options.allow_leakage:
            raise LexiconError(
                f"{found.name} leaks between train and control ({len(leaking)} forms, first: {leaking[0].message}); "
                "see `tli-bench lexicon check`, or pass --allow-leakage to score it anyway and have every score say so"
            )
        self._leaking = bool(leaking)
        return found

    def _load(self) -> Lexicon:
        options = self._options
        if options.lexicon == CORE and options.control is None:
            return installed_core().lexicon(*resolve_pair(self.pair), seed=options.seed, audit=options.audit)
        return load_lexicon(options.lexicon, pair=self.pair, **options.of_list())

    @property
    def leaking(self) -> bool:
        """Whether train and control words of the lexicon share forms."""
        _ = self.lexicon
        return self._leaking

    @cached_property
    def pairs(self) -> list[WordPair]:
        """The word pairs, splits alternating, so that a limit keeps all of them."""
        alternating = chain.from_iterable(zip_longest(*(self.lexicon.of(split) for split in self.splits)))
        return [pair for pair in alternating if pair is not None]

    def trained(self, model: MeasuredModel) -> Trained:
        """What the model and its adapter were trained on, with what was declared to the task."""
        return model.trained.declaring(self._declared) if self._declared else model.trained

    def seen_by(self, model: MeasuredModel) -> tuple[str, ...]:
        """The control concepts left out because the model was trained on their words; none where that was allowed.

        Raises AdapterError when there are too many of them.
        """
        if self._options.allow_leakage or Split.CONTROL not in self.splits:
            return ()
        name = model.adapter.name if model.adapter else model.id
        return left_out_of_control(self.lexicon, self.trained(model), name=name)

    def learnt(self, pairs: Sequence[WordPair], model: MeasuredModel) -> int | None:
        """How many of the train split's words the training saw; None where it may have seen more than is known."""
        trained, scored = self.trained(model), [pair for pair in pairs if pair.split is Split.TRAIN]
        return len(seen_among(scored, self.lexicon, trained)) if trained.known else None

    def leaks_with(self, model: MeasuredModel) -> bool:
        """Whether control words that are scored were trained: among the task's own words, or with the model."""
        if self.leaking or not self._options.allow_leakage or Split.CONTROL not in self.splits:
            return self.leaking
        return bool(seen_control(self.lexicon, self.trained(model)))

    def signature(
        self, protocol: Protocol, layers: tuple[str, ...], n: dict[str, int], model: MeasuredModel, limit: int | None
    ) -> Signature:
        """What goes with the scores of these words under one protocol. n: pairs that were scored, by split.

        Raises LexiconError for a leaking lexicon, AdapterError for an adapter trained on its control words.
        """
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

    def finished(
        self, store: RecordStore | None, task: str, model: MeasuredModel, limit: int | None
    ) -> list[RunRecord | None]:
        """For each protocol the record that `store` holds of the same unit, with all that is asked for; None where it must be run.

        model: as it would be measured; its tokens are not asked for. Raises as `signature` does.
        """
        # Where the cost decides about placebos, a record with or without them serves.
        counts = (PLACEBOS, 0) if model.placebo is None else (model.placebo,)
        return [self._kept(store, task, signature, counts) for signature in self.expected(model, limit)]

    def expected(self, model: MeasuredModel, limit: int | None) -> list[Signature]:
        """What is known of each unit's signature before it runs: everything but the layers and the counts.

        Where the cost is to decide about placebos, the signature is that of a unit without any.
        """
        return [self.signature(protocol, (), {}, model, limit) for protocol in self.protocols]

    def _kept(
        self, store: RecordStore | None, task: str, signature: Signature, counts: Sequence[int]
    ) -> RunRecord | None:
        record = store.find(task, *(signature.model_copy(update={"placebo": n}) for n in counts)) if store else None
        return record if record and self._answered_by(record) else None

    def _answered_by(self, record: RunRecord) -> bool:
        """Whether a record holds every optional measure that is asked for."""
        return all(
            m.name in curves for m in self.asked for states in record.curves.values() for curves in states.values()
        )
