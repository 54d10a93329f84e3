"""Columns of other people's CSV files, with a line number for every complaint."""

import csv
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tli_bench.base.errors import InputError, reason_of


class Row(NamedTuple):
    """One data row: its line in the file, and its cells by column name."""

    line: int
    cells: dict[str, str]


def read_rows(path: Path, columns: Sequence[str]) -> list[Row]:
    """The data rows of a CSV or TSV file whose header has at least these columns.

    A file that ends in `.tsv`, or whose header contains tabs, is split at tabs, any other at commas. Raises InputError
    naming file, line and column.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as err:
        raise InputError(f"{path}: {reason_of(err)}; check the path") from err
    except UnicodeDecodeError as err:
        raise InputError(f"{path}: byte {err.start} is not UTF-8; save the file as UTF-8") from err
    lines = text.splitlines()
    if not lines:
        raise InputError(f"{path} is empty; the first line must name the columns")
    reader = csv.reader(lines, delimiter="\t" if path.suffix == ".tsv" or "\t" in lines[0] else ",", strict=True)
    rows: list[Row] = []
    try:
        header = [name.strip() for name in next(reader)]
        _check_header(path, header, columns)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                raise InputError(f"{path}:{reader.line_num}: {len(cells)} cells where the header has {len(header)}")
            rows.append(Row(reader.line_num, dict(zip(header, (cell.strip() for cell in cells), strict=True))))
    except csv.Error as err:
        raise InputError(f"{path}:{reader.line_num}: {err}") from err
    if not rows:
        raise InputError(f"{path} has a header but no rows")
    return rows


def _check_header(path: Path, header: list[str], columns: Sequence[str]) -> None:
    for name in columns:
        if header.count(name) != 1:
            found = "no column" if name not in header else f"{header.count(name)} columns"
            hint = "; separate columns by commas or tabs" if len(header) == 1 and ";" in header[0] else ""
            raise InputError(f"{path}:1: {found} {name!r}; the columns are {', '.join(header)}{hint}")


def number(path: Path, row: Row, column: str) -> float:
    """The finite number in one cell; raises InputError naming file, line and column."""
    try:
        value = float(row.cells[column])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(
            f"{path}:{row.line}: column {column!r} holds {row.cells[column]!r}, not a finite number; "
            "fill it in or leave the row out"
        )
    return value
