"""The table of docs/explanation/reliability.md, from what the commands of `benchmarks.reliability` counted."""

from benchmarks.reliability.figures import read_figures


def reliability_table() -> str:
    """One row for each fault: how often it was tried and survived."""
    rows = [
        f"| {it['fault']} | {it['tries']:,} | {it['survived']:,} | `{it.get('command', 'python -m benchmarks.reliability.kills')}` |"
        for it in read_figures().values()
    ]
    return "\n".join(["| fault | tries | survived | command |", "|---|---:|---:|---|", *rows])
