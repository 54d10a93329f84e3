"""How `tli-bench explain` shows what alignment and the distance between languages have to do with each other."""

from collections.abc import Iterable, Iterator

from rich.text import Text

from tli_bench.base.wording import counted, visible
from tli_bench.evaluate.explain import Effects, Explanation, PairFacts
from tli_bench.evaluate.measured import again
from tli_bench.report.terminal.parts import DASH, Cell, Column, Part, Sheet

SHARED = "  Pairs that share a language are not independent of each other, which neither p nor interval allows for: read both as too sure."


def explanation_parts(part: Explanation) -> Iterator[Part]:
    """The conclusion first, then every pair with its base and gains, printed once, and the relations tested."""
    title = visible(part.title, limit=400)
    yield Text()
    yield Text(title, "bold")
    yield Text(f"  {visible(part.conclusion, limit=1000)}", "bold")
    gains = f" and gain by {visible(', '.join(part.adapters), limit=400)}" if part.adapters else ""
    yield Text(f"  base{gains}: every pair is read at layer {part.layer}")
    if part.repeated:
        yield Text(f"  {again(part.repeated)}", "yellow")
    yield _pairs(part, title)
    yield from (Text(f"  {visible(line, limit=1000)}", "yellow") for line in _missing(part.pairs))
    yield _relations(part, title)
    yield from (Text(f"  {visible(str(effects), limit=400)}", "dim") for effects in part.effects)
    if part.tested:
        yield Text(SHARED, "dim")


def seeds_parts(found: Iterable[tuple[str, Effects]]) -> Iterator[Part]:
    """Where the gain's spread comes from, for each recipe of which several trainings were scored."""
    for title, effects in found:
        yield Text()
        yield Text(visible(f"{title}: {effects}", limit=1000), "dim")


def _pairs(part: Explanation, title: str) -> Sheet:
    outcomes, distances = list(part.pairs[0].outcomes), list(part.pairs[0].distances)
    columns = [
        Column("pair", left=True),
        *(Column(visible(name)) for name in (*outcomes, *distances)),
        Column("related by", left=True),
    ]
    rows = []
    for facts in part.pairs:
        numbers = [facts.outcomes.get(name) for name in outcomes] + [facts.distances.get(name) for name in distances]
        rows.append((facts.pair, *map(_number, numbers), _related(facts)))
    return Sheet(tuple(columns), tuple(rows), about=(("records", title), ("layer", part.layer)))


def _missing(pairs: Iterable[PairFacts]) -> Iterator[str]:
    """One line for each reason that values are missing: which, and of which pairs, by number where there are more than three."""
    without: dict[str, dict[str, list[str]]] = {}
    for facts in pairs:
        for note in facts.notes:
            without.setdefault(note.why, {}).setdefault(note.what, []).append(facts.pair)
    for why, found in without.items():
        alike: dict[tuple[str, ...], list[str]] = {}
        for what, members in found.items():
            alike.setdefault(tuple(members), []).append(what)
        told = (
            f"{', '.join(names)} ({', '.join(members) if len(members) <= 3 else counted(len(members), 'pair')})"
            for members, names in alike.items()
        )
        yield f"{why}: {'; '.join(told)}"


def _related(facts: PairFacts) -> str:
    kinds = (("family", facts.same_family), ("branch", facts.same_branch), ("script", facts.same_script))
    how = ", ".join(name for name, holds in kinds if holds) or "nothing"
    return how + (" (romanised)" if facts.romanised else "")


def _relations(part: Explanation, title: str) -> Sheet:
    columns = (
        Column("outcome", left=True),
        Column("distance", left=True),
        *map(Column, ("n", "Spearman")),
        Column("95 % CI", form="bounds", parts=("low", "high")),
        *map(Column, ("p", "Holm")),
        Column("note", left=True),
    )
    rows: list[tuple[Cell, ...]] = []
    for relation in part.relations:
        result = relation.result
        interval = (f"{result.ci.low:+.2f}", f"{result.ci.high:+.2f}") if result and result.ci else DASH
        rho = DASH if result is None else f"{result.rho:+.2f}"
        p = DASH if result is None else f"{result.p:.3g}"
        corrected = DASH if relation.holm is None else f"{relation.holm:.3g}"
        names = visible(relation.outcome), visible(relation.distance)
        rows.append((*names, str(relation.n), rho, interval, p, corrected, visible(relation.note, limit=400)))
    return Sheet(columns, tuple(rows), keys=2, about=(("records", title), ("layer", part.layer)))


def _number(value: float | None) -> str:
    return DASH if value is None else f"{value:.3f}"
