"""The tables of docs/explanation/reliability.md, from what the commands of `benchmarks.reliability` counted and measured."""

import json
from collections.abc import Iterator
from typing import Any

from benchmarks.reliability.figures import MOVED, read_figures


def reliability_table() -> str:
    """One row for each fault, and for verbs that were tried with other options: how often it was tried and survived."""
    rows = [
        f"| {fault} | {tries:,} | {survived:,} | `{command}` |"
        for figure in read_figures().values()
        for fault, tries, survived, command in _rows(figure)
    ]
    return "\n".join(["| fault | tries | survived | command |", "|---|---:|---:|---|", *rows])


def _rows(figure: dict[str, Any]) -> Iterator[tuple[str, int, int, str]]:
    if "verbs" not in figure:
        yield figure["fault"], figure["tries"], figure["survived"], figure["command"]
        return
    groups: dict[str, list[str]] = {}
    for name, counted in figure["verbs"].items():
        groups.setdefault(counted["options"], []).append(name)
    for options, names in groups.items():
        tries, survived = (sum(figure["verbs"][name][what] for name in names) for what in ("tries", "survived"))
        command = f"{figure['command']} --verbs '{','.join(names)}' {options}".rstrip()
        yield f"{figure['fault']} ({', '.join(names)})", tries, survived, command


def determinism_table() -> str:
    """One row for each way to compute the same, with the largest differences; the first row has their bounds."""
    told = json.loads(MOVED.read_text(encoding="utf-8"))
    rows = [("", "**bound**", {name: f"{bound:.0e}" for name, bound in told["bounds"].items()})]
    rows += [
        (one["what"], one["way"], {name: f"{value:.1e}" if value else "0" for name, value in one["moved"].items()})
        for one in told["found"]
    ]
    names = {
        "vectors": "vectors",
        "headline": "P@1 of 50",
        "scores": "other scores",
        "hubs": "hub skew",
        "weights": "weights",
    }
    lines = [f"| {what} | {way} | {' | '.join(moved.get(name, '') for name in names)} |" for what, way, moved in rows]
    return "\n".join([f"| computed | way | {' | '.join(names.values())} |", f"|---|---|{'---:|' * len(names)}", *lines])
