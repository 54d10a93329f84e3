"""`tli-bench submit` scores the sealed words once, next to the control words of the same row."""

import json
import re
import shutil
import zipfile

import pytest
from typer.testing import CliRunner

from tests.sealed import sealed_core
from tli_bench.base.errors import InputError, ResultError
from tli_bench.cli import app
from tli_bench.cli.verbs import register
from tli_bench.config.run import RunConfig
from tli_bench.lexicon.pairs import Split
from tli_bench.plugin.audit import pending, require_same, without_stale
from tli_bench.plugin.scoring import open_model
from tli_bench.records import RecordStore
from tli_bench.records.audit import gap_of
from tli_bench.records.store import read_record
from tli_bench.records.validate import validate_record
from tli_bench.report.table import build, load_results

register(app)
PAIRS = ("swh_Latn-eng_Latn", "tur_Latn-eng_Latn")


def invoke(*arguments, code=0):
    done = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=True)
    assert done.exit_code == code, (done.output, done.exception)
    return done


@pytest.fixture(scope="module")
def core(tmp_path_factory):
    # Half of the words: more than P@1 of 50 needs, control and audit alike.
    with sealed_core(tmp_path_factory.mktemp("tasks"), one_in=2) as core:
        yield core


@pytest.fixture(scope="module")
def sealed(core):
    return {concept for concept, split in core.splits.items() if split is Split.AUDIT}


@pytest.fixture(scope="module")
def run(core, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "mine"
    output = invoke("run", "--adapter", "none", "--pairs", ",".join(PAIRS), "--no-confirm", "--output", folder).output
    assert "audit" not in output.lower()
    return folder


@pytest.fixture(scope="module")
def submitted(run, tmp_path_factory):
    """What submit printed the first time, and the file that it packed."""
    packed = tmp_path_factory.mktemp("packed") / "mine.zip"
    return invoke("submit", run, "--out", packed).output, packed


def test_a_run_reads_no_audit_word(run, sealed):
    for record in RecordStore(run):
        assert set(record.words) == {Split.TRAIN, Split.DEV, Split.CONTROL}
        assert not sealed & {concept for words in record.words.values() for concept in words.concepts}
        assert not record.signature.audit


def test_submit_scores_what_is_missing_and_shows_both_side_by_side(submitted, run, sealed):
    output, _ = submitted
    assert "4 records" in output
    told = next(line for line in output.splitlines() if "of audit words" in line)
    assert re.search(r"P@1 of 50 of control words 0\.\d{3}, of audit words 0\.\d{3}, mean over 2 pairs", told)
    assert "no more than chance" in told or "Control exceeds audit by more than chance" in told
    audits = [record for record in RecordStore(run).everything() if record.signature.audit]
    assert {record.pair for record in audits} == set(PAIRS)
    for record in audits:
        assert set(record.words[Split.CONTROL].concepts) <= sealed
        assert validate_record(record).errors == ()
        assert record.recipe["audit"] is True
    gap = gap_of(RecordStore(run).everything())
    assert f"{gap.control:.3f}, of audit words {gap.audit:.3f}" in told


def test_control_and_audit_are_read_at_one_layer_that_the_same_dev_words_chose(submitted, run):
    found = {(record.pair, record.signature.audit): record for record in RecordStore(run).everything()}
    for pair in PAIRS:
        control, audit = found[pair, False], found[pair, True]
        assert control.best_layer == audit.best_layer
        assert control.words[Split.DEV] == audit.words[Split.DEV]
        assert control.curves[Split.DEV]["base"]["p1_of_50"] == pytest.approx(
            audit.curves[Split.DEV]["base"]["p1_of_50"]
        )


def test_what_is_scored_is_not_scored_again(submitted, run, tmp_path, monkeypatch):
    _, first = submitted
    before = {path: path.read_bytes() for path in run.rglob("*.json")}
    monkeypatch.setattr("tli_bench.plugin.scoring.open_model", lambda config: pytest.fail("the model was loaded again"))
    invoke("submit", run, "--out", tmp_path / "again.zip")
    assert {path: path.read_bytes() for path in run.rglob("*.json")} == before
    assert (tmp_path / "again.zip").read_bytes() == first.read_bytes()


@pytest.mark.slow
def test_only_the_missing_pair_is_scored(submitted, run, tmp_path):
    path = next(p for p in sorted((run / "audit").rglob("*.json")) if PAIRS[1] in p.name)
    kept = next(p for p in sorted((run / "audit").rglob("*.json")) if PAIRS[0] in p.name)
    before, date = path.read_bytes(), kept.stat().st_mtime_ns
    path.unlink()
    invoke("submit", run, "--out", tmp_path / "again.zip")
    assert kept.stat().st_mtime_ns == date
    assert read_record(path).signature.pair == PAIRS[1]
    path.write_bytes(before)


def test_the_manifest_says_whether_the_audit_words_are_there(submitted, run, tmp_path):
    def manifest(path):
        with zipfile.ZipFile(path) as archive:
            return json.loads(archive.read("manifest.json"))

    assert manifest(submitted[1])["audit"] is True
    output = invoke("submit", run, "--no-audit", "--out", tmp_path / "without.zip").output
    assert "2 records" in output
    assert "without audit words" in output
    assert manifest(tmp_path / "without.zip")["audit"] is False


def test_reviewers_read_and_merge_both(submitted, tmp_path):
    output = invoke("results", "validate", submitted[1]).output
    assert "4 valid" in output
    assert "audit words: shown next to the control words of the same row" in output
    assert "4 added" in invoke("results", "merge", submitted[1], "--into", tmp_path / "in").output
    records, scores = load_results(tmp_path / "in")
    board = build(records, scores=scores).boards[0]
    assert len(board.entries) == 1
    row = board.sections[0].rows[0]
    assert row.gap.audit == pytest.approx(row.cells["audit"])
    assert row.gap.control == pytest.approx(row.score)


def test_a_doctored_audit_record_is_found(submitted, run):
    record = next(record for record in RecordStore(run).everything() if record.signature.audit)
    control = next(record for record in RecordStore(run))
    words = record.words | {Split.CONTROL: control.words[Split.CONTROL]}
    assert any(
        "are not in core audit" in error for error in validate_record(record.model_copy(update={"words": words})).errors
    )


@pytest.mark.parametrize(
    "verb",
    [
        ("compare", "{run}", "{run}", "--format", "json"),
        ("plot", "curves", "{run}", "--out", "{out}"),
        ("explain", "{run}"),
    ],
)
def test_verbs_that_conclude_read_control_words_alone(submitted, run, tmp_path, verb):
    """The same as before the audit words were there."""
    bare = tmp_path / "bare"
    for record in RecordStore(run):
        RecordStore(bare).write(record)
    outputs = [
        invoke(*(part.format(run=folder, out=tmp_path / "plots") for part in verb))
        .output.replace(str(folder), "RUN")
        .replace("/".join(folder.parts[-2:]), "RUN")
        .split()
        for folder in (run, bare)
    ]
    assert outputs[0] == outputs[1]


def test_verbs_that_conclude_refuse_audit_words_alone(submitted, run):
    for verb in (("compare", run / "audit", run), ("plot", "curves", run / "audit")):
        assert "holds no records of control words" in str(invoke(*verb, code=1).exception)


def test_control_and_audit_are_never_compared_as_if_they_were_one_thing(submitted, run):
    control, audit = (
        next(r for r in RecordStore(run).everything() if r.signature.audit is side) for side in (False, True)
    )
    with pytest.raises(ResultError, match=r"not comparable: lexicon is 'core .*' in one score and 'core audit"):
        control.signature.require_comparable(audit.signature)


def test_results_ls_names_the_audit_words(submitted, run):
    lines = invoke("results", "ls", run).output.splitlines()
    assert sum("[audit words]" in line for line in lines) == 2


def test_another_model_than_the_one_scored_is_refused(submitted, run):
    record = next(iter(RecordStore(run)))
    identity = open_model(RunConfig(adapter="none")).identity
    require_same(record.signature, identity)
    changed = record.signature.model_copy(update={"revision": "sha256:other"})
    with pytest.raises(
        ResultError, match=r"revision was 'sha256:other' and is .* run the control words again, or give --no-audit"
    ):
        require_same(changed, identity)


def test_a_changed_model_is_refused_before_anything_is_scored(core, model_folder, tmp_path):
    run, model = tmp_path / "run", tmp_path / "model"
    shutil.copytree(model_folder("llama"), model)
    invoke(
        "run",
        "--model",
        model,
        "--adapter",
        "none",
        "--pairs",
        PAIRS[0],
        "--no-confirm",
        "--skip-gate",
        "--output",
        run,
    )
    shutil.rmtree(model)
    shutil.copytree(model_folder("llama", seed=1), model)
    error = str(invoke("submit", run, "--out", tmp_path / "x.zip", code=1).exception)
    assert "but revision was 'sha256:" in error
    assert not (tmp_path / "x.zip").exists()
    assert not list((run / "audit").rglob("*.json"))


@pytest.mark.slow
def test_an_adapter_and_its_base_are_both_audited_without_twin_and_placebos(core, tmp_path):
    run = tmp_path / "run"
    invoke("run", "--pairs", PAIRS[0], "--no-confirm", "--placebo", 2, "--output", run)
    output = invoke("submit", run, "--out", tmp_path / "x.zip").output
    assert re.search(r"tiny, tiny-swh-eng-tli, words\.v2: P@1 of 50 of control words", output)
    control, audit = (
        next(r for r in RecordStore(run).everything() if r.signature.audit is side) for side in (False, True)
    )
    assert (control.signature.placebo, control.signature.twin is None) == (2, False)
    assert (audit.signature.placebo, audit.signature.twin) == (0, None)
    assert audit.signature.adapter == control.signature.adapter
    rows = build(RecordStore(run).everything()).boards[0].sections[0].rows
    assert len(rows) == 2
    assert all(row.gap for row in rows)


def test_run_never_scores_them(tmp_path):
    (tmp_path / "x.yaml").write_text("audit: true\n")
    error = invoke("run", "--config", tmp_path / "x.yaml", "--output", tmp_path / "x", code=1).exception
    assert isinstance(error, InputError)
    assert "`tli-bench submit`" in str(error)
    assert "audit" not in invoke("run", "--help").output.lower()


@pytest.mark.slow
def test_records_that_do_not_say_how_they_were_made_are_refused(submitted, run, tmp_path):
    for record in RecordStore(run):
        RecordStore(tmp_path / "bare").write(record.model_copy(update={"recipe": None}))
    error = str(invoke("submit", tmp_path / "bare", "--out", tmp_path / "x.zip", code=1).exception)
    assert "has no run.yaml" in error
    assert "--no-audit" in error
    (tmp_path / "bare" / "run.yaml").write_bytes((run / "run.yaml").read_bytes())
    invoke("submit", tmp_path / "bare", "--out", tmp_path / "x.zip")


def test_control_words_of_another_core_are_refused(submitted, run, tmp_path):
    for record in RecordStore(run):
        other = record.signature.model_copy(update={"lexicon_hash": "0" * 64, "lexicon": "core 0.0.1"})
        RecordStore(tmp_path).write(record.model_copy(update={"signature": other}))
    error = str(invoke("submit", tmp_path, "--out", tmp_path / "x.zip", code=1).exception)
    assert "are those of core 0.0.1, but this is core" in error


def test_audit_words_that_the_core_no_longer_has_are_not_packed(core, submitted, run):
    records = list(RecordStore(run).everything())
    assert pending(run, records, core) == []
    stale = [
        record.model_copy(update={"signature": record.signature.model_copy(update={"lexicon_hash": "0" * 64})})
        if record.signature.audit
        else record
        for record in records
    ]
    assert [record.signature.audit for record in without_stale(stale, core)] == [False, False]
    (left,) = pending(run, stale, core)
    assert left.config.pairs == PAIRS
    assert (left.config.audit, left.config.output) == (True, run / "audit")
