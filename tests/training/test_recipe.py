"""Recipes: what ships, what is refused, and the published one field by field."""

import importlib.util

import pytest

from tli_bench.base.errors import InputError, UnknownNameError
from tli_bench.training import Recipe, load_recipe, recipe_names, train_adapter
from tli_bench.vectors.protocols import Pooling


def test_every_shipped_recipe_loads_under_its_own_name():
    assert {"tli", "tli-paper", "full-depth-lora", "full-finetune"} <= set(recipe_names())
    for name in recipe_names():
        recipe = load_recipe(name)
        assert recipe.name == name
        assert recipe.summary


def test_the_published_recipe():
    """Values as in arXiv 2506.15415, section on training."""
    paper = load_recipe("tli-paper")
    assert (paper.rank, paper.alpha, paper.dropout, paper.modules) == (16, 32, 0.05, ("q_proj", "v_proj"))
    assert (paper.loss, paper.margin, paper.layer, paper.blocks) == ("triplet", 0.4, ("2",), "all")
    assert (paper.batch_size, paper.epochs, paper.learning_rate, paper.warmup_steps) == (8, 5, 2e-4, 50)
    assert paper.schedule == "linear"
    assert paper.pooling is Pooling.ALL_MEAN
    assert paper.keep == "last"
    assert not paper.mask_false_negatives


def test_an_unknown_recipe_is_suggested():
    with pytest.raises(UnknownNameError, match="unknown recipe 'tli-papr'; did you mean 'tli-paper'"):
        load_recipe("tli-papr")


def test_an_unknown_key_is_suggested_and_the_file_named(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("learning_rat: 1.0e-3\n")
    with pytest.raises(
        UnknownNameError, match=r"unknown recipe key 'learning_rat'; did you mean 'learning_rate'.*mine"
    ):
        load_recipe(str(path))


def test_a_file_is_named_after_itself_and_takes_layers_as_numbers_lists_or_text(tmp_path):
    path = tmp_path / "mine.yaml"
    for text, expected in (("2", ("2",)), ("[2, output]", ("2", "output")), ("1,before-norm", ("1", "before-norm"))):
        path.write_text(f"layer: {text}\nlearning_rate: 2e-4\n")
        recipe = load_recipe(str(path))
        assert (recipe.name, recipe.layer, recipe.learning_rate) == ("mine", expected, 2e-4)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("batch_size: 1", "batch_size 1 leaves infonce no negatives"),
        ("batch_size: 0", "batch_size: .*greater than or equal to 1"),
        ("layer: 0", "layer 0 is the embeddings"),
        ("layer: top", "layer 'top' is neither a number"),
        ("patience: 3\nkeep: last", "patience 3 stops at the best evaluation"),
        ("kind: full\ndora: true", "variants of LoRA"),
        ("rank: yes", r"rank: YAML reads this as yes or no; give a number, or put a text in quotes \(given: True\)"),
        ("modules: [on, q_proj]", "modules: YAML reads this as yes or no"),
        ("max_steps: 3\nepochs: 2", r"bad.yaml: max_steps and epochs both say how long to train; give one of them"),
        ("layer: '\u00b2'", "layer '\u00b2' is neither a number"),
        ("layer: '00'", "layer '00' is neither a number"),
        ("modules: [all-linear, q_proj]", "all-linear is every linear module; name no others next to it"),
        ("name: ''", "name: .*at least 1 character"),
        ("learning_rate: fast", "learning_rate: .*number.*'fast'"),
        ("loss: tripplet", "unknown loss 'tripplet'; did you mean 'triplet'"),
        ("pooling: bos", "pooling: .*word-mean"),
        ("- 1", "holds a list"),
        ("a: [", "cannot be read as YAML"),
        ("!!python/object/apply:os.system ['true']", "cannot be read as YAML"),
    ],
)
def test_a_recipe_that_cannot_work_is_refused(tmp_path, text, message):
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises((InputError, UnknownNameError), match=message):
        load_recipe(str(path))


def test_epochs_that_are_given_take_the_place_of_the_recipes_steps():
    """A recipe's own max_steps went on deciding, and `--epochs 3` did nothing."""
    steps = Recipe(max_steps=5)
    assert (steps.with_options(epochs=3).max_steps, steps.with_options(epochs=3).epochs) == (None, 3)
    assert steps.with_options(max_steps=7).max_steps == steps.with_options(rank=2, max_steps=7).max_steps == 7
    with pytest.raises(InputError, match="options: max_steps and epochs both say how long to train"):
        steps.with_options(max_steps=7, epochs=3)


@pytest.mark.parametrize(
    ("name", "message"),
    [("nonsense", "unknown logger 'nonsense'; known: tensorboard, trackio, wandb"), ("wandb", "wandb")],
)
def test_a_logger_that_is_not_there_is_told_before_anything_is_loaded(name, message):
    if name == "wandb" and importlib.util.find_spec("wandb"):
        pytest.skip("wandb is installed, so that nothing is missing")
    with pytest.raises((InputError, UnknownNameError), match=message):
        train_adapter("no/such-model", "swh-eng", Recipe(report_to=name), "unused")


def test_a_batch_of_one_is_fine_for_a_loss_without_negatives():
    assert Recipe(loss="cosine", batch_size=1).batch_size == 1


def test_options_that_change_nothing_keep_the_name():
    recipe = load_recipe("tli")
    assert recipe.with_options(rank=None) == recipe
    assert recipe.with_options(rank=recipe.rank).name == "tli"
    assert recipe.with_options(rank=4).with_options(alpha=8).name == "tli+"
