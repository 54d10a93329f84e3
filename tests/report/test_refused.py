"""A board is built from what passes the checks; what does not is named with the reason."""

import gzip
import json
import shutil

import pytest

from tests.support import changed_columns, downstream_record, scored_record
from tli_bench.lexicon.pairs import Split
from tli_bench.records import RecordStore
from tli_bench.records.schema import Controls, Spelling
from tli_bench.records.seal import sealed
from tli_bench.records.units import write_unit
from tli_bench.report.table import MOST_TOLD, build, load_results

SCORES = (0.1, 0.2, 0.3, 0.4) * 6


@pytest.fixture
def folder(tmp_path):
    RecordStore(tmp_path).write(scored_record(model="org/good", scores=SCORES))
    return tmp_path


def built(folder):
    records, scores = load_results(folder)
    return build(records, scores=scores)


def left_out(folder):
    """The one line about what was left out, while the good record is ranked all the same."""
    leaderboard = built(folder)
    assert [e.key.model for b in leaderboard.boards for e in b.entries] == ["org/good"]
    assert leaderboard.boards[0].sections[0].rows[0].ranked
    (line,) = leaderboard.left_out
    return line


def write(folder, record, name="bad.json"):
    (folder / name).write_text(json.dumps(sealed(record)))


def bad(**changes):
    return scored_record(model="org/bad", scores=SCORES, **changes)


def with_curve(record, name, values):
    curves = {split: {s: {**c, name: values} for s, c in states.items()} for split, states in record.curves.items()}
    return record.model_copy(update={"curves": curves})


def test_a_good_folder_leaves_nothing_out(folder):
    assert built(folder).left_out == ()


def test_a_cosine_of_five_in_a_column_is_refused(folder):
    record = changed_columns(bad(), lambda m: {**m, **({"cosine": [5.0] * 24} if "cosine" in m else {})})
    write(folder, record)
    assert left_out(folder).startswith("bad.json: dev/base/layer 1: 'dev0' has cosine 5, outside [-1, 1] (and ")


def test_a_cosine_of_five_in_a_curve_is_refused_where_no_words_were_kept(folder):
    write(folder, with_curve(bad(), "cosine", [5.0, bad().curves[Split.CONTROL]["base"]["cosine"][1]]))
    assert left_out(folder).startswith("bad.json: dev/base/layer 0: cosine is given as 5, outside [-1, 1]")


def test_a_score_that_its_words_do_not_give_is_refused(folder):
    write(folder, with_curve(bad(), "p1_of_50", [0.0, 0.9]))
    assert "p1_of_50 is given as 0.900000, but its 24 pairs give 0.250000" in left_out(folder)


def test_a_pseudo_value_that_no_word_can_cause_is_refused(folder):
    pseudo = bad().pseudo
    values = [1e6, -1e6, *pseudo[Split.CONTROL]["base"]["1"]["p1_of_50"][2:]]
    changed = {**pseudo, Split.CONTROL: {"base": {"1": {**pseudo[Split.CONTROL]["base"]["1"], "p1_of_50": values}}}}
    write(folder, bad().model_copy(update={"pseudo": changed}))
    assert "has a pseudo-value of 1e+06, more than one word can change it" in left_out(folder)


def test_a_spelling_score_of_five_is_refused(folder):
    spelling = Spelling(n=24, value=5.0, p1=0.1, p1_forward=0.1, p1_backward=0.1, mrr=0.1)
    write(folder, bad().model_copy(update={"controls": Controls(spelling={Split.CONTROL: spelling})}))
    assert left_out(folder) == "bad.json: control: value of spelling alone is given as 5, outside [0, 1]"


def test_an_edited_identity_is_refused(folder):
    data = sealed(bad())
    data["signature"]["model"] = "org/better"
    (folder / "bad.json").write_text(json.dumps(data))
    assert left_out(folder).startswith("bad.json: was changed after it was written: its SHA-256 is ")


def test_a_record_without_a_hash_is_refused(folder):
    (folder / "bad.json").write_text(bad().model_dump_json())
    assert "holds no sha256" in left_out(folder)


def test_an_adapter_hash_that_is_none_is_refused(folder):
    record = bad()
    write(folder, record.model_copy(update={"signature": record.signature.model_copy(update={"lexicon_hash": "zz"})}))
    assert left_out(folder) == "bad.json: signature.lexicon_hash 'zz' is not a SHA-256 in lower-case hex"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "Expecting value"),
        (b"{", "Expecting property name"),
        (b"[]", "holds a list, not a record"),
        (b"{}", "states no schema_version, so it is not a record"),
        (b"\xff\xfe\x00", "byte 0xff is not UTF-8"),
        (b"[" * 100_000, "nested deeper than 100"),
        (b'{"schema_version": 99}', "schema version 99 is unknown"),
    ],
)
def test_a_file_that_is_no_record_is_skipped_with_its_name(folder, content, reason):
    (folder / "deep").mkdir()
    (folder / "deep" / "bad.json").write_bytes(content)
    line = left_out(folder)
    assert line.startswith("deep/bad.json: ")
    assert reason in line
    assert str(folder) not in line


@pytest.mark.parametrize("content", [b"not gzip", gzip.compress(b"{" * 50, mtime=0)[:-4]], ids=["no gzip", "cut short"])
def test_a_broken_archive_is_skipped_with_its_name(folder, content):
    (folder / "bad.json.gz").write_bytes(content)
    assert left_out(folder).startswith("bad.json.gz: ")


def test_a_link_to_nothing_is_skipped_with_its_name(folder):
    (folder / "bad.json").symlink_to(folder / "gone.json")
    assert left_out(folder) == "bad.json: not a file, or a link to one that is gone"


def test_a_file_name_cannot_speak_to_the_terminal(folder):
    (folder / "a\x1b[31m\u202eb.json").write_text("{}")
    line = left_out(folder)
    assert "\x1b" not in line
    assert "<U+001B>" in line


def test_a_downstream_record_and_a_results_file_are_refused_alike(folder):
    path = write_unit(folder, downstream_record(task="tli_xquad_tur_Latn"))
    path.write_text(path.read_text().replace('"f1":0.3', '"f1":0.9'))
    (folder / "results_x.json").write_text("{}")
    first, second = built(folder).left_out
    assert first.startswith("downstream/tli_xquad_tur_Latn/")
    assert "was changed after it was written" in first
    assert second.startswith("results_x.json: there is no `results` table in it")


def test_a_copy_under_another_name_and_a_run_made_twice_count_once(folder):
    path = next(RecordStore(folder).paths())
    shutil.copy(path, folder / "copy.json")
    RecordStore(folder, compressed=True).write(
        scored_record(model="org/good", scores=SCORES, created="2026-02-01T00:00:00+00:00")
    )
    leaderboard = built(folder)
    assert leaderboard.left_out == ()
    assert [len(b.entries) for b in leaderboard.boards] == [1]
    assert leaderboard.updated == "2026-02-01"


def test_of_very_many_bad_files_the_first_ones_are_told(folder):
    for i in range(MOST_TOLD + 20):
        (folder / f"bad{i:04}.json").write_text("{}")
    lines = built(folder).left_out
    assert len(lines) == MOST_TOLD + 1
    assert lines[-1] == "20 more"
