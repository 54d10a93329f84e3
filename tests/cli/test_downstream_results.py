"""Alignment and downstream tasks in one run, and what every verb that reads results makes of the folder."""

import json
import os
import re
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from tests.command import require_light
from tests.support import downstream_record, scored_record
from tli_bench.cli import app
from tli_bench.cli.verbs import register
from tli_bench.languages import DEFAULT_PAIRS
from tli_bench.lexicon.pairs import Split
from tli_bench.models.identity import AdapterRef
from tli_bench.records import RecordStore
from tli_bench.records.downstream import iter_downstream, write_downstream
from tli_bench.records.seal import json_digest

register(app)
TASKS = "tli_alignment,tli_bitext,tli_xquad_tur_Latn"
ADAPTER = AdapterRef(name="tli", sha256="a" * 64, recipe="tli", rank=4, trainable_parameters=100)


def invoke(*arguments, code=0):
    done = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=True)
    assert done.exit_code == code, (done.output, done.exception)
    return done.output


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The folder of one real run of the embedded model and its adapter."""
    out = tmp_path_factory.mktemp("run")
    done = subprocess.run(
        [sys.executable, "-m", "tli_bench", "run", "--tasks", TASKS, "--limit", "6", "--no-confirm", "--placebo", "0",
         "--data-dir", "fixtures", "--output", str(out)],
        capture_output=True, text=True, timeout=600, env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return out


@pytest.mark.slow
def test_one_run_holds_alignment_and_downstream_scores_of_base_and_adapter(ran):
    records, downstream = list(RecordStore(ran)), list(iter_downstream(ran))
    assert sorted(record.pair for record in records) == sorted(DEFAULT_PAIRS)
    assert len(downstream) == len(DEFAULT_PAIRS) + 1
    for record in records:
        states = record.curves[Split.CONTROL]
        assert states.keys() == {"base", "adapted", "twin"}
        assert all(None not in states[state]["gap"] for state in states)
        assert states["base"]["gap"] != states["adapted"]["gap"]
    for record in downstream:
        assert record.scores.keys() == {"base", "adapted"}
        assert record.scores["base"].keys() <= record.scores["adapted"].keys()
        assert {"p1", "mrr"} <= record.scores["base"].keys() or {"f1", "exact_match"} <= record.scores["base"].keys()
        signature = records[0].signature
        assert (record.model, record.revision, record.dtype) == (signature.model, signature.revision, signature.dtype)
        assert record.adapter == signature.adapter
        if record.task.startswith("tli_bitext"):
            assert record.layers == signature.layers
            for state in ("base", "adapted"):
                assert record.curves[state].keys() <= record.scores[state].keys()


@pytest.mark.slow
def test_explain_shows_distance_and_downstream_of_that_run(ran, tmp_path):
    printed = invoke("explain", ran, "--measure", "p1", "--metric", "p1,f1", "--output", tmp_path / "e.json")
    assert "lexical distance (LDND)" in printed
    assert "Does alignment matter downstream?" in printed
    assert re.search(r"tli_bitext p1 +output +15 +15 pairs +[+-]\d\.\d\d +\[[+-]\d\.\d\d, [+-]\d\.\d\d\]", printed)
    assert re.search(r"tli_bitext p1 +each with itself +120 +15 pairs", printed)
    assert "tli_xquad (fixtures, limit 6: no benchmark) f1: 1 pair is too few to tell; 10 are needed" in printed
    assert (
        "correlations tested, corrected together (Holm, Benjamini-Hochberg); 15 pairs can show one of 0.68" in printed
    )
    found = json.loads((tmp_path / "e.json").read_text())
    assert len(found["distance"][0]["pairs"]) == len(DEFAULT_PAIRS)
    (part,) = found["downstream"]["joined"]
    outputs = [a for a in part["associations"] if (a["kind"], a["layer"]) == ("tli_bitext", "output")]
    assert [len(a["points"]) for a in outputs] == [15]
    # The points are the changes that the records themselves state.
    by_pair = {p["pair"]: p for p in outputs[0]["points"]}
    for record in RecordStore(ran):
        states = record.curves[Split.CONTROL]
        change = states["adapted"]["p1"][-1] - states["base"]["p1"][-1]
        assert by_pair["-".join(sorted(record.pair.split("-")))]["x"] == pytest.approx(change)
    for record in iter_downstream(ran):
        if record.task.startswith("tli_bitext"):
            pair = "-".join(sorted(record.task.removeprefix("tli_bitext_").split("-")))
            curves = record.curves
            assert by_pair[pair]["y"] == pytest.approx(curves["adapted"]["p1"][-1] - curves["base"]["p1"][-1])


@pytest.mark.slow
def test_results_verbs_take_the_whole_run(ran, tmp_path):
    lines = invoke("results", "ls", ran).splitlines()
    assert len(lines) == 31
    assert sum("  downstream  p1 " in line and line.endswith("[limit 6]") for line in lines) == 15
    assert sum("  downstream  exact_match " in line and line.endswith("[fixtures, limit 6]") for line in lines) == 1
    kinds = [json.loads(line)["kind"] for line in invoke("results", "ls", ran, "--json").splitlines()]
    assert (kinds.count("alignment"), kinds.count("downstream")) == (15, 16)
    assert "31 valid, 0 invalid" in invoke("results", "validate", ran)
    assert "31 added" in invoke("results", "merge", ran, "--into", tmp_path / "in", "--compressed")
    assert "31 valid, 0 invalid" in invoke("results", "validate", tmp_path / "in")
    # The audit words of the 15 pairs are scored then.
    assert "46 records" in invoke("submit", ran, "--out", tmp_path / "s.zip")
    assert "15 added, 0 replaced, 31 unchanged" in invoke(
        "results", "merge", tmp_path / "s.zip", "--into", tmp_path / "in", "--compressed"
    )


@pytest.mark.slow
def test_show_prints_scores_curves_and_where_they_come_from(ran):
    path = next((ran / "downstream" / "tli_bitext_swh_Latn-eng_Latn").glob("*.json"))
    shown = invoke("results", "show", path)
    assert "tli_bitext_swh_Latn-eng_Latn  6 documents from sample:bitext  [limit 6: no benchmark]" in shown
    assert re.search(r"metric +base +adapted +change", shown)
    assert re.search(r"\n p1 +\d\.\d{3} +\d\.\d{3} +[+-]\d\.\d{3}", shown)
    assert re.search(r"\n  base +p1 [▁▂▃▄▅▆▇█]{8}  layers 0\.\.6", shown)
    assert '"name": "tiny-swh-eng-tli"' in shown
    assert json.loads(invoke("results", "show", path, "--json"))["task"] == "tli_bitext_swh_Latn-eng_Latn"


@pytest.fixture
def folder(tmp_path):
    RecordStore(tmp_path).write(scored_record(adapter=ADAPTER, scores=(0.3, 0.5, 0.4), base_scores=(0.1, 0.2, 0.3)))
    write_downstream(tmp_path, downstream_record(adapter=ADAPTER))
    return tmp_path


def test_a_damaged_downstream_record_is_named_by_every_verb(folder):
    path = next(folder.glob("downstream/*/*.json"))
    # Damaged before it was written: its hash is right, its content is not.
    data = {name: value for name, value in json.loads(path.read_text()).items() if name != "sha256"} | {
        "documents": "many"
    }
    path.write_text(json.dumps({"sha256": json_digest(data), **data}))
    printed = invoke("results", "validate", folder, code=1)
    assert "1 valid, 1 invalid" in printed
    assert f"invalid {path}: documents: Input should be a valid integer" in printed
    for verb in (
        ["results", "ls"],
        ["results", "show"],
        ["results", "merge", "--into", folder / "in"],
        ["explain"],
    ):
        done = CliRunner().invoke(app, [*map(str, verb), str(folder)], catch_exceptions=True)
        assert "documents: Input should be a valid integer" in str(done.exception), verb
    assert not (folder / "in").exists()


def test_a_damaged_downstream_record_is_left_out_of_the_board_and_named(folder, tmp_path):
    path = next(folder.glob("downstream/*/*.json"))
    data = {name: value for name, value in json.loads(path.read_text()).items() if name != "sha256"} | {
        "documents": "many"
    }
    path.write_text(json.dumps({"sha256": json_digest(data), **data}))
    done = CliRunner().invoke(app, ["leaderboard", str(folder), "--out", str(tmp_path / "board")])
    assert done.exit_code == 0
    assert f"left out: {path.relative_to(folder).as_posix()}: documents: Input should be a valid integer" in done.stderr


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"documents": 0}, "documents is 0: nothing was scored"),
        ({"limit": 3}, "documents is 9, more than the limit of 3"),
        ({"created": "yesterday"}, "created 'yesterday' is not an ISO 8601 date and time"),
        ({"adapter": ADAPTER.model_copy(update={"sha256": "bad"})}, "adapter.sha256 'bad' is not a SHA-256"),
        ({"task": "a/../b"}, "task 'a/../b' holds a `..` path part"),
        ({"model": "org/x\x1b[2J"}, "model 'org/x<U+001B>[2J' holds characters that cannot be seen"),
        (
            {"scores": {"base": {"f1": 0.1, "em": 0.2}, "adapted": {"f1": 0.3}}},
            "1 scores of the base have no adapted twin: em",
        ),
    ],
)
def test_validate_finds_what_cannot_be(tmp_path, change, message):
    write_downstream(tmp_path, downstream_record(**change))
    printed = invoke("results", "validate", tmp_path, code=1)
    assert f"error: {message}" in printed
    assert "\x1b" not in printed
    assert "\x1b" not in invoke("results", "ls", tmp_path) + invoke("results", "show", tmp_path)


def test_validate_notes_what_stays_out_of_the_tables(tmp_path):
    scores = {"base": {"f1": None}, "adapted": {"f1": 0.4}}
    write_downstream(tmp_path, downstream_record(source="fixtures:xquad", limit=9, scores=scores))
    printed = invoke("results", "validate", tmp_path)
    assert "note: small samples that ship with the project: not a benchmark" in printed
    assert "note: only the first 9 documents" in printed
    assert "note: unscored: f1 (base)" in printed


def test_explain_says_plainly_what_it_lacks(tmp_path, folder):
    printed = invoke("explain", folder)
    assert "1 downstream records have no alignment record of the same model" in printed
    base = tmp_path / "base"
    RecordStore(base).write(scored_record())
    assert "no downstream records: `tli-bench run --tasks tli_alignment,tli_bitext" in invoke("explain", base)
    write_downstream(base, downstream_record(adapter=None, scores={"base": {"f1": 0.3}}))
    assert "1 downstream records have no adapter: nothing changed that could be related" in invoke("explain", base)


def test_explain_loads_no_torch(folder):
    require_light(["explain", folder], heavy=("torch", "transformers", "peft", "lm_eval", "matplotlib"))
