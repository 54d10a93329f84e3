"""`compare`: two or more runs, tested on the same words."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tli_bench.api.report import Report, StateOf
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.roles import HEADLINE
from tli_bench.records.compare import compare as compare_sides
from tli_bench.records.compare import load_side, side_of
from tli_bench.records.compared import CompareResult, PairComparison, Side
from tli_bench.report.terminal.shown import Shown, shown_comparison

if TYPE_CHECKING:
    import pandas as pd

Contender = Report | StateOf | str | Path
"""A report or one state of it, or whatever `tli-bench compare` takes: folder, record, submission, or name of a run."""


@dataclass(frozen=True, slots=True, repr=False)
class Comparison:
    """Paired tests of every later side against the first, over the same words."""

    result: CompareResult

    @property
    def rows(self) -> tuple[PairComparison, ...]:
        """One comparison for each task, pair and later side."""
        return self.result.rows

    @property
    def overall(self) -> tuple[PairComparison, ...]:
        """The mean over pairs, for each later side and kind of task that several pairs were compared of."""
        return self.result.overall

    @property
    def conclusions(self) -> tuple[str, ...]:
        """Which side is ahead, a tie, or too few words: a sentence for each later side and kind of task, by the headline."""
        return self.result.conclusions

    @property
    def refused(self) -> tuple[str, ...]:
        """Why units were left out, one sentence each."""
        return self.result.refused

    def table(self) -> Shown:
        """What `tli-bench compare` prints."""
        return shown_comparison(self.result)

    def to_pandas(self) -> "pd.DataFrame":
        """One row for each comparison, with the fields of `PairComparison` as columns."""
        import pandas as pd

        return pd.DataFrame([asdict(row) for row in self.rows])

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def compare(
    a: Contender,
    b: Contender,
    *others: Contender,
    quantity: str = HEADLINE,
    layer: str = "best",
    split: str = "control",
    correction: Literal["holm", "bh"] = "holm",
    results: str | Path = "runs",
) -> Comparison:
    """Compare every later side with the first, pair by pair, on the same words; what is not comparable is refused.

    A side is a report of `score` (its adapted state, where it has one), `report.base` or `report.adapted`, or what
    `tli-bench compare` takes; results: where names are looked up. The rest is as on the command line.

    >>> import tli_bench
    >>> report = tli_bench.score("tiny", adapter="default", pairs="swh-eng", limit=60)
    >>> row = tli_bench.compare(report.base, report.adapted, quantity="p1", layer="output").rows[0]
    >>> row.n, row.difference > 0
    (20, True)

    Raises ResultError when nothing can be compared, InputError for an unknown quantity, split or correction.
    """
    sides = [_side(side, Path(results)) for side in (a, b, *others)]
    found = compare_sides(sides, quantity=quantity, layer=layer, split=Split(split), correction=correction)
    return Comparison(found)


def _side(side: Contender, results: Path) -> Side:
    if isinstance(side, Report):
        return side_of(side.name, side.records)
    if isinstance(side, StateOf):
        return side_of(f"{side.report.name} ({side.state})", side.report.records, state=side.state)
    return load_side(str(side), results=results)
