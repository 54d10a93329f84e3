"""Records of older schemas (real, of `tiny` and its adapter, without their train split) read as ones of today.

What was scored stays; what was concluded from the raw gap goes.
"""

import gzip
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.support import downstream_record
from tli_bench.base.errors import ResultError
from tli_bench.lexicon.pairs import Split
from tli_bench.records import RecordStore, read_record
from tli_bench.records.downstream import iter_downstream, write_downstream
from tli_bench.records.parsing import parse_record
from tli_bench.records.seal import json_digest
from tli_bench.records.sources import iter_records
from tli_bench.records.validate import validate_record
from tli_bench.report.entries import collect

OLD = Path(__file__).parent / "fixtures" / "schema-1.json.gz"
SECOND = OLD.with_name("schema-2.json.gz")
CONCLUSIONS = ("strata", "contrasts", "power")


@pytest.fixture
def data():
    return json.loads(gzip.decompress(OLD.read_bytes()))


def rows(data, state, layer, split="control"):
    return [v for v in data["values"] if (v["split"], v["state"], v["layer"]) == (split, state, layer)]


def test_what_was_kept_of_each_pair_is_in_the_columns(data):
    record = read_record(OLD)
    assert record.schema_version == 3
    compared = 0
    for state in ("base", "adapted"):
        for layer in record.kept_layers(Split.CONTROL):
            values = rows(data, state, layer)
            words = [(v["concept"], v["source"], v["target"]) for v in values]
            assert list(record.words[Split.CONTROL].triples()) == words
            ranks = np.array([(v["rank_forward"], v["rank_backward"]) for v in values])
            expected = {
                "cosine": [v["cosine"] for v in values],
                "mismatched": [v["mismatched"] for v in values],
                "gap": [v["cosine"] - v["mismatched"] for v in values],
                "mrr": (1 / ranks).mean(axis=1),
                **{f"p{k}": (ranks <= k).mean(axis=1) for k in (1, 5, 10)},
            }
            assert record.columns[Split.CONTROL][state][layer].keys() == expected.keys()
            for name, column in expected.items():
                np.testing.assert_array_equal(record.column(name, Split.CONTROL, state, layer), column)
                compared += len(column)
    assert compared > 1000


@pytest.mark.parametrize("path", [OLD, SECOND], ids=["schema 1", "schema 2"])
def test_a_migrated_record_validates_and_keeps_all_but_its_conclusions(path):
    data, record = json.loads(gzip.decompress(path.read_bytes())), read_record(path)
    assert validate_record(record).errors == ()
    new = record.model_dump(mode="json")
    for name, value in data.items():
        if name not in ("values", "schema_version", "sha256", "comparisons", "verdicts", "controls"):
            assert_holds(new[name], value, name)
    for kept in ("nulls", "first_pooled"):
        assert new["controls"][kept] == data["controls"][kept]
    assert_holds(new["controls"]["spelling"], data["controls"]["spelling"], "spelling")


def assert_holds(new, old, where):
    """Everything of `old` is in `new`, unchanged; a newer schema may have more fields."""
    if isinstance(old, dict):
        for name, value in old.items():
            assert_holds(new[name], value, f"{where}.{name}")
    else:
        assert new == old, where


@pytest.mark.parametrize("path", [OLD, SECOND], ids=["schema 1", "schema 2"])
def test_what_was_concluded_from_the_raw_gap_is_gone(path):
    data, record = json.loads(gzip.decompress(path.read_bytes())), read_record(path)
    assert data["comparisons"]
    assert any("control gap" in line for line in data["verdicts"].values())
    assert data["controls"]["family"]
    assert (record.comparisons, record.verdicts, record.verdict) == ([], {}, None)
    assert not any(getattr(record.controls, name) for name in CONCLUSIONS)
    assert record.controls.family is None


@pytest.mark.parametrize("path", [OLD, SECOND], ids=["schema 1", "schema 2"])
def test_an_interval_is_not_made_up_for_scores_without_pseudo_values(path):
    record = read_record(path)
    assert record.pseudo == {}
    assert record.value("p1", Split.CONTROL, "adapted") is not None
    assert record.column("p1", Split.CONTROL, "adapted") is not None
    assert record.pseudo_column("p1", Split.CONTROL, "adapted") is None
    assert record.standard_error("p1", Split.CONTROL, "adapted") is None
    assert record.standard_error("cosine", Split.CONTROL, "adapted") > 0  # its words share no pool


def test_a_migrated_record_is_shown_and_never_ranked(data):
    (entries,) = collect([read_record(OLD)]).boards.values()
    units = {entry.kind: next(iter(entry.units.values())) for entry in entries.values()}
    for kind, state in (("base", "base"), ("adapter", "adapted")):
        values = rows(data, state, data["best_layer"][state])
        hits = np.array([((v["rank_forward"] == 1) + (v["rank_backward"] == 1)) / 2 for v in values])
        gaps = np.array([v["cosine"] - v["mismatched"] for v in values])
        assert units[kind].score is None
        assert units[kind].verdict == ""
        assert units[kind].values["p1"] == pytest.approx(hits.mean(), abs=1e-12)
        assert units[kind].values["gap"] == pytest.approx(gaps.mean(), abs=1e-6)


def test_files_of_schema_1_are_found_under_their_old_names(tmp_path):
    place = tmp_path / "tiny" / "rev" / "tli_alignment_swh_Latn-eng_Latn" / "swh_Latn-eng_Latn.words.v1.json.gz"
    place.parent.mkdir(parents=True)
    shutil.copy(OLD, place)
    assert [where for where, _ in iter_records(tmp_path)] == [str(place)]
    store = RecordStore(tmp_path / "new", compressed=True)
    (record,) = RecordStore(tmp_path)
    assert read_record(store.write(record)) == record


def test_a_pool_of_k_words_has_no_hits_among_k(data):
    kept = {v["concept"] for v in rows(data, "base", data["best_layer"]["base"])[:5]}
    small = [v for v in data["values"] if v["split"] == "control" and v["concept"] in kept]
    record = parse_record(data | {"values": small}, where="x")
    columns = record.columns[Split.CONTROL]["base"][data["best_layer"]["base"]]
    assert columns.keys() == {"cosine", "mismatched", "gap", "p1", "mrr"}


def test_words_without_a_value_stay_without_one(data):
    layer = data["best_layer"]["base"]
    for value in data["values"]:
        if value["concept"] == rows(data, "base", layer)[1]["concept"]:
            value |= {"mismatched": None, "rank_forward": None}
    record = parse_record(data, where="x")
    for name in ("mismatched", "gap", "p1", "p10", "mrr"):
        missing = np.isnan(record.column(name, Split.CONTROL, "base", layer))
        assert np.flatnonzero(missing).tolist() == [1], name
    assert record.columns[Split.CONTROL]["base"][layer]["gap"][1] is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cosine": "high"}, r"x: values\.0\.cosine: Input should be a valid number"),
        ({"rank_forward": 0}, r"x: values\.0\.rank_forward"),
        ({"source": "other"}, r"x: values of .* are not of the same words as the others"),
    ],
)
def test_damaged_values_are_named(data, change, message):
    data["values"][0] |= change
    with pytest.raises(ResultError, match=message):
        parse_record(data, where="x")


@pytest.mark.parametrize("version", [1, 2])
def test_downstream_records_of_older_schemas_are_read(tmp_path, version):
    path = write_downstream(tmp_path, downstream_record())
    data = downstream_record().model_dump(mode="json") | {"schema_version": version}
    if version == 1:
        for name in ("command", "source_commit", "recipe"):
            del data[name]
    path.write_text(json.dumps(data | {"sha256": json_digest(data)} if version > 1 else data))
    assert list(iter_downstream(tmp_path)) == [downstream_record()]
