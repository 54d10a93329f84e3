"""From records to entries: what was scored, by what, on which words, without the bulk that no table needs."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tli_bench.base.wording import counted_are
from tli_bench.config.facts import flags_of, unstated
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.registry import get_measure, standard_error_of
from tli_bench.measures.roles import HEADLINE, SIZES, headline_for
from tli_bench.models.catalog import DEMONSTRATION
from tli_bench.models.fingerprint import is_fingerprint
from tli_bench.models.identity import AdapterRef, State, TrainingRef
from tli_bench.records.audit import Side, audited, dev_words
from tli_bench.records.checked import Refused
from tli_bench.records.columns import Sums
from tli_bench.records.contender import display_name, name_for, weights_of
from tli_bench.records.schema import Curve, RunRecord, Signature
from tli_bench.records.scores import BEST, OUTPUT
from tli_bench.records.verdicts import verdicts_of
from tli_bench.report.columns import board_measures, compared_measures
from tli_bench.report.companions import companions
from tli_bench.report.paired import layer_changes
from tli_bench.stats.pseudo import Estimate

TASK_PREFIX = "tli_alignment_"
Floats = NDArray[np.float64]


class BoardKey(NamedTuple):
    """What two scores must share to be ranked together.

    demonstration: whether it is of models that say nothing about real ones. lexicon_hash: of the words behind the board. A
    signature's own hash is that of one language pair; a board of several pairs has the hash of theirs together.
    """

    protocol: str
    lexicon: str
    lexicon_hash: str
    split_seed: int
    measures: str
    demonstration: bool = False


class EntryKey(NamedTuple):
    """One contender: the same weights at the same precision, under the same reservations.

    model: what the weights are called, never a path; revision: their fingerprint, which alone tells them apart from others.
    """

    model: str
    revision: str
    adapter: str
    dtype: str
    quantization: str
    flags: tuple[str, ...]

    @property
    def nameless(self) -> "EntryKey":
        """The key as contenders are told apart by it: without the name of weights that have a fingerprint."""
        return self._replace(model="") if is_fingerprint(self.revision) else self


@dataclass(frozen=True, slots=True)
class Unit:
    """One entry on one pair. words: concept, source, target.

    pseudo: pseudo-values `[words]` by measure at `layer`, which was chosen on dev; output_pseudo: the same at the output. A measure
    that some word has none of is left out. values: numbers by column at `layer`, None when unscored; output_means: of `output_pseudo`;
    output_score: of the headline at the output. dev: words that chose the layer.
    curves: by layer. base: of the same record, for adapters; changes: against it, by layer. missing: why there is no score.
    """

    pair: str
    layer: str
    layers: tuple[str, ...]
    words: tuple[tuple[str, str, str], ...]
    pseudo: dict[str, Floats]
    output_pseudo: dict[str, Floats]
    values: dict[str, float | None]
    output_means: dict[str, float]
    output_score: float | None
    dev: frozenset[tuple[str, str, str]]
    curves: dict[str, Curve]
    base: "Unit | None"
    verdict: str
    missing: str
    created: str
    command: str
    commit: str | None
    changes: dict[str, Estimate]

    @property
    def score(self) -> float | None:
        """What the unit is ranked by; None when unscored."""
        return self.values.get(HEADLINE)

    @property
    def side(self) -> Side | None:
        """What control and audit are compared by; None when unscored."""
        phi = self.pseudo.get(HEADLINE)
        return None if phi is None else Side(self.layer, self.dev, [word[0] for word in self.words], phi)


@dataclass(slots=True)
class Entry:
    """A contender and its scored pairs. signature: of one of its records; the parts named in EntryKey are the same in all.

    units, audits: by pair, on the control words and on the audit words in their place.
    """

    key: EntryKey
    board: BoardKey
    signature: Signature
    units: dict[str, Unit] = field(default_factory=dict)
    audits: dict[str, Unit] = field(default_factory=dict)

    @property
    def kind(self) -> Literal["base", "adapter", "full"]:
        """What was scored: a model as it came, an adapter on one, or a fully fine-tuned model."""
        if self.key.adapter:
            return "adapter"
        return "full" if self.signature.training else "base"

    @property
    def trained(self) -> AdapterRef | TrainingRef | None:
        """What is known of the training, None for a model as it came."""
        return self.signature.adapter or self.signature.training

    @property
    def base_key(self) -> EntryKey | None:
        """The nameless key of what this one was trained from; None for a model as it came, or one whose base is not stated."""
        training = self.signature.training
        if self.key.adapter:
            return self.key._replace(adapter="", flags=()).nameless
        if training and training.base_revision:
            return self.key._replace(model=training.base, revision=training.base_revision, flags=()).nameless
        return None


@dataclass(slots=True)
class Collected:
    """Entries by board, and one line for each record that no board can hold. names: by revision, what records call the weights."""

    boards: dict[BoardKey, dict[EntryKey, Entry]] = field(default_factory=lambda: defaultdict(dict))
    left_out: list[str] = field(default_factory=list)
    editions: dict[BoardKey, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    names: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))


def collect(records: Iterable[RunRecord | Refused]) -> Collected:
    """Group records into boards and entries; the base state of an adapter's record stands in where no base was run alone.

    Of two records of one unit, the later one by date counts. Records of audit words stand next to the control words of the same
    contender, and make no entry of their own.
    """
    control, audit = _Gathered(), _Gathered()
    for record in records:
        if isinstance(record, Refused):
            control.found.left_out.append(str(record))
        elif record.task == f"{TASK_PREFIX}{record.pair}":
            (audit if record.signature.audit else control).add(record)
        else:
            control.found.left_out.append(f"{record.task}: not an alignment task")
    found = control.all()
    _join(found, audit.all())
    return _named(found)


def _join(found: Collected, audit: Collected) -> None:
    """Give every entry the audit units of the same contender on the same lexicon; what finds no entry is told."""
    alone = {(board, key) for board, entries in audit.boards.items() for key in entries}
    for board, entries in found.boards.items():
        sealed = board._replace(lexicon=audited(board.lexicon) or "", lexicon_hash="")
        for key, entry in audit.boards.get(sealed, {}).items():
            if key in entries:
                entries[key].audits |= entry.units
                alone.discard((sealed, key))
    found.left_out += [
        f"{display_name(audit.boards[board][key].signature.model)}: audit words without control words of the same contender"
        for board, key in alone
    ]


class _Gathered:
    """Entries of the records added so far. spare: base states of adapters' records, for where no base was run alone."""

    def __init__(self) -> None:
        self.found = Collected()
        self.spare = Collected(editions=self.found.editions, names=self.found.names)

    def add(self, record: RunRecord) -> None:
        adapter = record.signature.adapter
        alone = _unit(record, "base", None) if "base" in record.best_layer else None
        if alone:
            _add(self.spare if adapter else self.found, record, "base", alone)
        if "adapted" in record.best_layer:
            _add(self.found, record, "adapted", _unit(record, "adapted", alone))

    def all(self) -> Collected:
        for board, entries in self.spare.boards.items():
            for key, entry in entries.items():
                there = self.found.boards[board].setdefault(key, entry)
                there.units = entry.units | there.units
        return self.found


def _board_of(found: Collected, signature: Signature) -> BoardKey:
    """The board of a record: one for all pairs of a lexicon. Other words for a pair already there make another board."""
    shared = (signature.protocol, signature.lexicon, "", signature.split_seed, signature.measures)
    board = BoardKey(*shared, _demonstration(signature))
    if found.editions[board].setdefault(signature.pair, signature.lexicon_hash) != signature.lexicon_hash:
        board = board._replace(lexicon_hash=signature.lexicon_hash)
        found.editions[board][signature.pair] = signature.lexicon_hash
    return board


def _demonstration(signature: Signature) -> bool:
    """Whether a model, or what it was trained from, is there to show how the benchmark works."""
    names = {signature.model, signature.training.base if signature.training else signature.model}
    return not {display_name(name) for name in names}.isdisjoint(DEMONSTRATION)


def _named(found: Collected) -> Collected:
    """Give every board the hash of its words, the one that all pairs share or the hash of theirs together, and every entry its name."""
    boards: dict[BoardKey, dict[EntryKey, Entry]] = defaultdict(dict)
    for board, entries in found.boards.items():
        hashes = found.editions[board]
        text = "\n".join(f"{pair} {digest}" for pair, digest in sorted(hashes.items()))
        shared = set(hashes.values())
        digest = shared.pop() if len(shared) == 1 else hashlib.sha256(text.encode()).hexdigest()
        named = board._replace(lexicon_hash=digest)
        for entry in entries.values():
            entry.board = named
            called = found.names[entry.key.revision] if is_fingerprint(entry.key.revision) else {entry.key.model: 1}
            entry.key = entry.key._replace(model=name_for(called))
            there = boards[named].setdefault(entry.key, entry)
            there.units = entry.units | there.units
    return Collected(boards, found.left_out, found.editions, found.names)


def _add(found: Collected, record: RunRecord, state: State, unit: Unit) -> None:
    signature = record.signature
    board = _board_of(found, signature)
    adapter = signature.adapter if state == "adapted" else None
    raised = flags_of(signature, adapter=adapter is not None)
    found.names[signature.revision][signature.model] += 1
    key = EntryKey(
        *weights_of(signature),
        adapter.sha256 if adapter else "",
        signature.dtype,
        signature.quantization or "",
        raised,
    )
    entry = found.boards[board].get(key)
    if entry is None:
        entry = found.boards[board][key] = Entry(key, board, signature.model_copy(update={"adapter": adapter}))
    old = entry.units.get(record.pair)
    if old is None or old.created <= record.created:
        entry.units[record.pair] = unit


def _unit(record: RunRecord, state: State, base: Unit | None) -> Unit:
    pseudo, output_pseudo = (_complete(record, state, layer) for layer in (BEST, OUTPUT))
    curves, depth = record.curves.get(Split.CONTROL, {}).get(state, {}), record.depth(BEST, state)
    numbers = {name: curves[name][depth] if name in curves else None for name in board_measures()}
    numbers[HEADLINE] = None  # without every word's pseudo-value there is nothing to rank
    numbers |= _means(pseudo)
    layer = record.layer(BEST, state)
    return Unit(
        pair=record.pair,
        layer=layer,
        layers=record.layers,
        words=tuple(record.words[Split.CONTROL].triples()) if Split.CONTROL in record.words else (),
        pseudo=pseudo,
        output_pseudo=output_pseudo,
        output_means=_means(output_pseudo),
        values=numbers | companions(record, state, layer),
        output_score=record.value(HEADLINE, Split.CONTROL, state, OUTPUT),
        dev=dev_words(record),
        curves=_drawn(curves),
        base=base,
        # A record with an adapter judges the adapter; of its base it says nothing.
        verdict=str(verdicts_of(record).get(layer, ""))
        if (state == "adapted") == bool(record.signature.adapter)
        else "",
        missing="" if HEADLINE in pseudo else _why_unscored(record),
        created=record.created,
        command=record.command,
        commit=record.source_commit,
        changes=layer_changes(record) if state == "adapted" else {},
    )


def _complete(record: RunRecord, state: State, layer: str) -> dict[str, Floats]:
    """Pseudo-values of the control words `[words]` by measure, where every word has one."""
    found = {m.name: record.held_pseudo(m.name, Split.CONTROL, state, layer) for m in compared_measures()}
    whole = {name: c for name, c in found.items() if c and not isinstance(c, Sums) and None not in c}
    return dict(zip(whole, np.array(list(whole.values()), dtype=np.float64), strict=True))


def _means(columns: dict[str, Floats]) -> dict[str, float]:
    return dict(zip(columns, np.array(list(columns.values())).mean(axis=1).tolist(), strict=True)) if columns else {}


def _why_unscored(record: RunRecord) -> str:
    """Why a record has no score to rank by, for the reader of a board."""
    words = len(record.words.get(Split.CONTROL, ()))
    label = get_measure(HEADLINE).label
    if not record.pseudo and record.columns:
        return f"scored before {label}: run again"
    if headline_for(words) != HEADLINE:
        return f"{counted_are(words, 'control word')} too few for {label} (more than {SIZES[0]})"
    return f"no {label} of the control words"


def _drawn(curves: dict[str, Curve]) -> dict[str, Curve]:
    """Those that a page draws, with the standard errors that make their bands."""
    drawn = [m for measure in compared_measures() for m in (measure, standard_error_of(measure)) if m]
    return {measure.name: curves[measure.name] for measure in drawn if measure.name in curves}


def signature_of(entry: Entry) -> dict[str, Any]:
    """The entry's signature without what differs from pair to pair, and without paths on somebody's machine."""
    given, training = entry.signature, entry.signature.training
    base = training and training.model_copy(update={"base": display_name(training.base)})
    given = given.model_copy(update={"model": entry.key.model, "training": base})
    return given.model_dump(mode="json", exclude={"pair", "n", "layers", "seen_control", *unstated(given)})
