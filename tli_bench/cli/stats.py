"""`tli-bench stats`: significance of anybody's per-item values, from a CSV file."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tli_bench.base.errors import InputError
from tli_bench.cli.showing import Plain, show

if TYPE_CHECKING:
    from tli_bench.stats import PairedResult

app = typer.Typer(
    name="stats", help="Statistics of per-item values: paired.", no_args_is_help=True, rich_markup_mode=None
)

_COLUMNS = ("group", "n", "before", "after", "change", "percent", "ci_low", "ci_high", "t", "p", "d_z", "wilcoxon_p")
_FORMATS = (".csv", ".json", ".md")
Cell = str | int | float | None


@app.callback()
def main() -> None:
    """Statistics of per-item values."""


@app.command()
def paired(
    file: Annotated[Path, typer.Argument(help="CSV or TSV with a header and one row per item.")],
    before: Annotated[str, typer.Option(help="Column of the value before.")],
    after: Annotated[str, typer.Option(help="Column of the value after.")],
    group: Annotated[str | None, typer.Option(help="Column to compare within, one row each, e.g. the split.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Also write the table: FILE.csv, FILE.json or FILE.md.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.", min=0)] = 0,
    plain: Plain = False,
) -> None:
    """Compare two values of the same items: mean, change, %, 95 % CI (bootstrap), paired t-test, d_z, Wilcoxon.

    A small p for a rise in cosine alone shows nothing about translation: give mismatched pairs a group of their own.
    """
    from tli_bench.base.files import write_text

    if output is not None and output.suffix not in _FORMATS:
        raise InputError(f"--output {output}: the ending must be one of {', '.join(_FORMATS)}")
    rows, notes = _table(file, before, after, group, seed)
    _show(rows, notes, group, plain=plain)
    if output is not None:
        writers = {".csv": _as_csv, ".json": _as_json, ".md": _as_markdown}
        write_text(output, writers[output.suffix](rows), alone=True)


def _table(
    file: Path, before: str, after: str, group: str | None, seed: int
) -> tuple[list[dict[str, Cell]], list[str]]:
    """A row for each group, and why a value is missing in one."""
    from tli_bench.base.columns import number, read_rows
    from tli_bench.base.errors import UnscorableError
    from tli_bench.stats import paired as compare

    wanted = [name for name in (before, after, group) if name is not None]
    groups: dict[str, tuple[list[float], list[float]]] = {}
    for row in read_rows(file, wanted):
        label = "all" if group is None else row.cells[group]
        values = groups.setdefault(label, ([], []))
        for side, column in zip(values, (before, after), strict=True):
            side.append(number(file, row, column))
    found, notes = [], []
    for label, (x, y) in groups.items():
        try:
            result = compare(x, y, seed=seed)
        except UnscorableError as err:
            raise InputError(f"{file}: group {label!r}: {err}") from err
        found.append(_row(label, result))
        notes += [f"{label}: {note}" for note in result.notes]
    return found, notes


def _row(label: str, result: "PairedResult") -> dict[str, Cell]:
    values: tuple[Cell, ...] = (
        label,
        result.n,
        result.mean_before,
        result.mean_after,
        result.difference,
        result.percent,
        result.ci.low,
        result.ci.high,
        result.t,
        result.p,
        result.d_z,
        result.wilcoxon_p,
    )
    return dict(zip(_COLUMNS, values, strict=True))


def _show(rows: Sequence[dict[str, Cell]], notes: Sequence[str], group: str | None, *, plain: bool) -> None:
    from rich.console import Console
    from rich.text import Text

    from tli_bench.base.wording import visible
    from tli_bench.report.terminal.parts import Column, Sheet

    columns = (
        Column(visible(group or "group"), left=True),
        *map(Column, ("n", "before", "after", "change", "%")),
        Column("95 % CI", form="bounds", parts=("low", "high")),
        *map(Column, ("t", "p", "d_z", "Wilcoxon p")),
    )
    lines: list[tuple[str | tuple[str, ...], ...]] = []
    for row in rows:
        *first, _, t, p, d_z, wilcoxon = (visible(cell) for cell in _cells(row))
        ends = _text(row["ci_low"], "+.4f"), _text(row["ci_high"], "+.4f")
        lines.append((*first, ends, t, p, d_z, wilcoxon))
    told = (Text(visible(note, limit=200), "yellow") for note in notes)
    show(Console(), [Sheet(columns, tuple(lines)), *told], plain=plain)


def _cells(row: dict[str, Cell]) -> list[str]:
    interval = f"[{row['ci_low']:+.4f}, {row['ci_high']:+.4f}]"
    return [
        str(row["group"]),
        str(row["n"]),
        _text(row["before"], ".4f"),
        _text(row["after"], ".4f"),
        _text(row["change"], "+.4f"),
        _text(row["percent"], "+.2f"),
        interval,
        _text(row["t"], ".2f"),
        _text(row["p"], ".3g"),
        _text(row["d_z"], ".2f"),
        _text(row["wilcoxon_p"], ".3g"),
    ]


def _text(value: Cell, form: str) -> str:
    return "–" if value is None else format(value, form)


def _as_csv(rows: Sequence[dict[str, Cell]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: "" if value is None else value for name, value in row.items()} for row in rows)
    return out.getvalue()


def _as_json(rows: Sequence[dict[str, Cell]]) -> str:
    return json.dumps(list(rows), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _as_markdown(rows: Sequence[dict[str, Cell]]) -> str:
    names = ("group", "n", "before", "after", "change", "%", "95 % CI", "t", "p", "d_z", "Wilcoxon p")
    lines = ["| " + " | ".join(names) + " |", "|---|" + "---:|" * (len(names) - 1)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in _cells(row)) + " |" for row in rows]
    return "\n".join(lines) + "\n"
