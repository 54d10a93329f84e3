"""What is committed under leaderboards/ is what `make leaderboard` would write now, and every committed record is sound."""

import json

import pytest

from tli_bench.leaderboard.reported import load_reported
from tli_bench.leaderboard.table import build, load_results
from tli_bench.leaderboard.write import RENDERERS
from tli_bench.paths import data_dir
from tli_bench.results import RecordStore, read_record, record_schema
from tli_bench.results.validate import validate_record

FOLDER = data_dir("leaderboards")
RECORDS = sorted(RecordStore(FOLDER / "records").paths())


@pytest.fixture(scope="module")
def built():
    records, scores = load_results(FOLDER / "records")
    return build(records, scores=scores, reported=load_reported(FOLDER / "reported.yaml"))


@pytest.mark.parametrize("name", list(RENDERERS))
def test_the_committed_tables_are_fresh(built, name):
    fresh = RENDERERS[name](built) == (FOLDER / name).read_bytes().decode()
    assert fresh, f"leaderboards/{name} is stale: run `make leaderboard` and commit the result"


def test_the_committed_schema_is_fresh():
    committed = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))
    assert committed == record_schema(), "leaderboards/schema.json is stale: run `make leaderboard`"


def test_every_committed_record_is_valid_and_ranked_without_reservation():
    for path in RECORDS:
        record = read_record(path)
        assert validate_record(record).errors == (), path
        assert RecordStore(FOLDER / "records", compressed=True).path(record.task, record.signature) == path


def test_reported_figures_are_in_no_rank(built):
    ranked = {entry.key.model for board in built.boards for entry in board.entries}
    assert not ranked & {row.model for row in built.reported}
