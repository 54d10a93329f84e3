"""The page of one's own runs without a browser: what is on it, what is left out and said to be, and how large it is."""

import json
import os
import re

import pytest

from tests.report import view_cases
from tests.support import downstream_record, record_of, scored_record
from tli_bench.base.errors import ResultError
from tli_bench.lexicon.core import AUDIT_NAME
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.roles import HEADLINE
from tli_bench.records import RecordStore
from tli_bench.records.downstream import write_downstream
from tli_bench.report import view as view_module
from tli_bench.report.view import view
from tli_bench.report.view_words import pack_numbers
from tools.leaderboard_records import shorter


def elements(html, prefix):
    """The JSON data of a page, by id."""
    found = re.findall(rf'<script type="application/json" id="({prefix}[^"]*)">(.*?)</script>', html, re.S)
    return {name: json.loads(text) for name, text in found}


@pytest.fixture(scope="module")
def analysis():
    return view_cases.analysis(base=2.0, adapted=1.5)


def test_records_of_the_same_words_share_them(tmp_path, analysis):
    store = RecordStore(tmp_path)
    for revision in ("sha256:a", "sha256:b"):
        store.write(record_of(analysis, revision=revision))
    store.write(scored_record(model="org/other"))
    html = view(tmp_path).html
    assert len(elements(html, "data-record-")) == 3
    assert len(elements(html, "data-words-")) == 2


def test_nothing_of_a_hostile_record_is_markup(tmp_path):
    view_cases.write_runs(tmp_path)
    html = view(tmp_path).html
    assert "<img" not in html
    assert html.count("<script>alert") == 0
    assert "<b>" not in html
    assert "\u202e" not in html
    assert "{{DATA}}" in html, "a name that looks like a part of the template is left as it is"
    assert html.count("<script>") == 3  # DataTables, uPlot, ours


def test_what_a_measure_cannot_be_is_not_drawn_and_the_record_is_called_a_contradiction(tmp_path, analysis):
    record = record_of(analysis)
    data = record.model_dump()
    data["curves"][Split.CONTROL]["base"][HEADLINE][0] = 1e308
    data["columns"][Split.CONTROL]["base"]["1"][HEADLINE][0] = -1e300
    RecordStore(tmp_path).write(type(record).model_validate(data))
    (body,) = elements(view(tmp_path).html, "data-record-").values()
    assert body["curves"][0]["states"]["base"][0][0] is None
    assert body["at"]["1"]["base"]["score"].startswith("__")
    assert body["warnings"][0].startswith("This record contradicts itself")


def test_the_newest_files_are_kept_and_the_others_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(view_module, "MOST_RECORDS", 3)
    for i in range(5):
        path = RecordStore(tmp_path).write(scored_record(model=f"org/m{i}"))
        os.utime(path, (1_000_000 + i, 1_000_000 + i))
    made = view(tmp_path)
    assert (made.records, made.older) == (3, 2)
    assert {line["model"] for line in elements(made.html, "data-list")["data-list"]} == {"org/m2", "org/m3", "org/m4"}
    assert (
        "2 older files are not on the page, which holds the newest 3 at most; give a folder inside this one."
        in made.html
    )


def test_a_page_stops_growing(tmp_path, monkeypatch):
    monkeypatch.setattr(view_module, "MOST_BYTES", 1000)
    for i in range(3):
        RecordStore(tmp_path).write(scored_record(model=f"org/m{i}"))
    assert (view(tmp_path).records, view(tmp_path).older) == (1, 2)


def test_a_record_that_is_too_large_for_a_page_is_named(tmp_path, monkeypatch):
    RecordStore(tmp_path).write(scored_record(model="org/small"))
    RecordStore(tmp_path).write(scored_record(model="org/large", layers=tuple(map(str, range(900)))))
    monkeypatch.setattr(view_module, "LARGEST", 10_000)
    made = view(tmp_path)
    assert made.records == 1
    assert re.fullmatch(r"org_large/.*\.json: takes [\d,]+ bytes of a page, at most 10,000 are shown", made.skipped[0])


def test_an_unreadable_file_is_named_without_its_folder_and_the_rest_is_shown(tmp_path):
    RecordStore(tmp_path).write(scored_record())
    (tmp_path / "half.json").write_text('{"schema_version": 3')
    made = view(tmp_path)
    assert made.records == 1
    (line,) = made.skipped
    assert line.startswith("half.json: ")
    assert "Skipped: half.json" in made.html
    assert str(tmp_path) not in made.html


def test_one_record_alone_is_a_page_too(tmp_path):
    assert view(RecordStore(tmp_path).write(scored_record())).records == 1


def test_audit_words_are_not_shown(tmp_path):
    RecordStore(tmp_path).write(scored_record(lexicon=f"{AUDIT_NAME} 1.0.0"))
    with pytest.raises(
        ResultError, match=r"holds no records of control words; `tli-bench run --pairs swh-eng --output"
    ):
        view(tmp_path)


def test_a_folder_without_records_says_what_to_do_next(tmp_path):
    with pytest.raises(ResultError, match=r"holds no records; `tli-bench run --output .* writes some"):
        view(tmp_path)
    (tmp_path / "results_2026-01-01.json").write_text("{}")  # lm-eval's own
    with pytest.raises(ResultError, match="holds no records; `tli-bench run"):
        view(tmp_path)
    with pytest.raises(ResultError, match="does not exist; give a record"):
        view(tmp_path / "nowhere")
    write_downstream(tmp_path, downstream_record())
    with pytest.raises(ResultError, match="holds no records of control words; `tli-bench run"):
        view(tmp_path)
    (tmp_path / "broken.json").write_text("[]")
    with pytest.raises(ResultError, match=r"no record could be read; the first: broken\.json: holds a list"):
        view(tmp_path)


def test_a_shortened_record_says_why_it_has_no_neighbours(tmp_path, analysis):
    RecordStore(tmp_path).write(shorter(record_of(analysis)))
    (body,) = elements(view(tmp_path).html, "data-record-").values()
    assert body["notes"][0].startswith("The record does not say which wrong word is nearest")
    assert body["at"]["1"]["adapted"]["near"] is None
    assert len(body["at"]["1"]["adapted"]["score"]) == 2 * 60


def test_numbers_are_packed_as_the_page_reads_them():
    assert pack_numbers([0, 1, None]) == [1, "012", 2]
    assert pack_numbers([63, None]) == [2, "0_10", 64]
    assert pack_numbers([]) == [1, "", 1]


def test_a_record_takes_little_room(tmp_path, analysis):
    """60 words, three states, two layers and four curves in less than 10 kB: 200 records of 364 words stay under 20 MB."""
    RecordStore(tmp_path).write(record_of(analysis))
    html = view(tmp_path).html
    for prefix in ("data-record-", "data-words-"):
        (part,) = elements(html, prefix).values()
        assert len(json.dumps(part)) < 10_000, prefix
