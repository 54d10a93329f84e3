"""How `tli-bench explain` shows what alignment and downstream scores have to do with each other."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from rich.text import Text

from tli_bench.base.wording import visible
from tli_bench.evaluate.join import EACH, Association, Join, Joined
from tli_bench.report.terminal.parts import DASH, Cell, Column, Part, Sheet
from tli_bench.stats import detectable_correlation

ABOUT = (
    "A point is a language pair under one adapter: the change of the control words' alignment, and the change of a score. "
    "Points of one pair are not independent: the interval draws whole pairs, and p shuffles whole pairs, so that what only "
    "tells adapters or layers apart is no evidence. Pairs that share a language are not independent either, which neither "
    "allows for: read every interval as too narrow. No correlation here says what causes what."
)


def join_parts(found: Join) -> Iterator[Part]:
    """Every base and protocol with its table; what could not be joined, and why."""
    yield Text()
    yield Text("Does alignment matter downstream?", "bold")
    for part in found.joined:
        title = visible(part.title, limit=400)
        yield Text()
        yield Text(title, "bold")
        yield from (Text(f"  {line}") for line in _head(part))
        told = [a for a in part.associations if a.holm is not None]
        if told:
            yield _sheet(title, told, several=len(part.adapters) > 1 or any(a.over == "adapters" for a in told))
        yield from (Text(f"  {line}", "yellow") for line in _untold(part))
    if found.joined:
        yield Text()
        yield Text(ABOUT, "dim")
    for note in found.notes:
        yield Text(visible(note, limit=1000), "yellow")


def _head(part: Joined) -> Iterator[str]:
    adapters = ", ".join(visible(name, limit=60) for name in part.adapters)
    yield f"change of the control words' {part.measure} against that of each score; {part.pairs} pairs; {adapters}"
    yield f"the dev words choose layer {visible(part.layer, limit=40)} for the mean of all pairs of the base"
    if part.family:
        most = max((a for a in part.associations if a.holm is not None), key=lambda a: a.units)
        yield (
            f"{part.family} correlations tested, corrected together (Holm, Benjamini-Hochberg); {most.units} {most.over} can "
            f"show one of {detectable_correlation(most.units):.2f} or more (80 % power, one test alone)"
        )


def _sheet(title: str, found: Sequence[Association], *, several: bool) -> Sheet:
    keys = ("score", *(["adapter or pair"] if several else []), "layer")
    limited = any(a.data for a in found)
    columns = [
        *(Column(name, left=True) for name in keys),
        *(Column(name) for name in ("n", "from", "Spearman")),
        Column("95 % CI", form="bounds", parts=("low", "high")),
        *(Column(name) for name in ("p", "Holm", "BH")),
        *(Column(name, left=True) for name in ("what may be said", *(["no benchmark"] if limited else []))),
    ]
    rows: list[tuple[Cell, ...]] = []
    for a in found:
        result = a.result
        if result is None:
            continue
        interval = (f"{result.ci.low:+.2f}", f"{result.ci.high:+.2f}") if result.ci else DASH
        numbers = [f"{value:.2g}" for value in (result.p, a.holm, a.bh) if value is not None]
        verdict = a.verdict + (f"; {a.unscored} unscored" if a.unscored else "")
        scope = [visible(a.within, limit=60) or "all pooled"] if several else []
        name = visible(f"{a.kind} {a.metric}", limit=80)
        rows.append((
            name, *scope, "each with itself" if a.layer == EACH else a.layer, str(result.n), f"{result.clusters} {a.over}",
            f"{result.rho:+.2f}", interval, *numbers, verdict, *([a.data] if limited else []),
        ))  # fmt: skip
    return Sheet(tuple(columns), tuple(rows), keys=len(keys), about=(("records", title),))


def _untold(part: Joined) -> Iterator[str]:
    """One line for each reason that scores were not tested: the kind of task, its metrics, and the layers if not all."""
    layers: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    untold: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    for a in part.associations:
        marks = [a.within or "all pooled"] if len(part.adapters) > 1 else []
        apart = "; ".join([*marks, *([f"{a.data}: no benchmark"] if a.data else [])])
        layers[a.kind, apart, a.metric].append(a.layer)
        if a.holm is None:
            untold[a.kind, apart, a.metric, a.verdict].append(a.layer)
    lines: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for (kind, apart, metric, verdict), found in untold.items():
        where = "" if found == layers[kind, apart, metric] else f" at layer {', '.join(found)}"
        lines[kind + (f" ({apart})" if apart else ""), where, verdict].append(metric)
    for (kind, where, verdict), metrics in lines.items():
        yield visible(f"{kind} {', '.join(metrics)}{where}: {verdict}", limit=600)
