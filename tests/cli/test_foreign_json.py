"""JSON files that are no records, in a folder of records: what our own commands wrote there, and an unpacked submission."""

import json
import zipfile

import pytest

from tests.command import tli_bench
from tests.support import scored_record
from tli_bench.base.errors import ResultError
from tli_bench.records import RecordStore
from tli_bench.records.sources import iter_all
from tli_bench.report.table import load_results

PAIRS = ("swh_Latn-eng_Latn", "tur_Latn-eng_Latn")
READERS = (
    ("results", "validate"), ("results", "ls"), ("results", "show"), ("results", "model-index"), ("explain",), ("view",), ("submit",),
    ("plot", "curves"),
)  # fmt: skip


@pytest.fixture
def runs(tmp_path):
    store = RecordStore(tmp_path / "runs")
    for pair in PAIRS:
        store.write(scored_record(pair=pair, scores=(0.3, 0.5, 0.4) * 8))
    return store.root


@pytest.fixture
def littered(runs, tmp_path):
    """A table of words and its tests, an explanation and a comparison, each written into the folder that it is about."""
    (tmp_path / "v.csv").write_text("before,after\n1,2\n2,2.5\n")
    tli_bench(
        "stats", "paired", tmp_path / "v.csv", "--before", "before", "--after", "after", "-o", runs / "paired.json"
    )
    tli_bench("explain", runs, "-o", runs / "explained.json")
    (runs / "compared.json").write_text(tli_bench("compare", runs, runs, "--format", "json"))
    return runs


@pytest.fixture
def unpacked(runs, tmp_path):
    tli_bench("submit", runs, "--out", tmp_path / "s.zip", "--no-audit")
    with zipfile.ZipFile(tmp_path / "s.zip") as archive:
        archive.extractall(tmp_path / "unpacked")
    return tmp_path / "unpacked"


@pytest.mark.parametrize("verb", READERS, ids=" ".join)
@pytest.mark.parametrize("made", ["littered", "unpacked"])
def test_every_reader_passes_them_over(made, verb, request, tmp_path, monkeypatch):
    folder = request.getfixturevalue(made)
    monkeypatch.chdir(tmp_path)
    said = tli_bench(*verb, folder)
    assert "schema" not in said
    assert "Skipped" not in said


@pytest.mark.parametrize("made", ["littered", "unpacked"])
def test_boards_and_comparisons_pass_them_over(made, request):
    folder = request.getfixturevalue(made)
    assert [record.pair for record in load_results(folder)[0]] == list(PAIRS)
    assert "tie" in tli_bench("compare", folder, folder)


@pytest.mark.parametrize("content", ['{"note": 1}', "[1]", '{"schema_version": 99}'])
def test_a_file_with_a_records_name_is_never_passed_over(runs, content):
    path = next(RecordStore(runs).paths())
    path.write_text(content)
    with pytest.raises(ResultError, match=path.name):
        list(iter_all(runs))


@pytest.mark.parametrize("content", ["{", '{"schema_version": 2, "note": 1}', '{"task": "x"}'])
def test_what_may_be_a_record_under_another_name_is_never_passed_over(runs, content):
    (runs / "copied.json").write_text(content)
    with pytest.raises(ResultError, match=r"copied\.json"):
        list(iter_all(runs))


def test_one_that_is_given_by_name_is_said_to_be_no_record(littered):
    said = tli_bench("results", "show", littered / "explained.json", code=2)
    assert "states no schema_version, so it is not a record; give what `tli-bench run --output` wrote" in said
    assert json.loads((littered / "explained.json").read_text()).keys() == {"distance", "downstream", "sentences"}


def test_a_submission_that_no_command_would_know_is_not_written(runs, tmp_path):
    said = tli_bench("submit", runs, "--out", tmp_path / "mine", "--no-audit", code=2)
    assert "mine: the ending must be .zip, by which other commands know a submission" in said
    assert not (tmp_path / "mine").exists()


@pytest.mark.parametrize("verb", ["leaderboard", "view", "explain"])
def test_a_command_on_folders_says_how_a_submission_becomes_one(runs, verb, tmp_path):
    path = tmp_path / "s.zip"
    tli_bench("submit", runs, "--out", path, "--no-audit")
    assert f"`tli-bench results merge {path} --into FOLDER` makes a folder of it" in tli_bench(verb, path, code=2)
