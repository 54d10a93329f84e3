"""The sanity gate lets sound models through and stops broken ones."""

import pytest
import torch

from tests.conftest import make_model, make_tokenizer
from tests.replica import SENTENCES, learn_sentences, llama3_model, llama3_tokenizer
from tli_bench.base.errors import GateError
from tli_bench.models.gate import known_text, require_sane
from tli_bench.models.load import LoadedModel


def wrap(model, tokenizer):
    return LoadedModel(model.eval(), tokenizer, "org/model", "none", "org/model", "float32", None, "cpu")


@pytest.fixture(scope="module")
def taught():
    """A small Llama-3.1 that has learnt the gate's sentences."""
    tokenizer = llama3_tokenizer()
    model = llama3_model(tokenizer)
    learn_sentences(model, tokenizer)
    return wrap(model, tokenizer)


@pytest.fixture
def sound(taught):
    before = {name: value.clone() for name, value in taught.model.state_dict().items()}
    yield taught
    taught.model.load_state_dict(before)


def test_a_sound_model_passes_by_a_wide_margin(sound):
    report = require_sane(sound)
    assert report.won == 1.0
    assert report.shuffled - report.text > 2


@pytest.mark.parametrize("seed", range(6))
def test_a_random_model_fails_whatever_its_seed(sound, seed):
    with pytest.raises(GateError, match=r"org/model does not find ordinary sentences more likely .*--skip-gate"):
        require_sane(wrap(llama3_model(sound.tokenizer, seed=seed), sound.tokenizer))


@pytest.mark.parametrize("part", ["", "embed_tokens"])
@pytest.mark.parametrize("seed", range(4))
def test_shuffled_weights_fail(sound, part, seed):
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in sound.model.named_parameters():
        if part in name:
            mixed = parameter.data.flatten()[torch.randperm(parameter.numel(), generator=generator)]
            parameter.data = mixed.view(parameter.shape)
    with pytest.raises(GateError, match="the base is broken"):
        require_sane(sound)


def test_a_foreign_tokenizer_of_the_same_size_fails(sound):
    """Ids in range, meanings permuted: `check_vocabulary` cannot see it, the gate does."""
    embeddings, head = sound.model.get_input_embeddings().weight, sound.model.get_output_embeddings().weight
    order = torch.randperm(len(embeddings), generator=torch.Generator().manual_seed(0))
    embeddings.data, head.data = embeddings.data[order], head.data[order]
    with pytest.raises(GateError, match="its tokenizer belongs to another model"):
        require_sane(sound)


def test_one_nan_weight_fails_and_is_named(sound):
    sound.model.get_parameter("model.layers.1.mlp.up_proj.weight").data[3, 5] = float("nan")
    with pytest.raises(GateError, match=r"NaN or infinite weights in model\.layers\.1\.mlp\.up_proj\.weight"):
        require_sane(sound)


def test_finite_weights_that_overflow_fail(sound):
    for name, parameter in sound.model.named_parameters():
        if "norm" in name or "lm_head" in name:
            parameter.data *= 1e30
    with pytest.raises(GateError, match="NaN or infinite logits"):
        require_sane(sound)


def test_encoders_are_let_through_but_not_with_nan():
    encoder = wrap(make_model("bert"), make_tokenizer(bert=True))
    assert require_sane(encoder) is None
    next(encoder.model.parameters()).data[0, 0] = float("inf")
    with pytest.raises(GateError, match="NaN or infinite weights"):
        require_sane(encoder)


def test_every_default_sentence_is_judged_and_tiny_has_its_own():
    assert known_text("org/model") == SENTENCES
    assert len(SENTENCES) >= 3
    assert known_text("tiny") != SENTENCES


def test_a_tokenizer_that_makes_one_token_of_a_sentence_leaves_nothing_to_judge(sound):
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    whole = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel({"?": 0}, unk_token="?")), unk_token="?"
    )
    with pytest.raises(GateError, match="no sentence of three tokens for org/model"):
        require_sane(wrap(sound.model, whole))
