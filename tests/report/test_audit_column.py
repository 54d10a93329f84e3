"""Boards show the audit words next to the control words of the same row, and never as a row."""

import csv
import io
import json
import re

import numpy as np
import pytest

from tests.support import scored_record
from tli_bench.models.identity import AdapterRef
from tli_bench.records.audit import MEANING
from tli_bench.report.columns import AUDIT, FLAG
from tli_bench.report.render_csv import render_csv
from tli_bench.report.render_html import render_html
from tli_bench.report.render_latex import render_latex
from tli_bench.report.render_md import render_markdown
from tli_bench.report.table import build

PAIRS = ("swh_Latn-eng_Latn", "tur_Latn-eng_Latn")
SPREAD = np.linspace(-0.1, 0.1, 60)
ADAPTER = AdapterRef(name="tli-r4", sha256="a" * 64)


def scored(name, mean, lexicon="core 1.0", *, pairs=PAIRS, **changes):
    digest = ("b" if "audit" in lexicon else "a") * 64
    return [
        scored_record(
            model=name, pair=pair, scores=tuple(mean + SPREAD), lexicon=lexicon, lexicon_hash=digest, **changes
        )
        for pair in pairs
    ]


def board(*, gap=0.2):
    """A model with audit words, one that exceeds them by `gap`, one without, one with half of them, and a tuned one."""
    records = [
        *scored("org/fair", 0.5), *scored("org/fair", 0.5, "core audit 1.0"),
        *scored("org/fitted", 0.6), *scored("org/fitted", 0.6 - gap, "core audit 1.0"),
        *scored("org/unaudited", 0.4),
        *scored("org/half", 0.3), *scored("org/half", 0.3, "core audit 1.0", pairs=PAIRS[:1]),
        *scored("org/tuned", 0.7, adapter=ADAPTER, base_scores=tuple(0.2 + SPREAD)),
        *scored("org/tuned", 0.69, "core audit 1.0", adapter=ADAPTER, base_scores=tuple(0.21 + SPREAD)),
    ]  # fmt: skip
    return build(records)


def rows(leaderboard, section=0):
    (found,) = leaderboard.boards
    return {(found.entries[r.entry].key.model, found.entries[r.entry].kind): r for r in found.sections[section].rows}


def test_audit_records_make_neither_boards_nor_rows():
    leaderboard = board()
    assert [b.key.lexicon for b in leaderboard.boards] == ["core 1.0"]
    assert len(leaderboard.boards[0].entries) == 6
    assert leaderboard.left_out == ()


def test_ranks_and_scores_do_not_depend_on_audit_words():
    control = [*scored("org/fair", 0.5), *scored("org/fitted", 0.6)]
    audit = [*scored("org/fair", 0.1, "core audit 1.0"), *scored("org/fitted", 0.9, "core audit 1.0")]
    ranked = [
        [(row.ranked, row.score) for row in build(records).boards[0].sections[0].rows]
        for records in (control, [*audit, *control])
    ]
    assert ranked[0] == ranked[1]


def test_the_column_stands_next_to_the_headline_and_marks_who_exceeds():
    found = rows(board())
    assert {model: row.flagged for (model, _), row in found.items()} == {
        "org/fair": False, "org/fitted": True, "org/unaudited": False, "org/half": False, "org/tuned": False,
    }  # fmt: skip
    assert found["org/fitted", "base"].cells[AUDIT] == pytest.approx(0.4)
    assert found["org/fitted", "base"].gap.difference.value == pytest.approx(0.2)
    assert not rows(board(gap=0.0))["org/fitted", "base"].flagged


def test_the_base_of_an_adapter_has_its_own_audit_words():
    found = rows(board())
    assert found["org/tuned", "adapter"].cells[AUDIT] == pytest.approx(0.69)
    assert found["org/tuned", "base"].cells[AUDIT] == pytest.approx(0.21)


def test_a_missing_value_says_why():
    found = rows(board())
    assert found["org/unaudited", "base"].unaudited == "audit words were not scored"
    assert found["org/half", "base"].unaudited == "audit words were scored on 1 of 2 pairs"
    (own,) = rows(build(scored("org/x", 0.5, "own 1"))).values()
    assert own.unaudited == "this lexicon has no audit words"


def test_another_layer_or_other_dev_words_are_no_comparison():
    records = scored("org/x", 0.5)
    for record in scored("org/x", 0.4, "core audit 1.0"):
        records.append(record.model_copy(update={"best_layer": {"base": "0"}, "pseudo": _at_first(record)}))
    assert "control was read at layer 1, audit at 0" in rows(build(records))["org/x", "base"].unaudited


def _at_first(record):
    return {split: {"base": {"0": layers["base"]["1"]}} for split, layers in record.pseudo.items()}


def test_audit_words_of_nobody_are_told():
    leaderboard = build([*scored("org/a", 0.5), *scored("org/gone", 0.5, "core audit 1.0")])
    assert leaderboard.left_out == ("org/gone: audit words without control words of the same contender",)


@pytest.mark.parametrize(
    "change", [{"protocol": "mexa.v1"}, {"dtype": "bfloat16"}, {"measures": "2"}, {"lexicon": "core audit 2.0"}]
)
def test_audit_words_under_other_conditions_stand_next_to_nothing(change):
    other = scored("org/a", 0.5, "core audit 1.0")
    other = [r.model_copy(update={"signature": r.signature.model_copy(update=change)}) for r in other]
    assert rows(build([*scored("org/a", 0.5), *other]))["org/a", "base"].gap is None


def test_markdown_marks_and_explains():
    text = render_markdown(board())
    header = next(line for line in text.splitlines() if line.startswith("| rank | model"))
    cells = [cell.strip() for cell in header.split("|")]
    audit = cells.index("Audit")
    assert cells[audit - 1].startswith("Control P@1 of 50")
    line = next(line for line in text.splitlines() if line.startswith("|") and "org/fitted" in line)
    assert line.split("|")[audit].strip() == f"0.400 {FLAG}"
    assert f"{FLAG} {MEANING}" in text
    assert MEANING not in render_markdown(board(gap=0.0))
    assert next(line for line in text.splitlines() if "org/unaudited" in line).split("|")[audit].strip() == "–"


def test_csv_holds_interval_flag_and_reason():
    lines = {
        line["model"]: line for line in csv.DictReader(io.StringIO(render_csv(board()))) if line["scope"] == "overall"
    }
    fitted = lines["org/fitted"]
    assert (float(fitted["audit"]), fitted["audit_flag"]) == (pytest.approx(0.4), "true")
    assert 0 < float(fitted["audit_ci_low"]) < float(fitted["control_minus_audit"]) < float(fitted["audit_ci_high"])
    assert lines["org/unaudited"]["audit"] == ""
    assert lines["org/unaudited"]["unaudited"] == "audit words were not scored"


def test_latex_explains_in_the_caption():
    text = render_latex(board())
    assert "0.400 †" in text
    assert "Control exceeds audit by more than chance" in text
    assert "the audit value is the better guess for new words" in text


def test_the_page_tells_at_the_cell():
    page = render_html(board())
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])
    assert data["columns"][data["audit"]]["label"] == "Audit"
    told = {
        data["boards"][0]["entries"][row[0]]["model"]: row[10:12] for row in data["boards"][0]["sections"][0]["rows"]
    }
    assert told["org/unaudited"] == [0, "audit words were not scored"]
    assert told["org/fitted"][0] == 1
    assert told["org/fitted"][1].startswith("Control minus audit +0.200 [+0.1")
    assert AUDIT in data["boards"][0]["columns"]
    assert f"0.400 {FLAG}" in page


def test_a_board_of_the_core_shows_the_column_even_when_nobody_was_audited():
    assert AUDIT in build(scored("org/x", 0.5)).boards[0].columns
    assert AUDIT not in build(scored("org/x", 0.5, "own 1")).boards[0].columns
