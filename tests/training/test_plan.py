"""`tli-bench plan`: sizes that follow from the configuration, what a machine holds, and commands that work there."""

import shlex

import pytest

from tests.command import require_light
from tli_bench.base.errors import InputError, ModelError
from tli_bench.cli.verbs import register
from tli_bench.models import load_model
from tli_bench.models.skeleton import describe
from tli_bench.training.need import Need, Workload, scoring_needs, training_needs
from tli_bench.training.plan import Machine, Planned, machine_of, plan, smallest, usual_trainings
from tli_bench.training.recipe import load_recipe

GB = 10**9


def need(total, *, host=0, block=0):
    return Need(total, 0, 0, 0, host, block)


@pytest.mark.parametrize(
    ("text", "machine"),
    [("24GB", Machine(1, 24 * GB, "24GB")), ("2x24GB", Machine(2, 24 * GB, "2x24GB")), ("8x80GiB", Machine(8, 80 * 2**30, "8x80GiB"))],
)  # fmt: skip
def test_gpus_are_read(text, machine):
    assert machine_of(text, None) == machine


@pytest.mark.parametrize(
    ("gpus", "ram", "message"),
    [("2", None, r"--gpus '2' is not a size; give --gpus 24GB or --gpus 2x24GB"), (None, "2x8GB", r"--ram '2x8GB' is not a size"),
     ("0x24GB", None, "is not a size"), ("24GB", "16GB", "give one of them")],
)  # fmt: skip
def test_what_is_no_machine_is_said(gpus, ram, message):
    with pytest.raises(InputError, match=message):
        machine_of(gpus, ram)


def test_a_machine_keeps_some_memory_for_itself_and_a_block_whole_on_each_gpu():
    assert machine_of("24GB", None).holds(need(23 * GB))
    assert not machine_of("24GB", None).holds(need(23 * GB + 1))
    two = machine_of("2x24GB", None)
    assert two.holds(need(45 * GB, block=GB))
    assert not two.holds(need(45 * GB, block=2 * GB))
    assert machine_of(None, "16GB").holds(need(10 * GB, host=3 * GB))
    assert not machine_of(None, "16GB").holds(need(10 * GB, host=4 * GB))
    assert (smallest(need(20 * GB)), smallest(need(10**15))) == ("1x24GB", "over 32x80GB")


def test_early_training_takes_the_first_blocks_and_quantising_takes_less():
    config = describe("HuggingFaceTB/SmolLM2-135M").config
    early, work = load_recipe("tli-early").with_options(retention="none"), Workload()
    asked = {"dtype": "bfloat16", "work": work}
    small = training_needs(config, early, quantizations=(None, "nf4"), **asked)
    whole = scoring_needs(config, quantizations=(None, "nf4", "nf4-double", "int8"), **asked)
    # Embeddings, and 2 of 30 blocks of 3.54 million numbers.
    assert small[None].weights == pytest.approx(2 * (49152 * 576 + 2 * 3_540_096), rel=1e-3)
    assert small[None].weights < 0.3 * whole[None].weights
    assert whole["nf4-double"].weights < whole["nf4"].weights < whole["int8"].weights < whole[None].weights
    # LoRA of rank 16 on seven matrices of two blocks, in fp32 with gradient and two moments.
    assert small[None].trained == 2 * 16 * (2 * (576 + 576) + 2 * (576 + 192) + 3 * (576 + 1536))
    assert small[None].adapter == 4 * small[None].trained
    assert small[None].state == 3 * small[None].adapter


def test_words_that_run_apart_for_dropout_take_more_than_words_that_share_their_prefixes():
    """Dropout anywhere that the configuration names, as a training decides it (`may_share`)."""
    from transformers import LlamaConfig

    small = {"hidden_size": 64, "intermediate_size": 256, "num_hidden_layers": 3, "num_attention_heads": 4}
    early = load_recipe("tli-early").with_options(retention="none", modules="q_proj")
    apart, shared = (
        training_needs(LlamaConfig(**small, attention_dropout=rate), early, dtype="float32", work=Workload())[None]
        for rate in (0.1, 0.0)
    )
    # Eight tokens of a word in place of the four that are its own.
    assert apart.activations > 1.5 * shared.activations
    assert apart.weights == shared.weights


@pytest.mark.slow
def test_deep_models_follow_from_shallow_ones(monkeypatch):
    """The same with every block run."""
    from tli_bench.training import need as module

    config, work = describe("HuggingFaceTB/SmolLM2-135M").config, Workload(words=64)
    recipe = load_recipe("tli").with_options(retention="none", modules="q_proj", batch_size=16)
    quick = (
        scoring_needs(config, dtype="bfloat16", work=work)[None],
        training_needs(config, recipe, dtype="bfloat16", work=work)[None],
    )
    monkeypatch.setattr(module, "DEEPEST", 30)
    slow = (
        scoring_needs(config, dtype="bfloat16", work=work)[None],
        training_needs(config, recipe, dtype="bfloat16", work=work)[None],
    )
    for ours, theirs in zip(quick, slow, strict=True):
        assert ours.total == pytest.approx(theirs.total, rel=0.01)
        assert ours.trained == theirs.trained


def test_a_plan_says_what_fits_and_its_commands_are_commands():
    import typer
    from typer.testing import CliRunner

    trainings = usual_trainings(None, [load_recipe(name) for name in ("tli-early", "full-finetune")])
    assert [one.recipe.retention for one in trainings] == ["none", "kl", "kl"]
    assert [one.options for one in trainings] == [" --retention none", "", ""]
    found = plan(describe("tiny"), machine=machine_of("24GB", None), trainings=trainings, early=2)
    lines = list(found.lines())
    assert found.parameters == load_model("tiny").parameters
    assert lines[0] == f"tiny: {found.parameters:,} parameters in 6 blocks (its config.json)"
    commands = [line.strip() for line in lines if line.strip().startswith("tli-bench ")]
    assert len(commands) == 5
    app = typer.Typer()
    register(app)
    for command in commands:
        _, verb, *arguments = shlex.split(command)
        told = CliRunner().invoke(app, [verb, *arguments, "--help"])
        assert told.exit_code == 0, told.output
        bad = CliRunner().invoke(app, [verb, *arguments, "--no-such-option"])
        assert "No such option" in bad.output
        assert "--no-such-option" in bad.output
    small = plan(describe("qwen2-72b"), machine=machine_of("24GB", None), trainings=trainings[:1], early=2)
    text = "\n".join(small.lines())
    assert "# score all layers: does not fit; 1x80GB would do with the smallest weights" in text
    assert "tli-bench train --model Qwen/Qwen2-72B --recipe tli-early --retention none" in text


def test_an_encoder_is_planned_for_without_a_text_of_its_own():
    """Its pooler shares a name with modules of its blocks, and it has no logits: both ended in a traceback."""
    from transformers import BertConfig

    size = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_attention_heads": 2,
        "num_hidden_layers": 4,
        "vocab_size": 99,
    }
    trainings = usual_trainings(None, [load_recipe(name) for name in ("tli-early", "tli", "full-finetune")])
    found = plan(describe("tiny")._replace(config=BertConfig(**size)), machine=None, trainings=trainings, early=2)
    assert [task.name for task in found.tasks] == [
        "score all layers", "score layers 0-2", "train tli-early, no retention: LoRA, loss at 2",
        "train tli, no retention: LoRA, loss at output", "train full-finetune, no retention: all weights, loss at output",
    ]  # fmt: skip
    rank, (width, inner) = load_recipe("tli-early").rank, (32, 64)
    per_block = rank * (4 * 2 * width + 2 * (width + inner))
    assert found.tasks[2].needs[None].trained == 2 * per_block


def test_layers_that_are_asked_for_have_to_be_there():
    from tests.command import tli_bench

    assert "the model has 6 blocks, so its first 50 cannot be taken; give 1 to 6" in tli_bench(
        "plan", "tiny", "--layers", "0-50", code=2
    )
    assert "score layers" not in tli_bench("plan", "tiny", "--train", "tli")
    assert "score layers 0-3" in tli_bench("plan", "tiny", "--layers", "0-3", "--train", "tli")


def test_what_cannot_be_planned_is_said(tmp_path):
    (tmp_path / "x.gguf").write_bytes(b"")
    with pytest.raises(ModelError, match=r"is a GGUF file, which has no config\.json; plan for the model"):
        describe(str(tmp_path / "x.gguf"))
    with pytest.raises(InputError, match="this model has 6 blocks"):
        plan(describe("tiny"), machine=None, trainings=[Planned(load_recipe("tli").with_options(layer="9"))], early=2)


def test_the_list_of_models_stays_light():
    assert require_light(["ls", "models"])
