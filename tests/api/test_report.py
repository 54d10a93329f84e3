"""A report of `score` shows, tabulates, draws and saves itself, and is what the command line would have written."""

import json
import math

import pytest
import yaml

import tli_bench
from tests.command import tli_bench as command
from tests.support import scored_record
from tli_bench.base.errors import InputError, ResultError, UnknownNameError
from tli_bench.records import RecordStore

LIMIT = 45
CHEAP = {"placebo": 0, "confirm": False}
PAIR = "swh_Latn-eng_Latn"


@pytest.fixture(scope="module")
def report():
    return tli_bench.score("tiny", adapter="default", pairs="swh-eng", limit=LIMIT, **CHEAP)


def test_its_name_says_what_was_scored(report):
    first, *lines = repr(report).splitlines()
    assert first == "Report: tiny + tiny-swh-eng-tli, 1 of word pairs, 0 other tasks"
    assert lines[0].startswith(f"  {PAIR} words.v2: control P@1 of 50 ")
    assert lines[0].endswith(f"  [limit {LIMIT}]")
    assert len(lines) == 1


def test_rows_of_different_runs_in_one_folder_can_be_told_apart(tmp_path):
    """Same model, pair and layer: a trial, another list, another precision."""
    runs = (
        {},
        {"limit": 3},
        {"lexicon": "other 1", "lexicon_hash": "1" * 64},
        {"dtype": "bfloat16", "quantization": "nf4"},
    )
    store = RecordStore(tmp_path)
    for run in runs:
        store.write(scored_record(**run))
    frame = tli_bench.read_records(tmp_path)
    assert not frame.drop(columns="value").duplicated().any()
    about = {tuple(row) for row in frame[["precision", "lexicon", "flags"]].to_numpy()}
    assert about == {
        ("float32", "own 1", ""), ("float32", "own 1", "limit 3"), ("float32", "other 1", ""), ("bfloat16 nf4", "own 1", "")
    }  # fmt: skip
    lines = command("results", "ls", str(tmp_path)).splitlines()
    assert len(set(lines)) == len(runs)


def test_the_frame_is_tidy_and_holds_every_score_of_the_records(report):
    frame = report.to_pandas()
    assert list(frame.columns) == ["task", "pair", "protocol", "split", "state", "layer", "measure", "value"]
    assert not frame.drop(columns="value").duplicated().any()
    (record,) = report.records
    row = frame.query("split == 'control' and state == 'adapted' and layer == '6' and measure == 'auc_centred'")
    assert row.value.item() == record.curves["control"]["adapted"]["auc_centred"][-1]
    unscored = sum(v is None for s in record.curves.values() for c in s.values() for curve in c.values() for v in curve)
    assert sum(math.isnan(value) for value in frame.value) == unscored


def test_its_table_is_what_the_command_prints_and_a_notebook_shows_it(report):
    text = str(report.table())
    assert text.startswith(f"tli_alignment_{PAIR}")
    assert "change [95 % CI]" in text
    assert "\x1b" not in text
    html = report.table()._repr_html_()
    assert html.startswith("<pre")
    assert "change [95 % CI]" in html


def test_its_plot_is_a_figure_that_a_notebook_shows(report):
    figure = report.plot("p1")
    assert [axis.get_ylabel() for axis in figure.axes] == ["P@1"]
    assert figure._repr_png_().startswith(b"\x89PNG")
    with pytest.raises(ResultError, match="no curve of 'gaps' on split control"):
        report.plot("gaps")
    with pytest.raises(InputError, match=f"pair 'tur-eng' is not in this report; it has {PAIR}"):
        report.plot(pair="tur-eng")


@pytest.mark.slow
def test_a_saved_report_is_a_finished_run_of_the_command_line(report, tmp_path):
    folder = report.save(tmp_path / "saved")
    (record,) = RecordStore(folder)
    assert record == report.records[0]
    printed = command("run", "--config", folder / "run.yaml")
    assert "(done before)" in printed
    assert "(1 already done)" in printed
    recipe = yaml.safe_load((folder / "run.yaml").read_text())
    assert recipe == report.config.to_dict() | {"output": str(folder)}
    assert (recipe["dtype"], recipe["quantize"], recipe["pairs"]) == ("float32", "none", ["swh-eng"])
    assert recipe["adapter"].endswith("tiny-swh-eng-tli")
    results = json.loads(next(folder.glob("results_*.json")).read_text())
    assert results["tli_run"]["limit"] == LIMIT
    # What stands on the command line wins over the file.
    other = command("run", "--config", folder / "run.yaml", "--limit", 30, "--output", tmp_path / "other")
    assert "(done before)" not in other
    (record,) = RecordStore(tmp_path / "other")
    assert record.signature.limit == 30


def test_nothing_is_printed_and_nothing_is_written_unless_asked(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    alone = tli_bench.score("tiny", pairs="swh-eng", limit=30, confirm=False)
    assert alone.records[0].signature.adapter is None
    assert list(alone.records[0].best_layer) == ["base"]
    assert capsys.readouterr() == ("", "")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_loaded_base_serves_several_adapters_and_is_left_as_it_was(report):
    import torch

    loaded = tli_bench.load_model("tiny")
    before = {name: value.clone() for name, value in loaded.model.state_dict().items()}
    again = [
        tli_bench.score(loaded, adapter=name, pairs="swh-eng", limit=LIMIT, **CHEAP)
        for name in ("default", "default", None)
    ]
    assert again[0].records[0].curves == again[1].records[0].curves == report.records[0].curves
    assert again[2].records[0].curves["control"]["base"] == report.records[0].curves["control"]["base"]
    after = loaded.model.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_comparison_of_reports_is_that_of_their_folders(report, tmp_path):
    folder = report.save(tmp_path / "saved")
    ours = tli_bench.compare(report.base, report.adapted, layer="output", quantity="p1")
    theirs = tli_bench.compare(f"{folder}@base", f"{folder}@adapted", layer="output", quantity="p1")
    assert ours.rows[0].difference == theirs.rows[0].difference
    assert ours.to_pandas().difference.item() == ours.rows[0].difference > 0
    assert "B - A [95 % CI]" in repr(ours)
    assert ours._repr_html_().startswith("<pre")


def test_misspelt_names_get_suggestions_before_anything_is_loaded():
    with pytest.raises(UnknownNameError, match="unknown option 'adaptor'; did you mean 'adapter'"):
        tli_bench.score("tiny", adaptor="default")
    with pytest.raises(UnknownNameError, match="unknown protocol 'word'; did you mean 'words'"):
        tli_bench.score("tiny", protocol="word")
    with pytest.raises(UnknownNameError, match="unknown recipe key 'rang'; did you mean 'rank'"):
        tli_bench.train("tiny", output="never", rang=4)
