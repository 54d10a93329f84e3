"""Submissions, merging, migration, other tasks' results and the exported schema."""

import gzip
import json
import zipfile

import jsonschema
import pytest

from tests.support import scored_record
from tli_bench.errors import ResultError
from tli_bench.results import RecordStore, read_record, read_task_scores, record_digest, record_schema
from tli_bench.results.downstream import downstream_scores
from tli_bench.results.merge import merge
from tli_bench.results.migrate import migrate
from tli_bench.results.sources import iter_records
from tli_bench.results.submission import pack, unpack

PAIRS = ("swh_Latn-eng_Latn", "tur_Latn-eng_Latn")


@pytest.fixture
def packed(tmp_path):
    path = tmp_path / "s.zip"
    pack([scored_record(pair=pair) for pair in PAIRS], path, version="0")
    return path


def rewrite(path, change):
    """The zip with `change(name, content)` applied to every file."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            for new_name, new_content in change(name, content):
                archive.writestr(new_name, new_content)


def test_a_submission_gives_back_the_same_records(packed):
    assert [record for _, record in unpack(packed)] == [scored_record(pair=pair) for pair in PAIRS]


def test_the_same_records_give_the_same_bytes(packed, tmp_path):
    again = tmp_path / "again.zip"
    pack([scored_record(pair=pair) for pair in PAIRS], again, version="0")
    assert again.read_bytes() == packed.read_bytes()


def test_a_changed_record_breaks_its_hash(packed):
    rewrite(packed, lambda name, content: [(name, content.replace(b"0.25", b"0.26"))])
    with pytest.raises(ResultError, match="was changed after packing"):
        list(unpack(packed))


def test_an_unlisted_file_is_refused(packed):
    rewrite(packed, lambda name, content: [(name, content), *([("../evil", b"x")] if name == "manifest.json" else [])])
    with pytest.raises(ResultError, match=r"disagree about '../evil'"):
        list(unpack(packed))


def test_what_is_no_submission_is_refused(tmp_path):
    path = tmp_path / "s.zip"
    path.write_bytes(b"no zip")
    with pytest.raises(ResultError, match="expected a file made by `tli-bench submit`"):
        list(unpack(path))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x", "y")
    with pytest.raises(ResultError, match=r"no manifest\.json"):
        list(unpack(path))


def test_an_invalid_record_is_not_packed(tmp_path):
    record = scored_record(lexicon_hash="bad")
    with pytest.raises(ResultError, match="not a SHA-256"):
        pack([record], tmp_path / "s.zip", version="0")
    assert not (tmp_path / "s.zip").exists()
    with pytest.raises(ResultError, match="no records to pack"):
        pack([], tmp_path / "s.zip", version="0")


def test_merging_adds_keeps_and_refuses(packed, tmp_path):
    store = RecordStore(tmp_path / "into", compressed=True)
    assert len(merge([packed], store).added) == 2
    assert len(merge([packed], store).same) == 2
    other = RecordStore(tmp_path / "other")
    later = scored_record(gaps=(0.3, 0.3, 0.4), created="2026-02-01T00:00:00+00:00")
    other.write(later)
    with pytest.raises(ResultError, match="two records of the same unit"):
        merge([tmp_path / "other"], store)
    assert len(merge([tmp_path / "other"], store, replace=True).replaced) == 1
    assert later in list(store)
    assert len(merge([packed], store, replace=True).same) == 2  # older ones do not come back
    assert later in list(store)


def test_nothing_is_merged_when_one_record_is_invalid(tmp_path):
    source = RecordStore(tmp_path / "source")
    source.write(scored_record())
    source.write(scored_record(pair="tur_Latn-eng_Latn", lexicon_hash="bad"))
    with pytest.raises(ResultError, match="nothing was merged"):
        merge([tmp_path / "source"], RecordStore(tmp_path / "into"))
    assert not (tmp_path / "into").exists()


def test_compressed_and_plain_records_are_the_same_record(tmp_path):
    plain, packed = RecordStore(tmp_path / "a"), RecordStore(tmp_path / "b", compressed=True)
    paths = plain.write(scored_record()), packed.write(scored_record())
    assert read_record(paths[0]) == read_record(paths[1])
    assert record_digest(read_record(paths[0])) == record_digest(scored_record())
    assert paths[1].stat().st_size < paths[0].stat().st_size
    assert list(packed) == [scored_record()]


def test_a_broken_or_bloated_archive_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "r.json.gz"
    path.write_bytes(b"\x1f\x8bgarbage")
    with pytest.raises(ResultError, match=r"r\.json\.gz"):
        read_record(path)
    monkeypatch.setattr("tli_bench.results.store.MAX_BYTES", 1000)
    path.write_bytes(gzip.compress(b" " * 100_000))
    with pytest.raises(ResultError, match="unpacks to more than 1,000 bytes"):
        read_record(path)


@pytest.mark.parametrize("text", ['{"a": NaN}', "[1]", "{", "[" * 100_000])
def test_json_that_is_no_record_is_an_error_with_the_file(tmp_path, text):
    path = tmp_path / "r.json"
    path.write_text(text)
    with pytest.raises(ResultError, match=r"r\.json"):
        read_record(path)


def test_nan_in_a_record_is_refused(tmp_path):
    path = tmp_path / "r.json"
    path.write_text(scored_record().model_dump_json().replace("0.25", "NaN", 1))
    with pytest.raises(ResultError, match="finite number"):
        read_record(path)


def test_old_versions_are_led_up_step_by_step_and_unknown_ones_refused():
    steps = {1: lambda d: d | {"b": d.pop("a")}, 2: lambda d: d | {"c": d["b"] + 1}}
    assert migrate({"schema_version": 1, "a": 4}, where="x", steps=steps, target=3) == {
        "schema_version": 3,
        "b": 4,
        "c": 5,
    }
    with pytest.raises(ResultError, match=r"x: schema version 4 is unknown; this tli-bench reads 1, 2, 3; update"):
        migrate({"schema_version": 4}, where="x", steps=steps, target=3)
    with pytest.raises(ResultError, match="version None is unknown"):
        migrate({}, where="x")


def test_the_exported_schema_accepts_records_and_refuses_others():
    schema = record_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    data = json.loads(scored_record().model_dump_json())
    jsonschema.validate(data, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data | {"extra": 1}, schema)


def test_scores_of_stock_tasks(tmp_path):
    path = tmp_path / "results_2026.json"
    data = {
        "results": {"xquad_tr": {"alias": "xquad_tr", "f1,none": 0.5, "f1_stderr,none": 0.1, "em,none": float("nan")}},
        "versions": {"xquad_tr": 1},
        "n-samples": {"xquad_tr": {"original": 9, "effective": 9}},
        "higher_is_better": {"xquad_tr": {"f1": True}},
        "config": {"model": "hf", "model_args": "pretrained=org/model,peft=a/tli,dtype=float32", "limit": None},
    }
    path.write_text(json.dumps(data))
    f1, em = read_task_scores(path)
    assert (f1.model, f1.adapter, f1.task, f1.metric, f1.value, f1.stderr) == (
        "org/model",
        "a/tli",
        "xquad_tr",
        "f1",
        0.5,
        0.1,
    )
    assert (f1.n, f1.version, f1.higher_is_better, f1.limit) == (9, "1", True, None)
    assert em.value is None
    path.write_text("{}")
    with pytest.raises(ResultError, match=r"no `results` table"):
        read_task_scores(path)


def test_sources_that_hold_nothing_say_so(tmp_path):
    with pytest.raises(ResultError, match="holds no records"):
        list(iter_records(tmp_path))
    with pytest.raises(ResultError, match="does not exist"):
        list(iter_records(tmp_path / "nowhere"))


def downstream_file(root, **changes):
    data = {
        "schema_version": 1, "task": "tli_xquad_tur_Latn", "task_version": 1, "source": "hub:google/xquad", "documents": 9,
        "limit": None, "model": "org/model", "revision": "sha256:abc", "dtype": "float32", "quantization": None,
        "adapter": {"name": "tli", "sha256": "a" * 64}, "scores": {"base": {"f1": 0.3}, "adapted": {"f1": 0.4}},
        "higher_is_better": {"f1": True}, "versions": {}, "created": "2026-01-01T00:00:00+00:00",
    }  # fmt: skip
    path = root / "downstream" / "tli_xquad_tur_Latn" / "org_model.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data | changes))


def test_downstream_records_lie_beside_and_are_read_apart(tmp_path):
    RecordStore(tmp_path).write(scored_record())
    downstream_file(tmp_path)
    assert list(RecordStore(tmp_path)) == [scored_record()]
    base, adapted = downstream_scores(tmp_path)
    assert (base.adapter_sha256, base.value, base.revision) == (None, 0.3, "sha256:abc")
    assert (adapted.adapter_sha256, adapted.value) == ("a" * 64, 0.4)


def test_samples_are_no_benchmark_and_broken_files_are_named(tmp_path):
    downstream_file(tmp_path, source="fixtures:xquad")
    assert list(downstream_scores(tmp_path)) == []
    downstream_file(tmp_path, documents="many")
    with pytest.raises(ResultError, match=r"org_model\.json: documents"):
        list(downstream_scores(tmp_path))
