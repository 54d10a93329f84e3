"""What a comparison concludes, as sentences: which side is ahead, a tie, or too few words, with the tests behind it."""

from collections import Counter
from collections.abc import Iterator
from pathlib import PurePath

from tli_bench.base.wording import visible
from tli_bench.measures.registry import get_measure
from tli_bench.records.compared import NAMES, CompareResult, PairComparison
from tli_bench.records.contender import is_local
from tli_bench.records.outcomes import Outcome, p_text
from tli_bench.stats.permutation import FLIPS
from tli_bench.stats.verdict import EQUAL


def conclusions(found: CompareResult) -> Iterator[str]:
    """One sentence for each later side and kind of task: which is ahead, a tie, or too few words, and the tests behind it."""
    for row in found.overall:
        parts = [r for r in found.rows if r.b == row.b and _kind(r) == row.task]
        counts = Counter(r.outcome for r in parts)
        told = {
            Outcome.A: f"{_side(row.a)} ahead",
            Outcome.B: f"{_side(row.b)} ahead",
            Outcome.TIE: "tie",
            Outcome.FEW: str(Outcome.FEW),
        }
        by_pair = ", ".join(f"{told[kind]} in {counts[kind]}" for kind in told if counts[kind])
        yield f"{_sentence(row, found, found.overall_tests)}; pair by pair ({_name(found)} over {found.tests} tests): {by_pair}"
    alone = {(row.b, row.task) for row in found.overall}
    for row in found.rows:
        if (row.b, _kind(row)) not in alone:
            yield _sentence(row, found, found.tests)


def _sentence(row: PairComparison, found: CompareResult, tests: int) -> str:
    a, b, label = _side(row.a), _side(row.b), get_measure(row.quantity).label
    where = f"over {row.pairs} pairs of {row.task}" if row.pairs > 1 else f"on {row.task}"
    interval = f" [{row.ci[0]:+.3f}, {row.ci[1]:+.3f}]" if row.ci else ""
    measured = (
        f"{label} {row.value_a:.3f} and {row.value_b:.3f}, {b} minus {a} {row.difference:+.3f}{interval}, "
        f"{row.n} {row.split.value} concepts"
    )
    tested = _tests(row.p, row.p_adjusted, row.permutation_p, correction=_name(found), tests=tests)
    if row.outcome in (Outcome.A, Outcome.B):
        ahead, behind = (b, a) if row.outcome is Outcome.B else (a, b)
        close = row.ci is not None and max(map(abs, row.ci)) < EQUAL
        said = f"{ahead} is ahead of {behind}" + (f", by less than {EQUAL}," if close else "")
    elif row.outcome is Outcome.TIE:
        said = f"tie: {a} and {b} differ by less than {EQUAL}"
    else:
        said = f"not enough words to tell {a} and {b} apart"
        if row.detectable is not None:
            tested += f"; {row.n} concepts can show a difference of {row.detectable:.3f} or more (80 % power)"
    apart = f"; with a reservation: {', '.join(row.reservations)}" if row.reservations else ""
    return f"{said} {where}: {measured}; {tested}{apart}"


def _name(found: CompareResult) -> str:
    return NAMES[found.correction]


def _kind(row: PairComparison) -> str:
    """The kind of task that a mean over pairs calls the row's."""
    return f"{row.task.removesuffix(row.pair).strip('_')} [{row.protocol}]"


def _equals(p: float | None) -> str:
    """A p-value for a sentence: `= 0.012`, or `< 1e-300`."""
    text = p_text(p)
    return f"< {text[1:]}" if text.startswith("<") else f"= {text}"


def _tests(
    p: float | None, p_adjusted: float | None, permutation_p: float | None, *, correction: str, tests: int
) -> str:
    """Both tests of a difference: the corrected t-test, and sign flips with their number."""
    if permutation_p is None:
        return "no test is made of so few"
    if p is None:
        return f"no t-test, for every concept differs by the same; permutation p {_equals(permutation_p)} ({FLIPS:,} sign flips)"
    family = f"{correction} over {tests} tests" if tests > 1 else "one test"
    return f"p {_equals(p_adjusted)} (t-test, {family}), permutation p {_equals(permutation_p)} ({FLIPS:,} sign flips)"


def _side(side: str) -> str:
    """A side as sentences call it, a folder by the last two parts of its path: whoever names one may write anything."""
    return visible("/".join(PurePath(side).parts[-2:]) if is_local(side) else side, limit=60)
