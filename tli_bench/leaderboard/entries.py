"""From records to entries: what was scored, by what, on which words, without the bulk that no table needs."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tli_bench.results.summary import flags
from tli_bench.schema import Curve, RunRecord, Signature, Split, State

TASK_PREFIX = "tli_alignment_"
MEASURES = ("p1", "mexa", "csls_p1", "mrr", "cosine", "mismatched")
CURVES = ("gap", "p1")


class BoardKey(NamedTuple):
    """What two scores must share to stand in one rank.

    lexicon_hash: of the words behind the board. A signature's own hash is that of one language pair; a board of several
    pairs has the hash of theirs together.
    """

    protocol: str
    lexicon: str
    lexicon_hash: str
    split_seed: int
    measures: str


class EntryKey(NamedTuple):
    """One contender: the same weights at the same precision, under the same reservations."""

    model: str
    revision: str
    adapter: str
    dtype: str
    quantization: str
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """One entry on one pair. words: concept, source, target; gaps: `[words]` at `layer`, None when unscored; gap: their mean.

    curves, base_curves: by layer, of `gap` and `p1`. gap_before: the base's gap at the same layer, for adapters.
    """

    pair: str
    layer: str
    layers: tuple[str, ...]
    words: tuple[tuple[str, str, str], ...]
    gaps: NDArray[np.float64] | None
    gap: float | None
    measures: dict[str, float | None]
    output_gap: float | None
    gap_before: float | None
    curves: dict[str, Curve]
    base_curves: dict[str, Curve] | None
    verdict: str
    created: str
    command: str
    commit: str | None


@dataclass(slots=True)
class Entry:
    """A contender and its scored pairs. signature: of one of its records; the parts named in EntryKey are all alike."""

    key: EntryKey
    board: BoardKey
    signature: Signature
    units: dict[str, Unit] = field(default_factory=dict)

    @property
    def is_adapter(self) -> bool:
        """Whether an adapter was scored, not a base alone."""
        return bool(self.key.adapter)


@dataclass(slots=True)
class Collected:
    """Entries by board, and one line for each record that no board can hold."""

    boards: dict[BoardKey, dict[EntryKey, Entry]] = field(default_factory=lambda: defaultdict(dict))
    left_out: list[str] = field(default_factory=list)
    editions: dict[BoardKey, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))


def collect(records: Iterable[RunRecord]) -> Collected:
    """Group records into boards and entries; the base state of an adapter's record stands in where no base was run alone.

    Two records of one unit: the later one by date counts.
    """
    found = Collected()
    spare = Collected(editions=found.editions)
    for record in records:
        signature = record.signature
        if record.task != f"{TASK_PREFIX}{record.pair}":
            found.left_out.append(f"{record.task}: not an alignment task")
            continue
        for state in record.best_layer:
            into = spare if state == "base" and signature.adapter else found
            _add(into, record, "adapted" if state == "adapted" else "base")
    for board, entries in spare.boards.items():
        for key, entry in entries.items():
            there = found.boards[board].setdefault(key, entry)
            there.units = entry.units | there.units
    return _named(found)


def _board_of(found: Collected, signature: Signature) -> BoardKey:
    """The board of a record: one for all pairs of a lexicon. Other words for a pair already there make another board."""
    board = BoardKey(signature.protocol, signature.lexicon, "", signature.split_seed, signature.measures)
    if found.editions[board].setdefault(signature.pair, signature.lexicon_hash) != signature.lexicon_hash:
        board = board._replace(lexicon_hash=signature.lexicon_hash)
        found.editions[board][signature.pair] = signature.lexicon_hash
    return board


def _named(found: Collected) -> Collected:
    """Give every board the hash of its words: the one that all pairs share, or the hash of theirs together."""
    boards: dict[BoardKey, dict[EntryKey, Entry]] = defaultdict(dict)
    for board, entries in found.boards.items():
        hashes = found.editions[board]
        text = "\n".join(f"{pair} {digest}" for pair, digest in sorted(hashes.items()))
        shared = set(hashes.values())
        digest = shared.pop() if len(shared) == 1 else hashlib.sha256(text.encode()).hexdigest()
        named = board._replace(lexicon_hash=digest)
        for entry in entries.values():
            entry.board = named
        boards[named] |= entries
    return Collected(boards, found.left_out, found.editions)


def _add(found: Collected, record: RunRecord, state: State) -> None:
    signature = record.signature
    board = _board_of(found, signature)
    adapter = signature.adapter if state == "adapted" else None
    raised = tuple(f for f in flags(signature) if adapter or f != "any_base")
    key = EntryKey(
        signature.model,
        signature.revision,
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
        entry.units[record.pair] = _unit(record, state)


def _unit(record: RunRecord, state: State) -> Unit:
    layers, layer = record.signature.layers, record.best_layer[state]
    depth = layers.index(layer)
    values = [v for v in record.values if v.split is Split.CONTROL and v.state == state and v.layer == layer]
    scored = bool(values) and all(v.mismatched is not None for v in values)
    gaps = np.array([v.cosine - (v.mismatched or 0.0) for v in values]) if scored else None
    states = record.curves.get(Split.CONTROL, {})
    curves = states.get(state, {})
    base = states.get("base", {}) if state == "adapted" else None
    measures = {name: _at(curves.get(name), depth) for name in MEASURES}
    hits = [(v.rank_forward == 1) + (v.rank_backward == 1) for v in values if v.rank_forward and v.rank_backward]
    if values and len(hits) == len(values):
        measures["p1"] = sum(hits) / (2 * len(hits))
    return Unit(
        pair=record.pair,
        layer=layer,
        layers=layers,
        words=tuple((v.concept, v.source, v.target) for v in values),
        gaps=gaps,
        gap=None if gaps is None else float(gaps.mean()),
        measures=measures,
        output_gap=_at(curves.get("gap"), -1),
        gap_before=_at(base.get("gap"), depth) if base else None,
        curves=_curves(curves),
        base_curves=None if base is None else _curves(base),
        verdict=record.verdicts.get(layer, ""),
        created=record.created,
        command=record.command,
        commit=record.source_commit,
    )


def _curves(curves: dict[str, Curve]) -> dict[str, Curve]:
    return {name: curves[name] for name in CURVES if name in curves}


def _at(curve: Curve | None, depth: int) -> float | None:
    return curve[depth] if curve else None


def signature_of(entry: Entry) -> dict[str, Any]:
    """The entry's signature without what differs from pair to pair."""
    return entry.signature.model_dump(mode="json", exclude={"pair", "n", "layers"})
