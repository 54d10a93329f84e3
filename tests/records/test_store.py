"""Records on disk: written whole or not at all, found again only when the same thing was measured."""

import json
import subprocess
import sys
import time

import pytest

from tests.support import make_record
from tli_bench.base.errors import OutputError, ResultError
from tli_bench.records import RecordStore, read_record, require_writable, write_json, write_text
from tli_bench.records.disk import safe_name


def test_round_trip(tmp_path):
    record = make_record()
    store = RecordStore(tmp_path)
    path = store.write(record)
    assert read_record(path) == record
    assert store.find(record.task, record.signature) == record
    assert list(store) == [record]


@pytest.mark.parametrize(
    "change",
    [
        {"limit": 5},
        {"protocol": "mexa.v1"},
        {"revision": "other"},
        {"lexicon_hash": "1" * 64},
        {"seed": 3},
        {"dtype": "bfloat16"},
    ],
)
def test_another_measurement_is_not_taken_for_this_one(tmp_path, change):
    store, record = RecordStore(tmp_path), make_record()
    store.write(record)
    assert store.find(record.task, record.signature.model_copy(update=change)) is None


def test_a_quantised_run_does_not_take_the_place_of_another(tmp_path):
    store, record = RecordStore(tmp_path), make_record()
    signature = record.signature.model_copy(update={"dtype": "bfloat16", "quantization": "nf4"})
    quantised = record.model_copy(update={"signature": signature})
    store.write(record)
    assert store.write(quantised).name.endswith(".bfloat16.nf4.json")
    assert store.find(record.task, record.signature) == record
    assert store.find(record.task, signature) == quantised


def test_names_from_strangers_stay_inside_the_folder(tmp_path):
    store = RecordStore(tmp_path / "runs")
    signature = make_record().signature.model_copy(update={"model": "../../../etc/pass<wd>", "revision": ".."})
    path = store.path("../../task", signature)
    assert path.resolve().is_relative_to((tmp_path / "runs").resolve())
    assert safe_name("..") not in ("", ".", "..")


def test_an_unknown_schema_version_is_refused_by_name(tmp_path):
    path = tmp_path / "r.json"
    path.write_text(json.dumps(make_record().model_dump(mode="json") | {"schema_version": 99}))
    with pytest.raises(ResultError, match=r"r\.json: schema version 99 is unknown"):
        read_record(path)


def test_a_bad_field_is_named(tmp_path):
    data = make_record().model_dump(mode="json")
    data["signature"]["seed"] = "many"
    path = tmp_path / "r.json"
    path.write_text(json.dumps(data))
    with pytest.raises(ResultError, match=r"signature\.seed"):
        read_record(path)


def test_incomparable_signatures_name_the_field():
    ours = make_record().signature
    ours.require_comparable(ours.model_copy(update={"model": "other", "dtype": "bfloat16"}))
    with pytest.raises(ResultError, match="not comparable: lexicon_hash"):
        ours.require_comparable(ours.model_copy(update={"lexicon_hash": "f" * 64}))


def test_nan_is_never_written(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "x.json", {"a": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_an_error_with_advice(tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("")
    with pytest.raises(OutputError, match="choose another --output"):
        write_text(blocker / "x.json", "{}")
    with pytest.raises(OutputError, match="choose another --output"):
        require_writable(blocker)


def test_a_kill_in_the_middle_leaves_the_old_file_whole(tmp_path):
    target = tmp_path / "record.json"
    write_text(target, "old")
    script = (
        "import sys, pathlib\nfrom tli_bench.records import write_text\n"
        "while True:\n    write_text(pathlib.Path(sys.argv[1]), 'new' * 2_000_000)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(target)])
    time.sleep(1.5)
    process.kill()
    process.wait()
    text = target.read_text()
    assert text in ("old", "new" * 2_000_000)
