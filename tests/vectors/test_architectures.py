"""Our states of every layer equal `output_hidden_states` of the stock model, for every architecture in the table."""

import pytest
import torch

from tests.conftest import make_tokenizer
from tests.models.architectures import CAUSAL, ENCODER, MASKED, PACKAGES, build, build_package
from tli_bench.models.body import blocks_of, body_of, family, find_blocks, text_config
from tli_bench.models.families import SHARING
from tli_bench.models.probe import probe
from tli_bench.vectors.backend import Backend
from tli_bench.vectors.inputs import Framing
from tli_bench.vectors.protocols import Pooling

WORDS = ("maji", "nyumba", "кітап", "a")
LOADERS = {
    **{("causal LM", kind): "AutoModelForCausalLM" for kind in CAUSAL},
    **{("masked LM", kind): "AutoModelForMaskedLM" for kind in MASKED},
    **{("encoder", kind): "AutoModel" for kind in ENCODER},
}
BOTH_WAYS = {"bert-generation": False, **dict.fromkeys(MASKED, True), "xlnet": True}
QUICK = {
    ("causal LM", "llama"),
    ("causal LM", "bloom"),
    ("masked LM", "xlm"),
    ("masked LM", "albert"),
    ("encoder", "mpnet"),
}


class Bytes:
    """A tokenizer whose ids fit the tiny vocabulary: [BOS] and bytes."""

    is_fast = False
    all_special_ids = (0,)
    unk_token_id = None

    def __call__(self, texts, **_):
        ids = [[0, *(5 + byte % 80 for byte in text.encode())] for text in texts]
        return {"input_ids": ids, "special_tokens_mask": [[1] + [0] * (len(row) - 1) for row in ids]}

    def get_vocab(self):
        return {str(index): index for index in range(85)}


def compare(model, stock):
    """Backend states of `model` against the plain forward of `stock`, text by text; returns the probe's findings."""
    tokenizer = Bytes()
    backend = Backend(model, tokenizer)
    found = backend.states(WORDS, Framing(), (Pooling.WORD_MEAN, Pooling.ALL_LAST))
    shown = [k for k, name in enumerate(found.layers) if not name.endswith("p")]
    shared = text_config(model).model_type in SHARING and backend.causal
    # In a tree the same numbers are summed in another order.
    bound = 1e-5 if shared else 1e-6
    for word in WORDS:
        ids = torch.tensor(tokenizer([word])["input_ids"])
        with torch.no_grad():
            states = stock(input_ids=ids, attention_mask=torch.ones_like(ids), output_hidden_states=True).hidden_states
        plain = torch.stack([state[0].float() for state in states])
        ours = found.texts[word].vectors
        torch.testing.assert_close(ours[Pooling.WORD_MEAN][shown], plain[:, 1:].mean(1), rtol=1e-5, atol=bound)
        torch.testing.assert_close(ours[Pooling.ALL_LAST][shown], plain[:, -1], rtol=1e-5, atol=bound)
    assert bool(backend.apart("base")) is not shared
    return backend.probed, found.layers


def cases():
    for row, kind in LOADERS:
        slow = () if (row, kind) in QUICK else (pytest.mark.slow,)
        yield pytest.param(row, kind, marks=slow, id=f"{row.replace(' ', '-')}-{kind}")


@pytest.mark.parametrize(("row", "kind"), [*cases()])
def test_states_equal_the_stock_forward(row, kind):
    model = build(kind, LOADERS[row, kind])
    probed, layers = compare(model, model)
    assert family(model).name == row
    assert probed.causal is not BOTH_WAYS.get(kind, False)
    assert len(layers) in (4, 5)
    if probed.chain:
        assert len(blocks_of(model)) == 3


def test_the_table_is_long_enough():
    assert len({kind for _, kind in LOADERS} | set(PACKAGES)) >= 45


@pytest.mark.parametrize(
    "kind", [pytest.param(k, marks=() if k == "gemma3" else (pytest.mark.slow,)) for k in PACKAGES]
)
def test_a_multimodal_package_is_read_in_its_text_body(kind):
    """Its vision tower has as many blocks, and none of them is hooked."""
    model = build_package(kind)
    towers = [part for name, part in model.named_modules() if "vis" in name and isinstance(part, torch.nn.ModuleList)]
    assert any(len(tower) == 3 for tower in towers)
    assert not any(blocks_of(model) is tower for tower in towers)
    probed, layers = compare(model, model)
    assert probed.causal
    assert probed.chain
    assert layers == ("0", "1", "2", "3p", "3")


@pytest.mark.parametrize("kind", ["xlm", "flaubert", "albert"])
def test_without_one_list_of_blocks_states_are_scored_and_nothing_is_trained(kind):
    from tli_bench.base.errors import ModelError

    model = build(kind, "AutoModelForMaskedLM")
    assert find_blocks(model) is None
    with pytest.raises(ModelError, match="can be scored, but not trained"):
        blocks_of(model)


def test_what_a_decoder_sees_is_probed_and_not_believed():
    both_ways = build("gemma3_text", "AutoModel", use_bidirectional_attention=True)
    assert not probe(both_ways).causal
    assert probe(build("gemma3_text", "AutoModel")).causal
    assert probe(build("bert", "AutoModelForCausalLM", is_decoder=True)).causal
    assert not probe(build("bert", "AutoModelForCausalLM")).causal


def test_the_probe_leaves_mode_and_hooks_as_they_were():
    model = build("llama", "AutoModelForCausalLM").train()

    def hooks():  # transformers leaves hooks of its own behind when hidden states are asked for
        return sum(len(part._forward_hooks) for part in body_of(model).modules())

    body_of(model)(input_ids=torch.tensor([[5, 6]]), output_hidden_states=True)
    before = hooks()
    probe(model)
    assert model.training
    assert hooks() == before


def test_the_tokenizer_of_the_table_frames_as_a_real_one_does():
    real = make_tokenizer()(["maji"], return_special_tokens_mask=True)["special_tokens_mask"][0]
    assert real[0] == Bytes()(["maji"])["special_tokens_mask"][0][0] == 1
