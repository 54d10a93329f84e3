"""What a board says, in sentences: who is best, who cannot be told apart, and how much stands behind it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from tli_bench.base.wording import counted, visible
from tli_bench.languages import LANGUAGES
from tli_bench.measures.registry import get_measure
from tli_bench.measures.roles import HEADLINE
from tli_bench.report.columns import FLAG, score_column, shown
from tli_bench.report.entries import Entry
from tli_bench.report.scopes import FAMILIES, Scope, languages_of
from tli_bench.report.sources import told_sources
from tli_bench.report.spread import recipe_of
from tli_bench.report.table import Board, Row, Section, model_label, rank_text, training_label

NAMED = 4
"""So many models are named in a list; the others are counted."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a board says to somebody who reads nothing else. Third-party names in it are one-line text, not yet escaped for any format.

    sentence: who is best over all, and for each family; who cannot be told apart. basis: words, pairs, trainings and audit words
    behind it. sources: where the uncertainty of the first comes from: words, pairs, seeds. disagreement: how the average over families
    ranks otherwise than the average over pairs; empty where it does not.
    """

    sentence: str
    basis: str
    sources: str
    disagreement: str


def conclude(board: Board) -> Conclusion:
    """The conclusion of a board, from its ranks alone."""
    names, views = entry_names(board.entries), _views(board)
    said = _sentence(names, views) if views else "nothing is ranked: no pair was scored"
    prefix = "demonstration, not real models: " if board.key.demonstration else ""
    return Conclusion(
        _ended(prefix + said), _basis(board, views), _sources(board, names, views), _disagreement(board, names)
    )


def entry_names(entries: Sequence[Entry]) -> list[str]:
    """What each entry is called in running text, safe on one line; those that share a name are told apart by what differs."""
    names = [entry_name(entry) for entry in entries]
    twice = {name for name, n in Counter(names).items() if n > 1}
    groups = {name: [e for e, own in zip(entries, names, strict=True) if own == name] for name in twice}
    return [
        f"{name} ({_what_differs(e, groups[name])})" if name in twice else name
        for e, name in zip(entries, names, strict=True)
    ]


def entry_name(entry: Entry) -> str:
    """`me5`, `me5 with me5-swh-eng-tli`, or `good-full, fully fine-tuned from org/good`, safe on one line."""
    model, training = model_label(entry), training_label(entry)
    if entry.kind == "full":
        return f"{training}, fully fine-tuned from {model}"
    return f"{model} with {training}" if entry.kind == "adapter" else model


def _what_differs(entry: Entry, group: Sequence[Entry]) -> str:
    """The parts of the identity that are not the same in all of a group."""
    parts = {
        "adapter": lambda e: f"adapter {e.key.adapter[:8] or 'none'}",
        "revision": lambda e: f"revision {e.key.revision.removeprefix('sha256:')[:8]}",
        "dtype": lambda e: e.key.dtype,
        "quantization": lambda e: e.key.quantization or "not quantised",
        "flags": lambda e: ", ".join(e.key.flags) or "no reservation",
    }
    told = [text(entry) for name, text in parts.items() if len({getattr(e.key, name) for e in group}) > 1]
    return visible(", ".join(told), limit=80)


def tiers(rows: Sequence[Row]) -> list[list[Row]]:
    """Ranked rows in groups between which the order is certain: by the rank intervals, every row of a group belongs above every later one.

    rows: of one section, in its order; those without a rank are left out. The rows of one group overlap, directly or by way of others.
    """
    ranked = sorted((row for row in rows if row.ranked), key=_by_place)
    found: list[list[Row]] = []
    for row, cut in zip(ranked, _certain_cuts(ranked), strict=True):
        if cut:
            found.append([])
        found[-1].append(row)
    return found


def _certain_cuts(ranked: Sequence[Row]) -> list[bool]:
    """For each place, whether all rows before it are surely in the first `place` ranks, and all others surely are not."""
    places = [row.ranked.rank_interval for row in ranked if row.ranked]
    lowest_before = accumulate((high for _, high in places), max, initial=0)
    highest_after = [*accumulate((low for low, _ in reversed(places)), min)][::-1]
    return [high <= place < low for place, (high, low) in enumerate(zip(lowest_before, highest_after, strict=False))]


def _by_place(row: Row) -> tuple[int, float, int]:
    return (row.ranked.rank if row.ranked else 0, -(row.score or 0.0), row.entry)


def _views(board: Board) -> list[tuple[str, Section]]:
    """What the sentence is about, as it is called there: all pairs, then each family, unless it is the same as all pairs."""
    overall = next((s for s in board.sections if s.scope.id == "overall"), None)
    if overall is None:
        return []
    families = [s for s in board.sections if s.scope.kind == "family"]
    if len(overall.scope.pairs) == 1:
        pair = next(
            (s for s in board.sections if s.scope.kind == "pair" and s.scope.pairs == overall.scope.pairs), overall
        )
        return [(f"for {visible(pair.scope.label)}", pair)]
    whole = [s for s in families if s.scope.pairs == overall.scope.pairs]
    if len(whole) == 1:
        return [(_family_phrase(whole[0].scope), whole[0])]
    rest = [s for s in families if s not in whole]
    return [("over all pairs", overall), *((_family_phrase(s.scope), s) for s in rest)]


def _family_phrase(scope: Scope) -> str:
    """`for Turkic`; for a family of which one language was scored, `for Swahili`."""
    inside = {one.name for pair in scope.pairs for one in languages_of(pair) if one.family.lower() == scope.id}
    family = next((one.family for one in LANGUAGES.values() if one.family.lower() == scope.id), scope.label)
    return f"for {visible(inside.pop() if len(inside) == 1 else family)}"


def _sentence(names: Sequence[str], views: Sequence[tuple[str, Section]]) -> str:
    groups: dict[tuple[tuple[int, ...], int, str], list[tuple[str, Section]]] = {}
    for phrase, section in views:
        ranked = [row for row in section.rows if row.ranked]
        reason = "" if ranked else _commonest_reason(section.rows)
        key = (tuple(row.entry for row in _first(ranked)), len(ranked), reason)
        groups.setdefault(key, []).append((phrase, section))
    many = len(views) > 1
    clauses = [
        _leaders(names, tops, count, reason, inside, many=many) for (tops, count, reason), inside in groups.items()
    ]
    return "; ".join([*clauses, *_uncertain(names, views)])


def _first(ranked: Sequence[Row]) -> list[Row]:
    return [row for row in ranked if row.ranked and row.ranked.rank == 1]


def _leaders(
    names: Sequence[str],
    tops: Sequence[int],
    count: int,
    reason: str,
    inside: Sequence[tuple[str, Section]],
    *,
    many: bool,
) -> str:
    """One clause: who leads in the given views."""
    where = _listed([phrase for phrase, _ in inside])
    if not tops:
        return f"nothing is ranked {where}: {reason}"
    phrase, section = inside[0]
    rows = {row.entry: row for row in section.rows}
    scores = [
        _score(rows[i], f" {phrase}" if many and len(inside) > 1 else "", first=n == 0) for n, i in enumerate(tops)
    ]
    told = [f"{names[i]} ({score})" for i, score in zip(tops, scores, strict=True)]
    if count == 1:
        return f"only {told[0]} is ranked {where}, so there is nothing to compare it with"
    if len(tops) == 1:
        return f"best of {count} {where}: {told[0]}"
    if len(tops) == count:
        return f"{'neither' if count == 2 else 'none'} of {count} is certainly better {where}: {_listed(told)} cannot be told apart"
    return f"first of {count} {where}: {_listed(told)}, which cannot be told apart"


def _score(row: Row, where: str, *, first: bool) -> str:
    assert row.ranked is not None
    low, high = row.ranked.ci
    label = f"{get_measure(HEADLINE).label} " if first else ""
    score, *bounds = (shown(score_column(), value) for value in (row.ranked.score, low, high))
    return f"{label}{score} [{', '.join(bounds)}]{where}"


def _uncertain(names: Sequence[str], views: Sequence[tuple[str, Section]]) -> list[str]:
    """A clause for the models behind the leaders whose order is not certain in the first view; nothing where all of it is."""
    (phrase, section), *others = views
    blocks = _blocks(section.rows)
    where = f"{phrase}, " if others and not all(_tied_too(blocks, other.rows) for _, other in others) else ""
    behind = sum(len(block) for block, _ in blocks)
    if len(blocks) > 2 or behind > 2 * NAMED:
        return [f"{where}{behind} models behind have a rank that is not certain"]
    told = []
    for block, equal in blocks:
        who = _listed([names[i] for i in block])
        unsure = f"the {'order' if len(block) > 1 else 'rank'} of {who} is not certain"
        told.append(f"{who} cannot be told apart" if equal else unsure)
    return [where + " and ".join(told)] if told else []


def _blocks(rows: Sequence[Row]) -> list[tuple[list[int], bool]]:
    """Entries behind the leaders that share a tier, and whether none of the tier is certainly better than another."""
    found = []
    for tier in tiers(rows):
        behind = [row.entry for row in tier if row.ranked and row.ranked.rank > 1]
        if behind and len(tier) > 1:
            found.append((behind, len(behind) == len(tier) and _share_a_rank(tier)))
    return found


def _share_a_rank(rows: Sequence[Row]) -> bool:
    """Whether all have one rank: then none is certainly better than another, which would put it behind one more."""
    return len({row.ranked.rank if row.ranked else None for row in rows}) == 1


def _tied_too(blocks: Sequence[tuple[Sequence[int], bool]], rows: Sequence[Row]) -> bool:
    """Whether all that cannot be told apart elsewhere cannot be told apart here either."""
    there = {row.entry: row for row in rows if row.ranked}
    return all(
        equal and there.keys() >= set(block) and _share_a_rank([there[i] for i in block]) for block, equal in blocks
    )


def _basis(board: Board, views: Sequence[tuple[str, Section]]) -> str:
    if not views:
        return ""
    section = views[0][1]
    there = [board.entries[row.entry] for row in section.rows if row.ranked]
    if not there:
        return ""
    concepts = {word[0] for pair in section.scope.pairs for word in there[0].units[pair].words}
    pairs = len(section.scope.pairs)
    parts = [f"from {len(concepts):,} control words in {counted(pairs, 'pair')}"]
    parts += [seeds] if (seeds := _trainings(there)) else []
    clauses = [", ".join(parts), *_audited(section.rows, entry_names(board.entries))]
    if left := len(section.rows) - len(there):
        clauses.append(
            f"{left} of {len(section.rows)} models {'has' if left == 1 else 'have'} no rank, and the table says why"
        )
    return _ended("; ".join(clauses))


def _sources(board: Board, names: Sequence[str], views: Sequence[tuple[str, Section]]) -> str:
    if not views:
        return ""
    section = views[0][1]
    ranked = sorted((row for row in section.rows if row.ranked), key=_by_place)
    if not ranked:
        return ""
    first = ranked[0].entry
    trained = board.entries[first].kind != "base"
    return _ended(told_sources(names[first], ranked, len(section.scope.pairs), trained=trained))


def _trainings(entries: Sequence[Entry]) -> str:
    """How many trainings of the same recipe on the same base and pair stand on the board, where there is any training."""
    counts = Counter(key for entry in entries if (key := recipe_of(entry)))
    if not counts:
        return ""
    low, high = min(counts.values()), max(counts.values())
    if high == 1:
        return (
            "one training seed per adapter"
            if all(entry.kind != "full" for entry in entries)
            else "one seed per training"
        )
    return f"{low if low == high else f'{low} to {high}'} trainings per recipe"


def _audited(rows: Sequence[Row], names: Sequence[str]) -> list[str]:
    """Whether words that nothing was chosen on agree; nothing to say where none were scored."""
    ranked = [row for row in rows if row.ranked]
    audited = [row for row in ranked if row.gap]
    if not audited:
        return []
    if flagged := [names[row.entry] for row in audited if row.flagged]:
        return [f"audit words score lower than control words ({FLAG}) for {_listed(flagged)}"]
    share = "" if len(audited) == len(ranked) else f" for the {len(audited)} of {len(ranked)} models that have them"
    return [f"audit words agree{share}"]


def _disagreement(board: Board, names: Sequence[str]) -> str:
    """Whose rank is another one when every family counts equally."""
    found = {s.scope.id: {row.entry: row for row in s.rows if row.ranked} for s in board.sections}
    by_pairs, by_families = found.get("overall", {}), found.get(FAMILIES, {})
    moved = [
        f"{names[i]} is {rank_text(by_families[i])} instead of {rank_text(row)}"
        for i, row in by_pairs.items()
        if i in by_families and _place(by_families[i]) != _place(row)
    ]
    if not moved:
        return ""
    return _ended(f"the two averages rank differently: with every family counted equally, {_listed(moved)}")


def _place(row: Row) -> int:
    assert row.ranked is not None
    return row.ranked.rank


def _commonest_reason(rows: Sequence[Row]) -> str:
    reasons = Counter(row.unranked for row in rows if row.unranked)
    return visible(max(reasons, key=lambda r: (reasons[r], r)), limit=80) if reasons else "no scores"


def _listed(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`; of a longer list the first few, and how many others."""
    if len(parts) > NAMED:
        left = len(parts) - NAMED + 1
        parts = [*parts[: NAMED - 1], f"{left} others"]
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _ended(text: str) -> str:
    """A sentence: its first letter a capital, a full stop at its end."""
    return f"{text[:1].upper()}{text[1:]}." if text else ""
