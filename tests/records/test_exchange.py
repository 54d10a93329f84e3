"""Submissions, merging, migration, other tasks' results and the exported schema."""

import gzip
import json
import re
import zipfile

import jsonschema
import pytest
from pydantic import ValidationError

from tests.support import downstream_record, scored_record
from tli_bench.base.errors import ResultError
from tli_bench.records import RecordStore, read_record, read_task_scores, record_digest, record_schema
from tli_bench.records.downstream import downstream_scores, iter_downstream, write_downstream
from tli_bench.records.merge import merge
from tli_bench.records.migrate import migrate
from tli_bench.records.seal import json_digest, sealed_json
from tli_bench.records.sources import iter_all, iter_records
from tli_bench.records.submission import pack, unpack
from tli_bench.records.validate import validate_record

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
    later = scored_record(scores=(0.3, 0.3, 0.4), created="2026-02-01T00:00:00+00:00")
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


@pytest.mark.parametrize("compressed", [False, True])
def test_no_unit_is_in_a_folder_twice_plain_and_compressed(tmp_path, compressed):
    """A folder merged once more in the other kind, and a run that goes on in a folder that was merged."""
    record = scored_record()
    RecordStore(tmp_path / "from").write(record)
    there, other = (RecordStore(tmp_path / "into", compressed=kind) for kind in (compressed, not compressed))
    merge([tmp_path / "from"], there)
    assert [len(found) for found in lists_of(merge([tmp_path / "from"], other))] == [0, 1, 0]
    assert other.find(record.task, record.signature) == record
    later = scored_record(created="2026-02-01T00:00:00+00:00")
    other.write(later)
    assert list(there) == list(other) == [later]


def lists_of(merged):
    return merged.added, merged.same, merged.replaced


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
    monkeypatch.setattr("tli_bench.records.disk.MAX_BYTES", 1000)
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
    data = json.loads(scored_record().model_dump_json().replace("0.25", "NaN", 1))
    path.write_text(json.dumps(data | {"sha256": json_digest(data)}))
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
    with pytest.raises(ResultError, match="x: states no schema_version, so it is not a record"):
        migrate({}, where="x")


def test_the_exported_schema_accepts_records_and_refuses_others():
    schema = record_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    data = json.loads(sealed_json(scored_record()))
    jsonschema.validate(data, schema)
    assert record_schema()["$defs"]["RunRecord"]["required"][0] == "sha256"
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


def test_a_downstream_record_fits_the_exported_schema(tmp_path):
    schema = record_schema()
    data = json.loads(sealed_json(downstream_record()))
    jsonschema.validate(data, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data | {"extra": 1}, schema)


def test_downstream_records_lie_beside_and_are_read_apart(tmp_path):
    RecordStore(tmp_path).write(scored_record())
    write_downstream(tmp_path, downstream_record())
    assert list(RecordStore(tmp_path)) == [scored_record()]
    base, adapted = downstream_scores(tmp_path)
    assert (base.adapter_sha256, base.value, base.revision) == (None, 0.3, "sha256:abc")
    assert (adapted.adapter_sha256, adapted.value) == ("a" * 64, 0.4)


def test_samples_are_no_benchmark_and_take_no_benchmarks_place(tmp_path):
    paths = [
        write_downstream(tmp_path, downstream_record(**changes))
        for changes in ({"source": "fixtures:xquad"}, {"source": "hub:a -> fixtures:b"}, {"limit": 9}, {})
    ]
    assert len(set(paths)) == 4
    scores = list(downstream_scores(tmp_path))
    assert {score.limit for score in scores} == {9, None}
    assert {score.where for score in scores} == {str(path) for path in paths[2:]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"documents": "many"}, "documents: Input should be a valid integer"),
        ({"schema_version": 4}, "schema version 4 is unknown; this tli-bench reads 1, 2, 3"),
        ({"scores": {"base": {"f1": 0.3}}}, "scores of base; expected base and adapted"),
        ({"adapter": None}, "expected base alone, since no adapter is named"),
        ({"layers": ["0"], "curves": {"base": {"p1": [0.1, 0.2]}}}, "curve base/p1 has 2 values for 1 layers"),
        ({"scores": {"base": {"f1": float("nan")}, "adapted": {}}}, "finite number"),
        ({"task": "x\x1b[2J", "documents": None}, "documents"),
        (b"{", "Expecting property name"),
        (b"[1]", "holds a list, not a record"),
        (b"\xff", "byte 0xff is not UTF-8"),
    ],
)
def test_a_damaged_downstream_file_is_named_with_its_field(tmp_path, content, message):
    path = write_downstream(tmp_path, downstream_record())
    data = downstream_record().model_dump(mode="json")
    if not isinstance(content, bytes):
        content = json.dumps(data | content | {"sha256": json_digest(data | content)}).encode()
    path.write_bytes(content)
    with pytest.raises(ResultError, match=re.escape(message)) as raised:
        list(downstream_scores(tmp_path))
    assert path.name in str(raised.value)
    with pytest.raises(ResultError, match=re.escape(message)):
        list(iter_all(tmp_path))
    with pytest.raises(ResultError, match=re.escape(message)):
        merge([tmp_path], RecordStore(tmp_path / "into"))


def test_merging_takes_downstream_records_along(tmp_path):
    source = tmp_path / "source"
    RecordStore(source).write(scored_record())
    write_downstream(source, downstream_record())
    store = RecordStore(tmp_path / "into", compressed=True)
    assert len(merge([source], store).added) == 2
    assert len(merge([source], store).same) == 2
    assert [record for _, record in iter_all(store.root)] == [scored_record(), downstream_record()]
    later = downstream_record(documents=8, created="2026-02-01T00:00:00+00:00")
    write_downstream(source, later)
    with pytest.raises(ResultError, match="two records of the same unit"):
        merge([source], store)
    assert len(merge([source], store, replace=True).replaced) == 1
    assert list(iter_downstream(store.root)) == [later]
    write_downstream(source, downstream_record(documents=0))
    with pytest.raises(ResultError, match="documents is 0: nothing was scored; nothing was merged"):
        merge([source], store, replace=True)


def test_a_submission_holds_downstream_records(tmp_path):
    records = [scored_record(), downstream_record()]
    pack(records, tmp_path / "s.zip", version="0")
    assert [record for _, record in unpack(tmp_path / "s.zip")] == records
    assert [record for _, record in iter_records(tmp_path / "s.zip")] == records[:1]


def test_a_folder_of_downstream_records_alone(tmp_path):
    path = write_downstream(tmp_path, downstream_record())
    for source in (tmp_path, path):
        assert [record for _, record in iter_all(source)] == [downstream_record()]
        with pytest.raises(ResultError, match="downstream records only; `tli-bench run --tasks tli_alignment`"):
            list(iter_records(source))


def test_what_a_downstream_record_says_about_its_prompts_is_checked():
    def errors(**changes):
        return validate_record(downstream_record(**changes)).errors

    assert (
        errors(chat_template=True, num_fewshot=2, fewshot_source="hf:x/train", system_prompt="Be brief.\nAnswer.") == ()
    )
    assert errors(fewshot_source="hf:x/train") == ("fewshot_source is 'hf:x/train', but num_fewshot is 0",)
    assert errors(system_prompt="a\u202eb") == ("system_prompt holds characters that cannot be seen: U+202E",)
    assert errors(system_prompt="a" * 8001) == ("system_prompt has 8001 characters; 8000 are allowed",)
    with pytest.raises(ValidationError, match="greater than or equal to 0"):
        downstream_record(num_fewshot=-1)
