"""A model with all weights trained: what is saved, that its scores know where it comes from, and its card."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from tests.hub import LoopbackHub
from tli_bench.base.errors import AdapterError, ModelError, ResultError
from tli_bench.cli import main
from tli_bench.lexicon import load_lexicon
from tli_bench.lexicon.pairs import Split
from tli_bench.lexicon.trained import trained_by, trained_on
from tli_bench.models import LoadOptions, load_model
from tli_bench.models.tuned import read_model_card
from tli_bench.records import RecordStore
from tli_bench.records.before_after import before_after
from tli_bench.training import Recipe, train_adapter
from tli_bench.training.card import add_records
from tli_bench.training.data import sampled, split_data
from tli_bench.training.objective import PairObjective
from tli_bench.training.push import plan_push
from tli_bench.training.retention import sample_text
from tli_bench.training.scoring import CENTRE_WORDS, DevWords, dev_scores
from tli_bench.training.targets import resolve_targets
from tli_bench.vectors.protocols import Pooling

RECIPE = Recipe(name="whole", kind="full", batch_size=8, max_steps=3, learning_rate=1e-3, eval_steps=2)


@pytest.fixture(scope="module")
def bf16_folder(llama, tmp_path_factory) -> Path:
    """A base whose files hold bfloat16, as those of most models do."""
    folder = tmp_path_factory.mktemp("bf16") / "base"
    shutil.copytree(llama(layers=2), folder)
    model = load_model(str(folder)).model.to(torch.bfloat16)
    model.save_pretrained(folder)
    return folder


def test_a_tuned_model_is_stored_as_its_base_is_and_its_figures_are_of_what_is_stored(bf16_folder, lexicon, tmp_path):
    base = load_model(str(bf16_folder))
    assert (base.dtype, base.stored) == ("float32", "bfloat16")
    before = {name: p.clone() for name, p in base.model.named_parameters()}
    result = train_adapter(base, "swh-eng", RECIPE, tmp_path / "full", lexicon=lexicon)
    assert all(torch.equal(p, before[name]) for name, p in base.model.named_parameters())
    with safe_open(result.output / "model.safetensors", framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    assert {tensor.dtype for tensor in tensors.values()} == {torch.bfloat16}
    assert set(tensors) == set(before)  # the tied head is not there a second time
    assert json.loads((result.output / "config.json").read_text())["dtype"] == "bfloat16"
    tuned = load_model(str(result.output))
    dev = split_data(lexicon, Split.DEV, tuned.tokenizer, at_least=2)
    objective = PairObjective(tuned.model, resolve_targets(tuned.model, ["output"]), loss="infonce")
    train = split_data(lexicon, Split.TRAIN, tuned.tokenizer, at_least=2)
    assert dev_scores(objective, [DevWords(dev, sampled(train, CENTRE_WORDS, seed=0))]) == result.dev_after
    assert objective.embed(dev.sources, Pooling.WORD_MEAN)[0].dtype == torch.float32


def test_a_base_in_float32_gives_a_model_in_float32(loaded, lexicon, tmp_path):
    result = train_adapter(loaded, "swh-eng", RECIPE, tmp_path / "full", lexicon=lexicon)
    tuned = load_model(str(result.output))
    assert tuned.stored == "float32"
    assert json.loads((result.output / "tli_card.json").read_text())["saved_dtype"] == "float32"


def test_two_equal_trainings_give_the_same_files_and_no_path(bf16_folder, lexicon, tmp_path):
    files = []
    for name in ("one", "two"):
        folder = tmp_path / name / "full"
        train_adapter(load_model(str(bf16_folder)), "swh-eng", RECIPE, folder, lexicon=lexicon)
        files.append({path.name: path.read_bytes() for path in folder.iterdir()})
        assert {oct(path.stat().st_mode & 0o777) for path in folder.iterdir()} == {"0o644"}
    assert files[0] == files[1]
    assert set(files[0]) == {
        "README.md", "config.json", "generation_config.json", "model.safetensors", "tli_card.json", "tokenizer.json",
        "tokenizer_config.json",
    }  # fmt: skip
    assert not [name for name, content in files[0].items() if str(tmp_path).encode() in content]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["kl", "hidden"])
def test_retention_holds_a_whole_model_to_its_base_on_what_the_base_says(loaded, lexicon, tmp_path, kind):
    """Full fine-tuning compares with a frozen copy: with the term it ends nearer to the base on other such lines."""
    ids = torch.tensor(sample_text(loaded.model, loaded.tokenizer, seed=99)[:40])
    with torch.no_grad():
        base = loaded.model(ids).logits.log_softmax(-1)
    moved = {}
    recipe = RECIPE.with_options(max_steps=12, learning_rate=2e-3, keep="last", eval_steps=100)
    for retention in ("none", kind):
        chosen = recipe.with_options(retention=retention, retention_weight=1000.0)
        result = train_adapter(loaded, "swh-eng", chosen, tmp_path / retention, lexicon=lexicon)
        with torch.no_grad():
            now = load_model(str(result.output)).model(ids).logits.log_softmax(-1)
        moved[retention] = float((base.exp() * (base - now)).sum(-1).mean())
    assert moved[kind] < moved["none"] / 2


@pytest.fixture(scope="module")
def scored(tmp_path_factory) -> Path:
    """`tiny` tuned whole for a few steps, and runs of both through the command line."""
    work = tmp_path_factory.mktemp("scored")
    run = ["run", "--pairs", "swh-eng", "--limit", "90"]
    for arguments in (
        ["train", "-o", f"{work}/tiny-full", "--recipe", "full-finetune", "--retention", "none", "--steps", "4"],
        [*run, "--model", "tiny", "--adapter", "none", "--output", f"{work}/base"],
        [*run, "--model", f"{work}/tiny-full", "--output", f"{work}/full"],
    ):
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        assert stop.value.code == 0
    return work


def _record(folder):
    (record,) = RecordStore(folder)
    return record


def test_a_run_says_how_the_model_was_trained_and_from_what(scored):
    base, full = _record(scored / "base"), _record(scored / "full")
    training = full.signature.training
    assert base.signature.training is None
    assert (training.kind, training.name, training.recipe) == ("full", "tiny-full", "full-finetune+")
    assert (training.base, training.base_revision) == (base.signature.model, base.signature.revision)
    assert training.trainable_parameters == 4_361_856
    assert not full.signature.skip_gate  # the gate asks a tuned model about the text of its base


def test_base_and_tuned_model_are_compared_by_the_command_line(scored, capsys):
    with pytest.raises(SystemExit) as stop:
        main(
            [
                "compare",
                f"{scored}/base",
                f"{scored}/full",
                "--layer",
                "output",
                "--quantity",
                "p1_of_20",
                "--format",
                "json",
            ]
        )
    assert stop.value.code == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    found = before_after(_record(scored / "base"), _record(scored / "full"))
    same = (Split.CONTROL, row["layer_b"], row["quantity"])
    change = next(c for c in found.comparisons if (c.split, c.layer, c.quantity) == same)
    assert change.difference == pytest.approx(row["difference"], rel=1e-12)
    assert change.n > 20


def test_the_card_gets_before_and_after_from_both_runs(scored, tmp_path):
    folder = tmp_path / "tiny-full"
    shutil.copytree(scored / "tiny-full", folder)
    base, full = _record(scored / "base"), _record(scored / "full")
    card = add_records(folder, [full], base=[base])
    found = before_after(base, full)
    shown = [c for c in found.comparisons if c.split is not Split.DEV]
    assert [c["difference"] for c in card["records"][0]["comparisons"]] == [c.difference for c in shown]
    text = (folder / "README.md").read_text()
    assert "library_name: transformers" in text
    assert all(f"- {layer}: " in text for layer in found.verdicts)
    with pytest.raises(ResultError, match="no record of the base for tli_alignment_swh_Latn-eng_Latn"):
        add_records(folder, [full])
    with pytest.raises(ResultError, match="not tiny-full alone at sha256:"):
        add_records(folder, [base], base=[base])
    with pytest.raises(ResultError, match=r"was trained from tiny at sha256:.* the other record is of .*tiny-full"):
        add_records(folder, [full], base=[full])
    (folder / "tli_card.json").unlink()
    with pytest.raises(
        AdapterError, match=r"has no tli_card.json; only adapters and models trained by tli-bench have one"
    ):
        add_records(folder, [full], base=[base])


def relabelled(lexicon):
    """Control as train, under other ids."""
    words = lexicon.of(Split.CONTROL)
    return replace(lexicon, pairs=tuple(replace(p, concept=f"w{i}", split=Split.TRAIN) for i, p in enumerate(words)))


def test_a_model_trained_on_control_words_is_refused(scored, tmp_path, capsys):
    folder = tmp_path / "cheat"
    shutil.copytree(scored / "tiny-full", folder)
    card = json.loads((folder / "tli_card.json").read_text())
    control = load_lexicon(pair="swh-eng").of(Split.CONTROL)
    card["trained_forms"] = (trained_by(card) | trained_on(relabelled(load_lexicon(pair="swh-eng")))).as_card()
    (folder / "tli_card.json").write_text(json.dumps(card))
    arguments = ["run", "--model", str(folder), "--pairs", "swh-eng", "--limit", "90", "--output", f"{tmp_path}/runs"]
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert f"cheat was trained on {len(control)} of the {len(control)} control words" in capsys.readouterr().err
    assert not list(tmp_path.rglob("results_*.json"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read"),
        ("[]", "holds a list, not an object"),
        ('{"kind": "full", "name": "x"}', "is damaged: base: Input should be a valid string"),
        ('{"kind": "full", "base": {"id": "tiny"}}', "is damaged: name"),
    ],
)
def test_a_damaged_card_is_named(tmp_path, text, message):
    (tmp_path / "tli_card.json").write_text(text)
    with pytest.raises(ModelError, match=rf"tli_card.json.*{message}"):
        read_model_card(tmp_path)


def test_another_dtype_leaves_the_stored_one_known(bf16_folder):
    assert load_model(str(bf16_folder), LoadOptions(dtype="float16")).stored == "bfloat16"


def test_push_lists_a_whole_model(scored):
    assert {path.name for path in plan_push(scored / "tiny-full", "org/demo").files} == {
        "README.md", "config.json", "generation_config.json", "model.safetensors", "tli_card.json", "tokenizer.json",
        "tokenizer_config.json",
    }  # fmt: skip


HUB = """
import os, sys
from tli_bench.models import load_model
for name in ("org/tuned", "org/plain"):
    loaded = load_model(name)
    print(name, loaded.training.base if loaded.training else None, len((loaded.card or {}).get("trained_concepts", [])))
"""


@pytest.mark.slow
def test_a_tuned_model_from_the_hub_brings_its_card(loaded, llama_folder, lexicon, tmp_path):
    """Also from the cache alone, without a network."""
    result = train_adapter(loaded, "swh-eng", RECIPE, tmp_path / "tuned", lexicon=lexicon)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING_FACE", "TRANSFORMERS_"))}
    expected = f"org/tuned {loaded.id} {len(lexicon.of(Split.TRAIN))}\norg/plain None 0\n"
    with LoopbackHub({"org/tuned": result.output, "org/plain": llama_folder}, commit="5f3c0d1e" * 5) as hub:
        for offline in ("0", "1"):
            given = kept | {"HF_HOME": str(tmp_path / "home"), "HF_ENDPOINT": hub.endpoint, "HF_HUB_OFFLINE": offline}
            given |= {"HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "CUDA_VISIBLE_DEVICES": ""}
            done = subprocess.run(
                [sys.executable, "-c", HUB], env=given, capture_output=True, text=True, timeout=300, check=False
            )
            assert done.stdout == expected, done.stderr[-3000:]
