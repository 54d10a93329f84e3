"""The truncated forward: the same numbers and gradients as full depth, and adapters that mean the same."""

import pytest
import torch
from safetensors.torch import load_file

from tests.conftest import make_model
from tli_bench.base.errors import InputError, UnknownNameError
from tli_bench.lexicon.pairs import Split
from tli_bench.models.body import blocks_of
from tli_bench.training import Recipe, load_recipe, train_adapter
from tli_bench.training.adapt import adapted
from tli_bench.training.data import Collator, split_data
from tli_bench.training.losses import LossOptions, triplet
from tli_bench.training.objective import PairObjective, pool, target_states, truncated
from tli_bench.training.sharing import may_share
from tli_bench.training.targets import resolve_targets
from tli_bench.training.trainer import build_trainer
from tli_bench.vectors.extract import all_layers, extract
from tli_bench.vectors.inputs import encode_words
from tli_bench.vectors.protocols import Pooling

PAPER = load_recipe("tli-paper").with_options(dropout=0.0)


@pytest.fixture
def batch(loaded, lexicon):
    data = split_data(lexicon, Split.TRAIN, loaded.tokenizer, at_least=2)
    return Collator(data, PAPER.pooling, 0)(list(range(8)))


def _noise(model):
    """LoRA starts at zero, where half of its gradients vanish: move it."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.copy_(0.05 * torch.randn(parameter.shape, generator=generator))


def _block(key):
    return int(key.split(".layers.")[1].split(".")[0])


def _gradients(model, loss):
    model.zero_grad()
    loss.backward()
    return {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}


def _same(one, two, tolerance):
    assert sorted(one) == sorted(two)
    for name in one:
        assert (one[name] - two[name]).norm() <= tolerance * two[name].norm(), name


@pytest.mark.parametrize("layer", ["1", "2", "before-norm", "output"])
def test_gradients_equal_those_of_the_full_depth_forward(loaded, batch, layer):
    targets = resolve_targets(loaded.model, (layer,))
    with adapted(loaded, PAPER, depth=targets[0].block, seed=0) as part:
        _noise(part.model)
        short, deep = (PairObjective(part.model, targets, loss="triplet", truncate=t) for t in (True, False))
        short_loss, deep_loss = short(**batch)["loss"], deep(**batch)["loss"]
        assert short_loss.item() == pytest.approx(deep_loss.item(), rel=1e-6)
        found = _gradients(part.model, short_loss)
        _same(found, _gradients(part.model, deep_loss), 1e-6)
        assert len(found) == targets[0].block * 4


def test_gradients_equal_those_of_the_published_step(loaded, batch):
    """Two forwards of the whole causal LM, all hidden states kept, each side alone (arXiv 2506.15415)."""
    targets = resolve_targets(loaded.model, ("2",))
    with adapted(loaded, PAPER, depth=2, seed=0) as part:
        _noise(part.model)
        sides = []
        for half in (slice(0, 8), slice(8, 16)):
            ids, mask = batch["input_ids"][half], batch["attention_mask"][half]
            output = part.model(input_ids=ids, attention_mask=mask, output_hidden_states=True)
            sides.append(pool(output.hidden_states[2], batch["weights"][half]))
        published = _gradients(part.model, triplet(*sides, batch["negatives"], margin=0.4))
        objective = PairObjective(part.model, targets, loss="triplet", options=LossOptions(margin=0.4))
        _same(_gradients(part.model, objective(**batch)["loss"]), published, 1e-6)


@pytest.mark.parametrize("layer", ["2", "output"])
def test_loss_and_gradients_over_a_tree_of_shared_prefixes_equal_those_of_words_apart(loaded, lexicon, batch, layer):
    data = split_data(lexicon, Split.TRAIN, loaded.tokenizer, at_least=2)
    tree = Collator(data, PAPER.pooling, 0, share=True)(list(range(8)))
    assert tree["input_ids"].numel() < batch["attention_mask"].sum()
    targets = resolve_targets(loaded.model, (layer,))
    with adapted(loaded, PAPER, depth=targets[0].block, seed=0) as part:
        _noise(part.model)
        assert may_share(part.model, data)
        objective = PairObjective(part.model, targets, loss="triplet")
        apart, shared = objective(**batch)["loss"], objective(**tree)["loss"]
        assert shared.item() == pytest.approx(apart.item(), rel=1e-6)
        _same(_gradients(part.model, shared), _gradients(part.model, apart), 1e-5)


def test_dropout_and_what_sees_both_ways_keep_words_apart(loaded, lexicon):
    data = split_data(lexicon, Split.TRAIN, loaded.tokenizer, at_least=2)
    with adapted(loaded, PAPER.with_options(dropout=0.05), depth=2, seed=0) as part:
        assert not may_share(part.model, data)
    assert not may_share(make_model("gpt2"), data)  # its own dropout
    assert not may_share(make_model("bert"), data)


def test_states_at_every_layer_are_those_of_the_extractor(loaded, batch):
    names = ("1", "2", "3", "before-norm", "output")
    targets = resolve_targets(loaded.model, names)
    ids, mask = batch["input_ids"], batch["attention_mask"]
    with torch.no_grad():
        ours = target_states(loaded.model, ids, mask, targets)
        reference = all_layers(loaded.model, ids, mask)[1:]
    for state, expected in zip(ours, reference, strict=True):
        assert torch.equal(state, expected)


def test_embedding_agrees_with_evaluation(loaded, lexicon):
    encoded = encode_words(loaded.tokenizer, lexicon.source_words)
    expected = extract(loaded.model, encoded).vectors[Pooling.WORD_MEAN]
    objective = PairObjective(loaded.model, resolve_targets(loaded.model, ("2", "output")), loss="infonce")
    for ours, layer in zip(objective.embed(encoded, Pooling.WORD_MEAN), (2, -1), strict=True):
        torch.testing.assert_close(ours, expected[layer], rtol=1e-5, atol=1e-6)


def test_the_adapter_is_the_one_that_training_at_full_depth_gives(loaded, lexicon, tmp_path):
    weights = []
    data = split_data(lexicon, Split.TRAIN, loaded.tokenizer, at_least=2)
    for truncate in (True, False):
        targets = resolve_targets(loaded.model, ("2",))
        with adapted(loaded, PAPER, depth=2, seed=0) as part:
            objective = PairObjective(part.model, targets, loss="triplet", truncate=truncate)
            recipe = PAPER.with_options(max_steps=6)
            folder = tmp_path / str(truncate)
            build_trainer(
                objective, recipe, Collator(data, recipe.pooling, 0), None, folder=folder, seed=0, device="cpu"
            ).train()
            weights.append({n: p.detach().clone() for n, p in part.model.named_parameters() if "lora_" in n})
    for name in weights[0]:
        torch.testing.assert_close(weights[0][name], weights[1][name], rtol=1e-5, atol=1e-7)
    assert any(w.abs().sum() > 0 for n, w in weights[0].items() if "lora_B" in n)


def test_a_truncated_training_acts_on_the_whole_model(loaded, lexicon, tmp_path, attached):
    result = train_adapter(loaded, "swh-eng", PAPER.with_options(epochs=2), tmp_path / "a", lexicon=lexicon)
    encoded = encode_words(loaded.tokenizer, lexicon.source_words)
    before = extract(loaded.model, encoded).vectors[Pooling.WORD_MEAN]
    with attached(loaded, result.output) as model:
        after = extract(model, encoded).vectors[Pooling.WORD_MEAN]
    assert torch.equal(before[0], after[0])
    assert all(not torch.equal(before[k], after[k]) for k in range(1, len(before)))


def test_only_reachable_blocks_carry_an_adapter_unless_the_recipe_says_all(loaded, lexicon, tmp_path):
    blocks = {}
    for layout in ("reachable", "all"):
        recipe = PAPER.with_options(blocks=layout, max_steps=2)
        result = train_adapter(loaded, "swh-eng", recipe, tmp_path / layout, lexicon=lexicon)
        tensors = load_file(result.output / "adapter_model.safetensors")
        blocks[layout] = {_block(key) for key in tensors}
        moved = {_block(key) for key, tensor in tensors.items() if "lora_B" in key and tensor.any()}
        assert moved == {0, 1}
        assert result.reached == (0, 1)
    assert blocks == {"reachable": {0, 1}, "all": {0, 1, 2, 3}}


def test_blocks_return_after_an_error_inside_the_context(loaded):
    blocks = blocks_of(loaded.model)
    with pytest.raises(RuntimeError, match="inside"), truncated(loaded.model, 2):
        raise RuntimeError("inside")
    assert blocks_of(loaded.model) is blocks


@pytest.mark.parametrize("layer", ["5", "99"])
def test_a_layer_beyond_the_model_is_refused(loaded, layer):
    with pytest.raises(InputError, match=f"'{layer}'.*4 blocks, so use 1 to 4"):
        resolve_targets(loaded.model, (layer,))


def test_modules_that_match_nothing_are_refused(loaded):
    recipe = Recipe(modules=("q_prj",))
    with (
        pytest.raises(UnknownNameError, match=r"'q_prj'; did you mean .*q_proj.*down_proj"),
        adapted(loaded, recipe, depth=2, seed=0),
    ):
        pass


@pytest.mark.parametrize(
    "options", [{"dora": True}, {"rslora": True}, {"modules": "all-linear"}, {"layer": "1,output"}]
)
def test_variants_train(loaded, lexicon, tmp_path, attached, options):
    recipe = Recipe().with_options(max_steps=3, batch_size=8, **options)
    result = train_adapter(loaded, "swh-eng", recipe, tmp_path / "a", lexicon=lexicon)
    with attached(loaded, result.output) as model:
        moved = any(p.abs().sum() > 0 for n, p in model.named_parameters() if "lora_B" in n)
    assert moved
    assert result.steps == 3
