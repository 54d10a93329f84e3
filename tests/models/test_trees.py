"""A tree of shared prefixes gives the states of the plain forward: in every family that shares, to the precision of its numbers."""

import peft
import pytest
import torch

from tests.conftest import make_model
from tests.models.architectures import build
from tli_bench.models.body import body_of, hidden_states
from tli_bench.models.probe import probe, probe_sharing
from tli_bench.models.trees import prefixes, tree_states, trees

DRAW = torch.Generator().manual_seed(0)
# Few ids, so that prefixes are shared and branch at every depth; one sequence is there twice.
SEQUENCES = [
    [3, *torch.randint(5, 9, (int(n),), generator=DRAW).tolist()] for n in torch.randint(1, 9, (60,), generator=DRAW)
]
SEQUENCES.append(SEQUENCES[0])
KINDS = ("llama", "qwen2", "gemma2", "gemma3_text", "mistral", "gpt2")
# Eager attention takes the softmax in fp32 whatever the model's precision.
EAGER = {"gemma2"}


def largest_difference(model, nodes):
    """Of a tree's states from those of the plain forward, relative to the largest number of a state, over all layers."""
    worst = 0.0
    with torch.no_grad():
        for numbers, tree in trees(SEQUENCES, nodes):
            packed = tree_states(model, tree)
            for number, path in zip(numbers, tree.paths, strict=True):
                plain = hidden_states(model, torch.tensor([SEQUENCES[number]]))
                for ours, theirs in zip(packed, plain, strict=True):
                    worst = max(worst, float((ours[0, list(path)] - theirs[0]).abs().max() / theirs.abs().max()))
    return worst


@pytest.mark.parametrize("nodes", [1, 40, 1000])
def test_a_tree_holds_every_sequence_once_and_repeats_no_more_than_the_prefix_it_begins_with(nodes):
    found, repeated = {}, 0
    parts = list(trees(SEQUENCES, nodes))
    for part, (numbers, tree) in enumerate(parts):
        assert len(tree.ids) <= nodes or len(numbers) == 1
        for number, path in zip(numbers, tree.paths, strict=True):
            found[number] = [tree.ids[node] for node in path]
            assert [tree.positions[node] for node in path] == list(range(len(path)))
            assert [tree.parents[node] for node in path] == [-1, *path[:-1]]
        if part:
            before, first = SEQUENCES[parts[part - 1][0][-1]], SEQUENCES[numbers[0]]
            repeated += next((i for i, (a, b) in enumerate(zip(before, first, strict=False)) if a != b), len(before))
    assert found == dict(enumerate(SEQUENCES))
    assert sum(len(tree.ids) for _, tree in parts) == prefixes(SEQUENCES) + repeated
    distinct = {tuple(one[: i + 1]) for one in SEQUENCES for i in range(len(one))}
    assert prefixes(SEQUENCES) == len(distinct)


def test_a_node_sees_itself_and_its_ancestors_alone():
    ((_, tree),) = trees([[1, 2, 3], [1, 2, 4], [1, 5]], 10)
    inf = -float("inf")
    rows = [
        [0, inf, inf, inf, inf],
        [0, 0, inf, inf, inf],
        [0, 0, 0, inf, inf],
        [0, 0, inf, 0, inf],
        [0, inf, inf, inf, 0],
    ]
    assert torch.equal(tree.mask(torch.float32)[0, 0], torch.tensor(rows))


@pytest.mark.parametrize("kind", KINDS)
def test_states_of_a_tree_are_those_of_the_plain_forward(kind):
    model = build(kind, "AutoModelForCausalLM")
    assert not probe_sharing(model, probe(model))
    assert largest_difference(model, 100) < 1e-5
    assert largest_difference(model.double(), 100) < (1e-6 if kind in EAGER else 1e-10)


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_with_an_adapter_that_does_something(kind):
    model = make_model(kind)
    names = {"llama": ["q_proj", "down_proj"], "gpt2": ["c_attn", "c_proj"]}[kind]
    model = peft.get_peft_model(
        model, peft.LoraConfig(r=2, target_modules=names, init_lora_weights=False, fan_in_fan_out=kind == "gpt2")
    ).eval()
    assert not probe_sharing(model, probe(model))
    assert largest_difference(model.double(), 100) < 1e-10
    with torch.no_grad():
        adapted = hidden_states(model, torch.tensor([SEQUENCES[0]]))[-1]
        with model.disable_adapter():
            assert not torch.allclose(adapted, hidden_states(model, torch.tensor([SEQUENCES[0]]))[-1], atol=1e-3)


def test_what_cannot_share_says_why():
    def why(kind, loader="AutoModelForCausalLM", **changes):
        model = build(kind, loader, **changes)
        return probe_sharing(model, probe(model))

    assert why("bert", "AutoModelForMaskedLM") == "it sees both ways"
    assert "does not list type bloom" in why("bloom")
    assert "does not list type mpt" in why("mpt")
    assert "does not list type lfm2" in why("lfm2")
    assert "ALiBi" in why("falcon", alibi=True)
    assert why("mistral", sliding_window=4) == "it sees 4 tokens back, fewer than a word has"


def test_a_model_that_leaves_the_mask_aside_is_found_out():
    model = build("llama", "AutoModelForCausalLM")
    assert not probe_sharing(model, probe(model))

    def unmasked(_module, args, kwargs):
        mask = kwargs["attention_mask"]
        causal = torch.full_like(mask, -float("inf")).triu(1) if mask is not None and mask.ndim == 4 else mask
        return args, kwargs | {"attention_mask": causal}

    body_of(model).register_forward_pre_hook(unmasked, with_kwargs=True)
    assert probe_sharing(model, probe(model)) == "its states in a tree are not those of the plain forward"


def test_the_check_leaves_the_mode_as_it_was():
    model = build("llama", "AutoModelForCausalLM").train()
    probe_sharing(model, probe(model))
    assert model.training
