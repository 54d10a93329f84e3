"""Adapters that our own trainer made, scored on words that they have seen: refused, left out, flagged or declared."""

import json
import shutil

import lm_eval
import peft
import pytest
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager

from tli_bench.base.errors import AdapterError
from tli_bench.base.paths import data_dir
from tli_bench.cli import main
from tli_bench.config.facts import flags_of
from tli_bench.lexicon import load_lexicon
from tli_bench.lexicon.pairs import Split
from tli_bench.lexicon.trained import UNKNOWN
from tli_bench.models import load_model
from tli_bench.plugin.stock import stock_identity
from tli_bench.records import RecordStore
from tli_bench.records.trained import trained_here
from tli_bench.records.validate import validate_record
from tli_bench.report.entries import collect
from tli_bench.stats.verdict import VerdictKind
from tli_bench.training import load_recipe, train_adapter
from tli_bench.vectors.backend import Backend

TASK = "tli_alignment_swh_Latn-eng_Latn"
CORE = load_lexicon(pair="swh-eng")
CONTROL, TRAIN = CORE.of(Split.CONTROL), CORE.of(Split.TRAIN)
SHIPPED = data_dir("adapters") / "tiny-swh-eng-tli"
SEEN = 5


def listed(pairs, path):
    """The strings of these pairs under ids of somebody else's, with a few dev words of its own."""
    rows = [f"w{i}\t{p.source}\t{p.target}\ttrain" for i, p in enumerate(pairs)]
    rows += [f"d{i}\t{p.source}\t{p.target}\tdev" for i, p in enumerate(CORE.of(Split.DEV)[:20])]
    path.write_text("\n".join(["concept\tswh_Latn\teng_Latn\tsplit", *rows]) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Two adapters of tiny by our trainer: of the control words, and of train words with a few control words."""
    root, tiny = tmp_path_factory.mktemp("trained"), load_model("tiny")
    recipe = load_recipe("tli-early").with_options(max_steps=2, batch_size=8, retention="none")
    found = {}
    for name, pairs in (("all", CONTROL), ("few", (*TRAIN[:60], *CONTROL[:SEEN]))):
        lexicon = load_lexicon(listed(pairs, root / f"{name}.tsv"), pair="swh-eng")
        found[name] = train_adapter(tiny, "swh-eng", recipe, root / name, lexicon=lexicon).output
    return found


@pytest.fixture
def run(tmp_path):
    """Runs the command and gives back its exit status and the records."""

    def go(adapter, *more, pair="swh-eng"):
        out = tmp_path / "runs"
        cheap = ("--no-confirm", "--placebo", "0", "--twin", "none")
        with pytest.raises(SystemExit) as stop:
            main(["run", "--adapter", str(adapter), "--pairs", pair, "--output", str(out), *cheap, *map(str, more)])
        return stop.value.code, list(RecordStore(out)) if out.is_dir() else []

    return go


@pytest.fixture
def without_card(tmp_path):
    folder = shutil.copytree(SHIPPED, tmp_path / "foreign")
    (folder / "tli_card.json").unlink()
    (folder / "README.md").unlink()
    return folder


@pytest.mark.parametrize("pair", ["swh-eng", "tur-eng", "eng-swh"])
def test_control_words_under_other_ids_are_refused_whatever_the_pair(pair, trained, run, capsys):
    code, records = run(trained["all"], "--limit", 60, pair=pair)
    assert (code, records) == (2, [])
    assert "all was trained on" in (said := " ".join(capsys.readouterr().err.split()))
    assert "so they are not unseen" in said


@pytest.mark.slow
def test_allowed_leakage_scores_every_word_and_says_so(trained, run):
    code, (record,) = run(trained["few"], "--allow-leakage")
    assert code == 0
    assert record.signature.leaking
    assert record.signature.seen_control == ()
    assert record.signature.n["control"] == len(CONTROL)
    assert flags_of(record.signature) == ("leaking",)


@pytest.mark.parametrize(("adapter", "expected"), [("few", "train split"), (SHIPPED, "trained")])
def test_the_train_split_is_called_trained_only_where_the_training_saw_it(adapter, expected, trained, run, capsys):
    """A list of one's own on the same pair holds 60 of its words: no trained words, no contrast and nothing memorised here."""
    code, (record,) = run(trained.get(adapter, adapter), "--limit", 600)
    signature = record.signature
    assert code == 0
    assert (signature.seen_train == signature.n["train"]) is (expected == "trained")
    assert trained_here(signature) is (expected == "trained")
    assert f"{signature.n['train']} {expected}" in " ".join(capsys.readouterr().out.split())
    assert all(verdict.kind is not VerdictKind.MEMORISES for verdict in record.verdicts.values())


@pytest.mark.slow
def test_a_few_seen_control_words_are_left_out_counted_and_never_mixed_up(trained, run, tmp_path, capsys):
    code, (record,) = run(trained["few"])
    left_out = record.signature.seen_control
    assert code == 0
    assert set(left_out) >= {p.concept for p in CONTROL[:SEEN]}
    assert record.signature.n["control"] == len(CONTROL) - len(left_out)
    assert not set(left_out) & set(record.words[Split.CONTROL].concepts)
    assert len(record.columns[Split.CONTROL]["adapted"][record.layers[-1]]["p1"]) == len(CONTROL) - len(left_out)
    assert f"{len(left_out)} control words were trained and are left out" in capsys.readouterr().out
    assert flags_of(record.signature) == ()
    checked = validate_record(record)
    assert checked.errors == ()
    assert any(note.startswith(f"{len(left_out)} control words were trained") for note in checked.notes)

    # The same again is read back; with one more word declared it is another unit.
    assert len(run(trained["few"])[1]) == 1
    assert "done before" in capsys.readouterr().out
    more = tmp_path / "more.txt"
    more.write_text(f"{CONTROL[-1].target}\n", encoding="utf-8")
    code, records = run(trained["few"], "--trained-words", more)
    assert (code, len(records)) == (0, 2)
    assert "done before" not in capsys.readouterr().out
    wider = max((r.signature for r in records), key=lambda s: len(s.seen_control))
    assert set(left_out) | {CONTROL[-1].concept} <= set(wider.seen_control)


@pytest.mark.slow
def test_an_adapter_without_a_card_has_no_rank_until_its_words_are_declared(without_card, run, tmp_path, capsys):
    code, (record,) = run(without_card, "--limit", 90)
    assert code == 0
    assert "training unknown" in capsys.readouterr().out
    assert flags_of(record.signature)[0] == "training unknown"
    assert "training unknown" not in flags_of(record.signature, adapter=False)
    (entries,) = collect([record]).boards.values()
    assert {key.adapter != "": "training unknown" in key.flags for key in entries} == {True: True, False: False}

    declared = tmp_path / "seen.tsv"
    declared.write_text("".join(f"{p.source}\t{p.target}\n" for p in TRAIN), encoding="utf-8")
    code, records = run(without_card, "--limit", 90, "--trained-words", declared)
    (known,) = [r for r in records if r.signature.trained_words]
    assert (code, len(records), known.signature.training_unknown, known.signature.seen_control) == (0, 2, False, ())
    assert "which words were trained was declared by whoever ran it, not by a card" in validate_record(known).notes

    declared.write_text("".join(f"{p.source}\t{p.target}\n" for p in CONTROL), encoding="utf-8")
    assert run(without_card, "--limit", 90, "--trained-words", declared)[0] == 2
    assert f"foreign was trained on {len(CONTROL)} of the {len(CONTROL)}" in capsys.readouterr().err


def test_a_shipped_adapter_is_known(run):
    code, (record,) = run(SHIPPED, "--limit", 60)
    assert code == 0
    assert flags_of(record.signature) == ("limit 60",)
    assert record.signature.seen_control == ()


def test_a_list_that_cannot_be_read_ends_the_run(run, tmp_path, capsys):
    assert run(SHIPPED, "--trained-words", tmp_path / "none.txt") == (2, [])
    assert "none.txt: No such file" in capsys.readouterr().err


def scored(model, metadata=None, **arguments):
    manager = TaskManager(include_path=str(data_dir("tasks")), include_defaults=False, metadata=metadata)
    return lm_eval.simple_evaluate(
        model=model, tasks=[TASK], task_manager=manager, limit=60, bootstrap_iters=0, **arguments
    )


def test_model_arguments_declare_words_too(without_card, tmp_path):
    import tli_bench.plugin.lm  # noqa: F401

    declared = tmp_path / "seen.json"
    declared.write_text(json.dumps([p.target for p in CONTROL]), encoding="utf-8")
    arguments = {"pretrained": "tiny", "adapter": str(without_card), "trained_words": str(declared)}
    with pytest.raises(AdapterError, match="foreign was trained on"):
        scored("tli", model_args=arguments)


def stock(folder):
    tiny = load_model("tiny")
    return HFLM(pretrained=tiny.path, peft=str(folder), backend="causal", batch_size=64, device="cpu", dtype="float32")


@pytest.mark.slow
def test_stock_models_are_checked_alike(trained, without_card, tmp_path, caplog):
    with pytest.raises(AdapterError, match="all was trained on"):
        scored(stock(trained["all"]))
    lm = stock(without_card.rename(tmp_path / "nameless"))  # each name is warned of once
    assert scored(lm)["results"][TASK]
    assert "training unknown: nobody says which words nameless was trained on" in caplog.text
    declared = tmp_path / "seen.txt"
    declared.write_text("\n".join(p.source for p in CONTROL), encoding="utf-8")
    with pytest.raises(AdapterError, match="nameless was trained on"):
        scored(lm, metadata={"trained_words": str(declared)})


def test_an_adapter_in_memory_is_unknown_and_a_plain_model_is_what_it_is(trained):
    tiny = load_model("tiny")

    def identity(model):
        lm = HFLM(pretrained=model, tokenizer=tiny.tokenizer, backend="causal", batch_size=64)
        with Backend(lm._model, lm.tokenizer).unchanged() as held:
            return stock_identity(lm, held)

    assert identity(tiny.model).trained.known
    assert identity(peft.get_peft_model(tiny.model, peft.LoraConfig(r=2, target_modules=["q_proj"]))).trained == UNKNOWN
