"""Records on disk: written whole or not at all, found again only when the same thing was measured."""

import hashlib
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import downstream_record, make_record, make_signature, scored_record
from tli_bench.base.errors import OutputError, ResultError
from tli_bench.config.facts import place_of
from tli_bench.models.identity import AdapterRef, TrainingRef
from tli_bench.records import RecordStore, read_record, require_writable, write_json, write_text
from tli_bench.records.downstream import downstream_from_json
from tli_bench.records.names import downstream_path, run_path, safe_name
from tli_bench.records.schema import DownstreamRecord
from tli_bench.records.seal import json_digest, record_digest, sealed_json
from tli_bench.records.store import record_from_json


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
    assert re.search(r"\.bfloat16\.nf4\.[0-9a-f]{8}\.json$", store.write(quantised).name)
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
    path.write_text(json.dumps(data | {"sha256": json_digest(data)}))
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


TRAINED = {"kind": "full", "name": "x", "base": "org/base"}
VARIED = {
    "protocol": ("words.v1", "mexa.v1", "words_v1"), "lexicon_hash": ("0" * 64, "1" * 64), "split_seed": (0, 1),
    "pair": ("swh_Latn-eng_Latn", "tur_Latn-eng_Latn"), "limit": (None, 5, 50), "leaking": (False, True),
    "seen_control": ((), ("water",), ("water", "fire")), "training_unknown": (False, True),
    "trained_words": (None, "a" * 64), "skip_gate": (False, True), "any_base": (False, True), "model": ("org/a b", "org/a_b", "org_a_b"),
    "revision": ("one", "two"), "adapter": (None, *(AdapterRef(name="a", sha256=f"{'a' * 63}{i}") for i in range(2))),
    "training": (None, TrainingRef(**TRAINED), TrainingRef(**TRAINED, recipe="r")), "first_blocks": (None, 2, 8),
    "tokenizer": (None, "aaaa", "bbbb"),
    "dtype": ("float32", "bfloat16"),
    "quantization": (None, "nf4", "int8"), "seed": (0, 1), "measures": ("1", "2"),
}  # fmt: skip


def test_everything_that_decides_a_units_place_is_varied():
    assert set(VARIED) == set(place_of(make_signature(**{name: values[-1] for name, values in VARIED.items()})))


def test_what_records_said_nothing_of_before_leaves_their_files_where_they_are():
    assert not {"seen_control", "training_unknown", "trained_words"} & set(place_of(make_signature()))


@given(st.data())
def test_units_share_a_file_only_when_they_are_the_same_unit(data):
    ours, theirs = (
        make_signature(**{name: data.draw(st.sampled_from(values), label=name) for name, values in VARIED.items()})
        for _ in range(2)
    )
    same = place_of(ours) == place_of(theirs)
    assert (run_path(Path(), "task", ours) == run_path(Path(), "task", theirs)) == same


@pytest.mark.parametrize("name", VARIED)
def test_one_difference_is_another_file(name):
    paths = [run_path(Path(), "task", make_signature(**{name: value})) for value in VARIED[name]]
    assert len({str(path).casefold() for path in paths}) == len(VARIED[name])


def test_tasks_and_downstream_data_have_files_of_their_own():
    assert run_path(Path(), "a b", make_signature()) != run_path(Path(), "a_b", make_signature())
    changes = [
        {}, {"task": "tli_xquad_tur_Latn_"}, {"task_version": 2}, {"source": "folder:xquad"}, {"limit": 9},
        {"model": "org_model"}, {"revision": "sha256:abd"}, {"adapter": AdapterRef(name="tli", sha256="a" * 63 + "b")},
        {"dtype": "bfloat16"}, {"quantization": "nf4"},
    ]  # fmt: skip
    assert len({downstream_path(Path(), downstream_record(**change)) for change in changes}) == len(changes)


def test_other_packages_renew_the_record_in_its_place(tmp_path):
    store, old = RecordStore(tmp_path), make_record()
    signature = old.signature.model_copy(update={"versions": {"tli_bench": "1"}})
    store.write(old)
    assert store.find(old.task, signature) is None
    new = old.model_copy(update={"signature": signature})
    store.write(new)
    assert list(store) == [new]


def one_digit(text):
    """The text of a record with one digit of one score changed."""
    assert text.count("0.1,") == 1
    return text.replace("0.1,", "0.2,")


@pytest.mark.parametrize("layout", ["as written", "indented"])
def test_a_changed_digit_is_found_in_any_layout(tmp_path, layout):
    path = RecordStore(tmp_path).write(make_record())
    text = path.read_text()
    if layout == "indented":
        text = json.dumps(json.loads(text), indent=2)
        path.write_text(text)
        assert read_record(path) == make_record()
    path.write_text(one_digit(text))
    with pytest.raises(
        ResultError, match=r"json: was changed after it was written: its SHA-256 is .* restore the file"
    ):
        read_record(path)


def test_a_record_without_its_hash_is_refused(tmp_path):
    path = tmp_path / "r.json"
    path.write_text(json.dumps(make_record().model_dump(mode="json")))
    with pytest.raises(ResultError, match="holds no sha256; run the unit again"):
        read_record(path)


def test_a_changed_record_is_not_reused_and_that_is_said(tmp_path, caplog):
    store, record = RecordStore(tmp_path), make_record()
    path = store.write(record)
    path.write_text(one_digit(path.read_text()))
    assert store.find(record.task, record.signature) is None
    assert f"{path}: was changed after it was written" in caplog.text
    assert "the unit is measured again" in caplog.text


def test_the_hash_is_that_of_the_text_without_it():
    text = sealed_json(make_record())
    data = json.loads(text)
    stated = data.pop("sha256")
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    assert hashlib.sha256(body).hexdigest() == stated == record_digest(make_record())


def leaves(value, path=()):
    """Where every number, text and truth value of JSON data is."""
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, part in items:
            yield from leaves(part, (*path, key))
    else:
        yield path


def edited(data, path):
    """JSON data with one value changed by hand."""
    data = json.loads(json.dumps(data))
    *parents, last = path
    place = data
    for key in parents:
        place = place[key]
    old = place[last]
    if isinstance(old, bool) or old is None:
        place[last] = not old
    else:
        place[last] = old + 1e-9 if isinstance(old, float) else old + 1 if isinstance(old, int) else f"{old}x"
    return data


@pytest.mark.parametrize(
    "record", [scored_record(adapter=AdapterRef(name="a", sha256="a" * 64)), downstream_record()], ids=["words", "task"]
)
def test_every_edit_by_hand_is_found(record):
    """Identity, dtype, versions, flags, values of a layer in the middle: whatever it is, and whether or not a rule of its own guards it."""
    data = json.loads(sealed_json(record))
    read = downstream_from_json if isinstance(record, DownstreamRecord) else record_from_json
    assert read(json.dumps(data).encode(), where="r.json") == record
    places = list(leaves(data))
    assert len(places) > 15
    for path in places:
        with pytest.raises(ResultError, match=r"was changed after it was written|schema|version"):
            read(json.dumps(edited(data, path)).encode(), where="r.json")


def test_a_record_that_was_cut_short_is_not_reused_and_that_is_said(tmp_path, caplog):
    store, record = RecordStore(tmp_path), make_record()
    path = store.write(record)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ResultError, match=r"restore the file, or delete it and run the unit again"):
        read_record(path)
    assert store.find(record.task, record.signature) is None
    assert f"{path}: " in caplog.text
    assert "the unit is measured again" in caplog.text
