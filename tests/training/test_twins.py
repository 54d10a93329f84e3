"""A training and its twin on shuffled pairs: the same in everything else, each named in the other's card."""

import json

import peft
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from tli_bench import train
from tli_bench.base.errors import InputError
from tli_bench.languages import resolve_pair
from tli_bench.lexicon import Lexicon
from tli_bench.lexicon.pairs import Split, WordPair
from tli_bench.models import inspect_adapter, load_model
from tli_bench.models.fingerprint import model_fingerprint
from tli_bench.models.twins import find_twin
from tli_bench.plugin.lm import TLIModel
from tli_bench.training import Recipe, train_adapter, train_with_twin
from tli_bench.training.data import shuffled, split_data
from tli_bench.training.push import plan_push

RECIPE = Recipe(name="short", batch_size=8, max_steps=4, eval_steps=2, rank=4)
WEIGHTS = "adapter_model.safetensors"


def card(folder):
    return json.loads((folder / "tli_card.json").read_text())


@pytest.fixture(scope="module")
def both(llama_folder, make_lexicon, tmp_path_factory):
    folder = tmp_path_factory.mktemp("twins") / "mine"
    return train_with_twin(str(llama_folder), "swh-eng", RECIPE, folder, lexicon=make_lexicon(), seed=3)


def test_the_twin_differs_in_its_pairs_alone_and_each_card_names_the_other(both):
    own, twin = card(both.output), card(both.output / "twin")
    assert own["twin"] == {"path": "twin", "sha256": inspect_adapter(str(both.output / "twin")).sha256}
    assert twin["twin_of"] == {"name": "mine", "sha256": inspect_adapter(str(both.output)).sha256}
    assert twin["name"] == "mine-twin"
    different = {name for name in own.keys() & twin.keys() if own[name] != twin[name]}
    assert different == {"name", "dev", "recipe_fields"}
    ours, theirs = own["recipe_fields"], twin["recipe_fields"]
    assert [name for name in ours if ours[name] != theirs[name]] == ["shuffle_pairs"]
    assert own["twin"]["sha256"] != twin["twin_of"]["sha256"]
    assert "Negative control: the twin of mine" in (both.output / "twin" / "README.md").read_text()
    assert "| Twin on shuffled pairs | twin, " in (both.output / "README.md").read_text()
    assert f"twin on shuffled pairs: {both.output / 'twin'}, 4 steps" in str(both)


def test_both_start_from_the_same_dev_figures_however_many_words_centre_them(
    llama_folder, make_lexicon, tmp_path, monkeypatch
):
    monkeypatch.setattr("tli_bench.training.train.CENTRE_WORDS", 10)
    recipe = RECIPE.with_options(max_steps=2)
    train_with_twin(str(llama_folder), "swh-eng", recipe, tmp_path / "a", lexicon=make_lexicon(dev=30))
    own, twin = card(tmp_path / "a")["dev"], card(tmp_path / "a" / "twin")["dev"]
    assert own["before"] == twin["before"]
    assert own["after"] != twin["after"]


def test_the_adapter_is_the_one_that_training_without_a_twin_gives(both, llama_folder, make_lexicon, tmp_path):
    alone = train_adapter(str(llama_folder), "swh-eng", RECIPE, tmp_path / "mine", lexicon=make_lexicon(), seed=3)
    assert inspect_adapter(str(alone.output)).sha256 == inspect_adapter(str(both.output)).sha256


def test_stock_peft_loads_both_and_they_start_from_the_same_weights(both, llama_folder):
    for folder in (both.output, both.output / "twin"):
        model = peft.PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(llama_folder), str(folder))
        assert any(p.any() for n, p in model.named_parameters() if "lora_B" in n)
    own, twin = (load_file(folder / WEIGHTS) for folder in (both.output, both.output / "twin"))
    assert own.keys() == twin.keys()
    near = [
        torch.nn.functional.cosine_similarity(own[n].flatten(), twin[n].flatten(), dim=0) for n in own if "lora_A" in n
    ]
    assert min(near) > 0.9  # four steps apart from one initialisation


def test_scoring_finds_the_twin_by_the_card(both):
    files, said = find_twin(inspect_adapter(str(both.output)), None)
    assert (files.path, said) == (both.output / "twin", "")


def test_what_is_there_already_is_kept_and_only_gets_its_twin(llama_folder, lexicon, tmp_path):
    given = (str(llama_folder), "swh-eng", RECIPE, tmp_path / "mine")
    first = train_adapter(*given, lexicon=lexicon)
    written = (first.output / WEIGHTS).stat().st_mtime_ns
    again = train_with_twin(*given, lexicon=lexicon)
    assert (first.output / WEIGHTS).stat().st_mtime_ns == written
    assert (again.steps, again.layers, again.dev_after) == (first.steps, first.layers, first.dev_after)
    assert card(first.output)["twin"]["sha256"] == inspect_adapter(str(first.output / "twin")).sha256
    other = train_with_twin(*given, lexicon=lexicon, seed=1)
    assert card(other.output)["seed"] == 1  # made of something else, so it is made again
    assert card(other.output)["twin"]["sha256"] == inspect_adapter(str(other.output / "twin")).sha256


def test_checkpoints_that_a_kill_left_of_a_finished_training_go(llama_folder, lexicon, tmp_path):
    """Killed once the adapter was in its place, before its checkpoints were removed."""
    train_adapter(str(llama_folder), "swh-eng", RECIPE, tmp_path / "mine", lexicon=lexicon)
    left = tmp_path / ".mine.checkpoints" / "checkpoint-4"
    left.mkdir(parents=True)
    train_with_twin(str(llama_folder), "swh-eng", RECIPE, tmp_path / "mine", lexicon=lexicon)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_recipe_that_stops_early_gives_the_twin_as_many_steps(llama_folder, lexicon, tmp_path):
    recipe = Recipe(batch_size=8, epochs=20, eval_steps=1, rank=2, patience=2, learning_rate=1e-7, name="patient")
    result = train_with_twin(str(llama_folder), "swh-eng", recipe, tmp_path / "mine", lexicon=lexicon)
    assert result.steps < 20
    assert result.twin.steps == result.steps


def test_a_recipe_that_shuffles_has_no_twin(llama_folder, lexicon, tmp_path):
    recipe = RECIPE.with_options(shuffle_pairs=True)
    with pytest.raises(InputError, match="shuffles its pairs already"):
        train_with_twin(str(llama_folder), "swh-eng", recipe, tmp_path / "a", lexicon=lexicon)
    assert not (tmp_path / "a").exists()


def test_a_tuned_model_has_a_twin_too(llama_folder, words, tmp_path):
    recipe = Recipe(name="whole", kind="full", batch_size=8, max_steps=2, learning_rate=1e-3)
    result = train(str(llama_folder), "swh-eng", recipe, output=tmp_path / "full", lexicon=words, twin=True)
    twin = result.output / "twin"
    assert card(result.output)["twin"] == {"path": "twin", "sha256": model_fingerprint(twin)}
    assert card(twin)["twin_of"]["sha256"] == load_model(str(result.output)).revision
    (note,) = TLIModel(str(result.output), skip_gate=True).identity.notes
    assert note.endswith("is a model of its own and is not scored next to it: score it with --model")


def test_push_takes_the_twin_along(both):
    names = {path.relative_to(both.output).as_posix() for path in plan_push(both.output, "org/demo").files}
    alone = {"adapter_config.json", WEIGHTS, "tli_card.json", "README.md"}
    assert names == alone | {f"twin/{name}" for name in alone}


def test_no_word_is_shuffled_onto_an_accepted_translation(loaded):
    """Concepts with many accepted variants, each the other's target: most orders hit one."""
    pairs = tuple(
        WordPair(f"c{i}", (f"s{i}",), (f"t{i}", *(f"t{(i + k) % 12}" for k in range(1, 9))), Split.TRAIN)
        for i in range(12)
    )
    lexicon = Lexicon("crowded", "test", *resolve_pair("swh-eng"), pairs)
    data = split_data(lexicon, Split.TRAIN, loaded.tokenizer, at_least=2)
    assert int(data.gold.sum()) == 12 * 9
    for seed in range(20):
        mixed = shuffled(data, seed=seed)
        assert not mixed.gold.diagonal().any()
        assert sorted(t.text for t in mixed.targets) == sorted(t.text for t in data.targets)


def test_pairs_that_leave_no_wrong_translation_are_refused(loaded):
    pairs = tuple(WordPair(f"c{i}", (f"s{i}",), ("same",), Split.TRAIN) for i in range(6))
    data = split_data(
        Lexicon("same", "test", *resolve_pair("swh-eng"), pairs), Split.TRAIN, loaded.tokenizer, at_least=2
    )
    with pytest.raises(InputError, match="the 6 pairs cannot be shuffled"):
        shuffled(data, seed=0)
