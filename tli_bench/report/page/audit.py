"""What an audit value says when it is pointed at."""

from tli_bench.records.audit import MEANING
from tli_bench.report.table import Row


def told_of_audit(row: Row) -> str:
    """Control minus audit with its interval and what a flag means, or why there is none."""
    if row.gap is None:
        return row.unaudited
    found = row.gap.difference
    bounds = "" if found.low is None or found.high is None else f" [{found.low:+.3f}, {found.high:+.3f}]"
    told = f"Control minus audit {found.value:+.3f}{bounds}.".replace("-", "−")
    return f"{told} {MEANING}" if row.flagged else told
