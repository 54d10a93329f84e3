"""One contender is one set of weights, from wherever and under whatever name it was loaded."""

import pytest

from tests.report.test_conclusion import SWH, TUR, flat, only, scored
from tests.support import scored_record
from tli_bench.models.identity import AdapterRef, TrainingRef
from tli_bench.records import TaskScore
from tli_bench.report.entries import signature_of
from tli_bench.report.render_csv import render_csv
from tli_bench.report.render_html import render_html
from tli_bench.report.render_latex import render_latex
from tli_bench.report.render_md import render_markdown
from tli_bench.report.table import build, model_label

PRINT, OTHER = "sha256:7b09bd6e44529123", "sha256:1111111111111111"
HOME = "/home/me/models/x"


def test_two_runs_of_the_same_weights_from_two_paths_are_one_contender():
    records = scored(HOME, flat(0.5), (SWH,), revision=PRINT) + scored(
        "/mnt/copies/y", flat(0.5), (TUR,), revision=PRINT
    )
    board = only([*records, *scored("org/other", flat(0.2))])
    assert [e.key.model for e in board.entries] == ["org/other", "x"]
    overall = board.sections[0]
    assert [row.ranked.rank for row in overall.rows] == [1, 2]


def test_weights_that_differ_stay_apart_though_their_folders_are_called_alike():
    board = only([*scored(HOME, flat(0.5), revision=PRINT), *scored("/mnt/x", flat(0.4), revision=OTHER)])
    assert [e.key.model for e in board.entries] == ["x", "x"]
    assert len({e.key for e in board.entries}) == 2


def test_no_table_shows_where_a_model_lay():
    tuned = TrainingRef(kind="full", name="t", base=HOME, base_revision=PRINT)
    records = [
        *scored(HOME, flat(0.5), revision=PRINT), *scored("/home/me/models/t", flat(0.6), revision=OTHER, training=tuned),
    ]  # fmt: skip
    records = [record.model_copy(update={"command": "tli-bench run"}) for record in records]
    leaderboard = build(records)
    for render in (render_markdown, render_csv, render_latex):
        assert "/home/me" not in render(leaderboard)
    signatures = [signature_of(entry) for board in leaderboard.boards for entry in board.entries]
    assert [signature["model"] for signature in signatures] == ["t", "x"]
    assert "/home/me" not in str(signatures)
    assert "/home/me" not in render_html(leaderboard)


def test_a_tuned_model_is_compared_with_its_base_wherever_either_lay():
    tuned = TrainingRef(kind="full", name="t", base="/old/place/x", base_revision=PRINT, recipe="full-finetune")
    board = only(
        [*scored("org/x", flat(0.4), revision=PRINT), *scored("/new/t", flat(0.6), revision=OTHER, training=tuned)]
    )
    (row,) = board.contests[0].rows
    assert row.changes["p1_of_50"].value == pytest.approx(0.2)
    assert model_label(board.entries[row.entry]) == "x"


def test_an_adapter_joins_the_base_that_was_scored_from_another_path():
    adapter = AdapterRef(name="a", sha256="a" * 64)
    records = scored("/b/x", flat(0.6), revision=PRINT, adapter=adapter, base_scores=flat(0.4))
    board = only([*scored(HOME, flat(0.4), revision=PRINT), *records])
    assert [(e.key.model, e.kind) for e in board.entries] == [("x", "base"), ("x", "adapter")]


def test_audit_words_scored_from_another_path_are_joined():
    records = scored(HOME, flat(0.5), (SWH,), lexicon="core 1.0", revision=PRINT)
    records += scored("/mnt/y", flat(0.4), (SWH,), lexicon="core audit 1.0", lexicon_hash="b" * 64, revision=PRINT)
    leaderboard = build(records)
    assert leaderboard.left_out == ()
    (entry,) = leaderboard.boards[0].entries
    assert leaderboard.boards[0].sections[0].rows[0].gap.audit == pytest.approx(0.4)
    assert entry.key.model == "x"


def test_audit_words_alone_are_named_without_a_path():
    leaderboard = build(scored(HOME, flat(0.5), (SWH,), lexicon="core audit 1.0", revision=PRINT))
    assert leaderboard.left_out == ("x: audit words without control words of the same contender",)


def test_scores_of_other_tasks_are_joined_by_fingerprint():
    shared = {
        "adapter": None,
        "filter": "none",
        "stderr": None,
        "higher_is_better": True,
        "version": "1",
        "n": 5,
        "limit": None,
    }
    score = TaskScore(
        model="/mnt/y", revision=PRINT, task="tli_xquad_tur_Latn", metric="f1", value=0.4, where="w", **shared
    )
    (board,) = build(scored("org/x", flat(0.5), (TUR,), revision=PRINT), scores=[score]).boards
    assert board.sections[0].rows[0].cells["xquad"] == pytest.approx(0.4)


def test_the_demonstration_loaded_by_its_path_is_a_demonstration():
    board = only(scored("/site-packages/tli_bench/models/tiny", flat(0.5), revision=PRINT))
    assert board.key.demonstration


def test_of_two_records_of_one_unit_the_later_counts_under_any_name():
    old = scored_record(model=HOME, scores=flat(0.3), revision=PRINT)
    new = scored_record(model="/mnt/y", scores=flat(0.5), revision=PRINT, created="2026-02-01T00:00:00+00:00")
    for records in ([old, new], [new, old]):
        assert only(records).sections[0].rows[0].score == pytest.approx(0.5)
