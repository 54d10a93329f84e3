"""The tables of docs/performance.md, from the figures that `make bench` wrote (`benchmarks/speed/result.json`)."""

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import log
from pathlib import Path
from typing import Any

RESULT = Path(__file__).resolve().parent.parent / "benchmarks" / "speed" / "result.json"
OURS = "ours"


def _read() -> dict[str, Any]:
    return dict(json.loads(RESULT.read_text(encoding="utf-8")))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    aligned = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, aligned, *rows))


def made(found: Mapping[str, Any] | None = None) -> str:
    """When, with what, and over how many rounds."""
    it = (found or _read())["made"]
    return f"One thread of {it['processor']}, torch {it['torch']}, {it['date']}; medians of {it['rounds']} rounds of CPU time."


def extraction(found: Mapping[str, Any] | None = None) -> str:
    """All layers of all words: every way against ours and against the floor."""
    rows = []
    for it in (found or _read())["extraction"]:
        ours = it["ways"][OURS]["seconds"]
        where = f"{it['model']}, `{it['protocol']}`: {it['words']:,} words, {it['tokens']:,} tokens, {it['prefixes']:,} prefixes"
        rows.append([f"**{where}**", "", "", f"{it['floor']:.2f} s", "1.0"])
        for name, way in it["ways"].items():
            times = "" if name == OURS else f"{way['seconds'] / ours:.3g}x"
            rows.append(
                [name, f"{way['words']:,}", times, f"{way['seconds']:.2f} s", f"{way['seconds'] / it['floor']:.3g}"]
            )
    return _table(["all layers of all words", "words run", "against ours", "for all words", "against the floor"], rows)


def profile(found: Mapping[str, Any] | None = None) -> str:
    """Where ours spends its time."""
    rows = [[f"`{name}`", f"{100 * share:.0f} %"] for name, share in (found or _read())["profile"].items()]
    return _table(["operation of torch, ours, 16 blocks x 512", "of the time"], rows)


def training(found: Mapping[str, Any] | None = None) -> str:
    """One step, against the published one."""
    rows = [
        [
            f"{it['depth']} blocks x {it['width']}", f"{1000 * it['published']:.0f} ms",
            f"{it['published'] / it['truncated']:.1f}x", f"{it['published'] / it['tree']:.1f}x", f"{it['ceiling']:.0f}x",
            f"{it['nodes']} of {it['tokens']}",
        ]
        for it in (found or _read())["training"]
    ]  # fmt: skip
    head = ["model", "published step", "blocks below the loss", "prefixes once", "ceiling, words apart", "tokens run"]
    return _table(head, rows)


def memory(found: Mapping[str, Any] | None = None) -> str:
    """MiB above the weights."""
    rows = [
        [name, "not known" if mib is None else f"{mib:,.0f} MiB"] for name, mib in (found or _read())["memory"].items()
    ]
    return _table(["what, 16 blocks x 512", "above the weights"], rows)


def measures(found: Mapping[str, Any] | None = None) -> str:
    """All measures of a layer against the loops for one."""
    rows = [
        [f"{it['pairs']} pairs x {it['width']}", f"{1000 * it['ours']:.0f} ms", f"{it['loops']:.2f} s", f"{it['loops'] / it['ours']:.0f}x"]
        for it in (found or _read())["measures"]
    ]  # fmt: skip
    return _table(["one layer", "all our measures", "MEXA's loops, one score", "ratio"], rows)


def growth(found: Mapping[str, Any] | None = None) -> str:
    """How cost grows: the exponent between neighbouring sizes, 1 for proportional."""
    rows = []
    for it in (found or _read())["growth"]:
        told = [f"{at}: {1000 * seconds:.0f} ms" for at, seconds in zip(it["at"], it["seconds"], strict=True)]
        steps = [
            log(b / a) / log(n / m) for (m, n), (a, b) in zip(pairwise(it["at"]), pairwise(it["seconds"]), strict=True)
        ]
        rows.append([it["what"], ", ".join(told), ", ".join(f"{power:.2f}" for power in steps)])
    return _table(["what grows", "CPU time", "power"], rows)


TABLES = {
    "speed_made": made, "speed_extraction": extraction, "speed_profile": profile, "speed_training": training, "speed_memory": memory,
    "speed_measures": measures, "speed_growth": growth,
}  # fmt: skip


def all_tables(found: Mapping[str, Any]) -> str:
    """Every table of these figures."""
    return "\n\n".join(make(found) for make in TABLES.values())
