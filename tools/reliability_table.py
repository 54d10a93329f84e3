"""The tables of docs/explanation/reliability.md, from what the commands of `benchmarks.reliability` counted and measured."""

import json

from benchmarks.reliability.figures import MOVED, read_figures


def reliability_table() -> str:
    """One row for each fault: how often it was tried and survived."""
    rows = [
        f"| {it['fault']} | {it['tries']:,} | {it['survived']:,} | `{it.get('command', 'python -m benchmarks.reliability.kills')}` |"
        for it in read_figures().values()
    ]
    return "\n".join(["| fault | tries | survived | command |", "|---|---:|---:|---|", *rows])


def determinism_table() -> str:
    """One row for each way to compute the same, with the largest differences; the first row has their bounds."""
    told = json.loads(MOVED.read_text(encoding="utf-8"))
    rows = [("", "**bound**", {name: f"{bound:.0e}" for name, bound in told["bounds"].items()})]
    rows += [
        (one["what"], one["way"], {name: f"{value:.1e}" if value else "0" for name, value in one["moved"].items()})
        for one in told["found"]
    ]
    names = {"vectors": "vectors", "headline": "P@1 of 50", "scores": "other scores", "weights": "weights"}
    lines = [f"| {what} | {way} | {' | '.join(moved.get(name, '') for name in names)} |" for what, way, moved in rows]
    return "\n".join([f"| computed | way | {' | '.join(names.values())} |", f"|---|---|{'---:|' * len(names)}", *lines])
