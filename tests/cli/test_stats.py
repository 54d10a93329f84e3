"""`tli-bench stats paired` on files as people have them."""

import csv
import json

import numpy as np
import pytest
from scipy import stats as sps

from tests.command import tli_bench

ROWS = [("a", "train", 0.31, 0.42), ("b", "train", 0.28, 0.35), ("c", "train", 0.4, 0.41), ("d", "control", 0.3, 0.33),
        ("e", "control", 0.2, 0.31), ("f", "control", 0.1, 0.12)]  # fmt: skip


def write(path, rows=ROWS, header="pair,split,before,after", separator=","):
    lines = [header.replace(",", separator), *(separator.join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def paired(file, *more, code=0):
    return tli_bench("stats", "paired", file, "--before", "before", "--after", "after", *more, code=code)


def test_the_table_is_scipys_paired_test_by_group(tmp_path):
    printed = paired(write(tmp_path / "v.csv"), "--group", "split", "--output", tmp_path / "out.json")
    found = {row["group"]: row for row in json.loads((tmp_path / "out.json").read_text())}
    assert list(found) == ["train", "control"]
    for group, row in found.items():
        before, after = (np.array([r[i] for r in ROWS if r[1] == group]) for i in (2, 3))
        test = sps.ttest_rel(after, before)
        assert (row["t"], row["p"]) == (pytest.approx(test.statistic), pytest.approx(test.pvalue))
        assert row["change"] == pytest.approx((after - before).mean())
        assert row["percent"] == pytest.approx(100 * (after - before).mean() / before.mean())
        assert row["d_z"] == pytest.approx((after - before).mean() / (after - before).std(ddof=1))
        assert row["ci_low"] <= row["change"] <= row["ci_high"]
        assert f"{row['p']:.3g}" in printed
        assert row["n"] == 3


def test_tabs_a_byte_order_mark_and_no_group(tmp_path):
    path = write(tmp_path / "v.txt", separator="\t")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    printed = paired(path, "--output", tmp_path / "out.csv")
    (row,) = csv.DictReader((tmp_path / "out.csv").read_text().splitlines())
    assert row["group"] == "all"
    assert int(row["n"]) == 6
    assert f"{float(row['change']):+.4f}" in printed


def test_markdown_escapes_what_would_break_the_table(tmp_path):
    rows = [(name, "a|b", before, after) for name, _, before, after in ROWS]
    paired(write(tmp_path / "v.csv", rows), "--group", "split", "--output", tmp_path / "out.md")
    lines = (tmp_path / "out.md").read_text().splitlines()
    assert lines[2].startswith("| a\\|b | 6 |")
    assert len({line.replace("\\|", "").count("|") for line in lines}) == 1


def test_missing_values_are_dashes_not_zeros(tmp_path):
    rows = [(name, split, before, before + 0.5) for name, split, before, _ in ROWS]
    printed = paired(write(tmp_path / "v.csv", rows), "--output", tmp_path / "out.json")
    (row,) = json.loads((tmp_path / "out.json").read_text())
    assert row["t"] is row["p"] is row["d_z"] is None  # equal differences leave no spread
    assert "–" in printed


@pytest.mark.parametrize(
    ("rows", "header", "message"),
    [
        ([*ROWS[:2], ("c", "train", "", 0.4)], "pair,split,before,after", "v.csv:4: column 'before' holds ''"),
        ([*ROWS[:1], ("c", "train", 0.1, "nan")], "pair,split,before,after", "v.csv:3: column 'after' holds 'nan'"),
        ([("c", "train", 0.1, "0,5")], "pair,split,before,after", "v.csv:2: 5 cells where the header has 4"),
        (ROWS, "pair,split,befor,after", "v.csv:1: no column 'before'; the columns are pair, split, befor, after"),
        (ROWS, "before,split,before,after", "v.csv:1: 2 columns 'before'"),
        ([], "pair,split,before,after", "has a header but no rows"),
        (ROWS[:1], "pair,split,before,after", "group 'all': before has 1 values; at least 2 are needed"),
    ],
)
def test_errors_name_line_and_column(tmp_path, rows, header, message):
    assert message in paired(write(tmp_path / "v.csv", rows, header), code=2)


def test_files_that_cannot_be_read_or_written(tmp_path):
    assert "No such file" in paired(tmp_path / "absent.csv", code=2)
    (tmp_path / "b.csv").write_bytes(b"before,after\n\xff,1\n")
    assert "is not UTF-8" in paired(tmp_path / "b.csv", code=2)
    (tmp_path / "e.csv").write_text("")
    assert "is empty" in paired(tmp_path / "e.csv", code=2)
    assert "must be one of .csv, .json, .md" in paired(
        write(tmp_path / "v.csv"), "--output", tmp_path / "o.xlsx", code=2
    )


def test_a_table_with_semicolons_is_told_what_to_change(tmp_path):
    said = paired(write(tmp_path / "v.csv", separator=";"), code=2)
    assert "the columns are pair;split;before;after; separate columns by commas or tabs" in said


def test_a_dash_has_its_reason_below_the_table(tmp_path):
    rows = [("a", "x", 0, 1), ("b", "x", 0, 1), ("c", "y", 1, 2), ("d", "y", 2, 4)]
    assert paired(write(tmp_path / "v.csv", rows), "--group", "split", "--plain").splitlines()[3:] == [
        "# x: all differences are equal: t, p and d_z need a spread",
        "# x: percent needs a positive mean before",
    ]
