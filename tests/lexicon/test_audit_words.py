"""Audit words are sealed: no road but the one that scores them for a board gives any of them out."""

import importlib.util
import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from tests.sealed import sealed_core
from tli_bench.base.errors import LexiconError
from tli_bench.base.paths import data_dir
from tli_bench.cli import app
from tli_bench.cli.verbs import register
from tli_bench.languages import DEFAULT_PAIRS, resolve_pair
from tli_bench.lexicon import check, export, load_lexicon
from tli_bench.lexicon.core import parse_split
from tli_bench.lexicon.declared import declared_words
from tli_bench.lexicon.pairs import SHOWN, Split
from tli_bench.plugin.tasks import AlignmentTask, ControlProbeTask, TrainedProbeTask
from tli_bench.training.data import split_data
from tli_bench.training.sweep import _Judge

register(app)
train = importlib.import_module("tli_bench.training.train")
TOOLS = Path(__file__).parents[2] / "tools"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tasks")


@pytest.fixture(scope="module")
def core(folder):
    with sealed_core(folder) as core:
        yield core


@pytest.fixture(scope="module")
def sealed(core):
    found = {concept for concept, split in core.splits.items() if split is Split.AUDIT}
    assert len(found) > 50
    return found


@pytest.mark.parametrize("pair", DEFAULT_PAIRS)
def test_a_pair_has_none(core, sealed, pair):
    for lexicon in (load_lexicon("core", pair=pair), load_lexicon("core", pair=pair, seed=7)):
        assert not sealed & {p.concept for p in lexicon.pairs}
        assert not lexicon.of(Split.AUDIT)


@pytest.mark.parametrize("name", ["out.tsv", "out.json"])
def test_an_export_has_none(core, sealed, tmp_path, name):
    export(load_lexicon("core", pair="swh-eng"), tmp_path / name, format=name[4:])
    assert "audit" not in (tmp_path / name).read_text("utf-8")
    assert not sealed & {p.concept for p in load_lexicon(tmp_path / name, pair="swh-eng").pairs}


def test_an_export_for_muse_has_none(core, tmp_path):
    lexicon = load_lexicon("core", pair="swh-eng")
    export(lexicon, tmp_path / "out.txt", format="muse")
    audit = core.lexicon(*resolve_pair("swh-eng"), audit=True).of(Split.CONTROL)
    shared = {(s, t) for p in lexicon.pairs for s in p.sources for t in p.targets}
    lines = set((tmp_path / "out.txt").read_text("utf-8").splitlines())
    alone = {(s, t) for p in audit for s in p.sources for t in p.targets} - shared
    assert alone
    assert not lines & {" ".join(form.replace(" ", "_") for form in forms) for forms in alone}


@pytest.mark.parametrize("task", [AlignmentTask, TrainedProbeTask, ControlProbeTask])
def test_a_task_reads_none_unless_it_is_told(core, sealed, task):
    metadata = {"pair": "swh_Latn-eng_Latn"}
    assert not sealed & {p.concept for p in task({"metadata": metadata}).pairs}


def test_the_task_of_a_board_has_them_in_place_of_the_control_words(core, sealed):
    plain, audit = (
        AlignmentTask({"metadata": {"pair": "swh_Latn-eng_Latn", "audit": told}}).lexicon for told in (False, True)
    )
    assert {p.concept for p in audit.of(Split.CONTROL)} <= sealed
    assert (audit.of(Split.TRAIN), audit.of(Split.DEV)) == (plain.of(Split.TRAIN), plain.of(Split.DEV))
    assert audit.content_hash != plain.content_hash
    assert (plain.name, audit.name) == ("core", "core audit")


@pytest.mark.slow
def test_a_training_reads_none(core, sealed, tmp_path, monkeypatch):
    read = []
    monkeypatch.setattr(
        train, "split_data", lambda words, *a, **o: read.extend(words.lexicons) or split_data(words, *a, **o)
    )
    arguments = ["train", "-m", "tiny", "--pair", "swh-eng", "--steps", "1", "--output", str(tmp_path / "adapter")]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, (done.output, done.exception)
    assert read
    assert not any(sealed & {p.concept for p in lexicon.pairs} for lexicon in read)
    card = json.loads((tmp_path / "adapter" / "tli_card.json").read_text("utf-8"))
    assert card["trained_concepts"]
    assert not sealed & set(card["trained_concepts"])


def test_a_sweep_judges_by_none(core, sealed):
    judge = _Judge(None, SimpleNamespace(lexicon="core", control=True))
    assert not sealed & {p.concept for p in judge.words("swh_Latn-eng_Latn").lexicons[0].pairs}


def test_the_doctor_covers_them(core):
    assert not check(core).failed


def test_a_list_has_no_audit_split(tmp_path):
    with pytest.raises(LexiconError, match="x:1: split 'audit' is not one of train, dev, control"):
        parse_split("audit", where="x:1")
    assert parse_split("audit", where="x:1", known=tuple(Split)) is Split.AUDIT
    assert Split.AUDIT not in SHOWN


def test_declared_words_leave_them_out(tmp_path):
    (tmp_path / "x.tsv").write_text("source\ttarget\tsplit\njua\tsun\taudit\nmaji\twater\ttrain\n")
    assert declared_words(tmp_path / "x.tsv") == {"maji", "water"}


def test_a_release_writes_no_pair_file_of_them(core, folder, sealed):
    spec = importlib.util.spec_from_file_location("lexicon_release", TOOLS / "lexicon_release.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert tool.PUBLISHED == SHOWN
    shutil.copyfile(data_dir("tasks") / "lexicon" / "README.md", folder / "lexicon" / "README.md")
    files = tool.released(folder / "lexicon")
    pairs = {path: text for path, text in files.items() if path.suffix == ".tsv" and path.parent.parent.name == "pairs"}
    assert {path.stem for path in pairs} == {"train", "dev", "control"}
    assert not sealed & {line.split("\t")[0] for text in pairs.values() for line in text.splitlines()}
    card = files[folder / "lexicon" / "README.md"]
    assert "audit.tsv" not in card
    assert "split: audit" not in card


def test_the_records_of_the_board_are_made_with_their_audit_words():
    from tools.leaderboard_records import audit_of

    assert audit_of("tiny") == ["submit", "build/leaderboard-runs/tiny", "--out", "build/leaderboard-runs/tiny.zip"]
