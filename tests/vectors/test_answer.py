"""Several protocols from one forward pass: what is run is counted, what comes out is compared to a pass of its own."""

import weakref
from types import SimpleNamespace

import pytest
import torch

from tests.conftest import make_model, make_tokenizer
from tli_bench.models.body import body_of
from tli_bench.models.identity import MeasuredModel
from tli_bench.models.trees import prefixes
from tli_bench.vectors.answer import answer, inputs_of
from tli_bench.vectors.backend import Backend
from tli_bench.vectors.extract import extract
from tli_bench.vectors.inputs import encode_words
from tli_bench.vectors.protocols import Pooling, get_protocols
from tli_bench.vectors.responses import PairVectors, at_layer

PAIRS = [("maji", "water"), ("moto", "fire"), ("jua", "sun"), ("maji", "house")]
IDENTITY = MeasuredModel("m", "r", "float32", None, "bos", None)


def ask(model, tokenizer, names, pair="swh_Latn-eng_Latn", backend=None):
    """Answers for PAIRS, and the number of forward passes and of tokens that the body saw, the probe apart."""
    seen = []
    backend = backend or Backend(model, tokenizer)
    assert not backend.apart("base")
    handle = body_of(model).register_forward_pre_hook(
        lambda _module, _args, kwargs: seen.append(kwargs["input_ids"].numel()), with_kwargs=True
    )
    requests = [SimpleNamespace(args=(source, target, get_protocols(names), pair)) for source, target in PAIRS]
    try:
        found = answer(requests, backend=backend, identity=IDENTITY)
    finally:
        handle.remove()
    return found, len(seen), sum(seen)


def test_protocols_with_the_same_inputs_share_one_pass_per_distinct_prefix():
    tokenizer = make_tokenizer()
    one, passes_of_one, tokens_of_one = ask(make_model("llama"), tokenizer, "words.v1")
    names = "words.v1,tli-pilot,tli-eval,mexa,mexa-last,words-last.v1"
    many, passes, tokens = ask(make_model("llama"), tokenizer, names)
    distinct = {word for pair in PAIRS for word in pair}
    assert tokens == prefixes([item.ids for item in encode_words(tokenizer, sorted(distinct))])
    assert (passes, tokens) == (passes_of_one, tokens_of_one)
    for ours, theirs in zip(one, many, strict=True):
        torch.testing.assert_close(ours.protocols["words.v1"].vectors, theirs.protocols["words.v1"].vectors)


def test_a_carrier_adds_only_its_own_sentences_and_a_second_call_adds_nothing():
    tokenizer, model = make_tokenizer(), make_model("llama")
    backend = Backend(model, tokenizer)
    _, _, alone = ask(model, tokenizer, "tli-pilot,tli-eval", backend=backend)
    _, _, both = ask(make_model("llama"), tokenizer, "tli-pilot,carrier:next")
    protocol = get_protocols("carrier:next")[0]
    carried = []
    for side, language in enumerate(("swh_Latn", "eng_Latn")):
        words = sorted({pair[side] for pair in PAIRS})
        items = encode_words(tokenizer, words, template=protocol.template(language), cut=True)
        carried.append(prefixes([item.ids for item in items]))
    assert both == alone + sum(carried)
    assert ask(model, tokenizer, "tli-pilot,tli-eval", backend=backend)[1:] == (0, 0)


def test_every_protocol_gets_its_own_pooling():
    tokenizer, model = make_tokenizer(), make_model("llama")
    found, _, _ = ask(model, tokenizer, "tli-pilot,mexa,words-last.v1")
    states = extract(
        make_model("llama"),
        encode_words(tokenizer, ["maji", "water"]),
        poolings=[Pooling.ALL_MEAN, Pooling.ALL_WEIGHTED, Pooling.WORD_LAST],
    )
    for name, pooling in (("tli-pilot", "all-mean"), ("mexa", "all-weighted"), ("words-last", "word-last")):
        ours = found[0].protocols[f"{name}.v1"].vectors["base"]
        torch.testing.assert_close(ours, states.vectors[Pooling(pooling)], rtol=1e-5, atol=1e-6)


def test_the_answer_says_whether_position_0_is_pooled_and_how_long_the_words_are():
    found, _, _ = ask(make_model("llama"), make_tokenizer(), "words,tli-pilot")
    words, pilot = (found[0].protocols[name] for name in ("words.v2", "tli-pilot.v1"))
    assert not words.first_pooled
    assert pilot.first_pooled
    assert words.last.keys() == {"base"}
    assert not pilot.last
    lengths = tuple(sum(item.word) for item in encode_words(make_tokenizer(), list(PAIRS[0])))
    assert words.tokens == lengths
    without_bos, _, _ = ask(make_model("llama"), make_tokenizer(bos=False), "words,words.v1")
    assert without_bos[0].protocols["words.v1"].first_pooled  # the sink sits on the word itself
    assert not without_bos[0].protocols["words.v2"].first_pooled  # and here on the full stop


def test_the_matched_cosine_with_and_without_position_0():
    tokenizer, model = make_tokenizer(), make_model("llama")
    found, _, _ = ask(model, tokenizer, "words.v1,tli-pilot")
    sink = found[0].protocols["words.v1"].sinks["base"]
    for column, name in enumerate(("tli-pilot.v1", "words.v1")):
        source, target = found[0].protocols[name].vectors["base"].unbind(dim=1)
        expected = torch.nn.functional.cosine_similarity(source.double(), target.double(), dim=-1)
        torch.testing.assert_close(sink.cosines[:, column], expected)


def test_sentences_are_cut_only_where_nothing_after_the_word_is_read(tmp_path):
    (tmp_path / "p.yaml").write_text("{name: whole, version: 1, pooling: all-mean, template: 'a {word} b'}")
    (tmp_path / "q.yaml").write_text("{name: own, version: 1, pooling: word-mean, template: 'a {word} b'}")
    own, whole = get_protocols([str(tmp_path / "q.yaml")]), get_protocols([str(tmp_path / "p.yaml")])
    assert inputs_of(own, "eng_Latn", causal=True)["own"].framing.cut
    assert not inputs_of(own, "eng_Latn", causal=False)["own"].framing.cut
    assert not inputs_of(whole, "eng_Latn", causal=True)["whole"].framing.cut
    both = inputs_of((*own, *whole), "eng_Latn", causal=True)
    assert both["own"] == both["whole"]  # one pass for both


@pytest.mark.parametrize("names", ["words", "words,carrier:next"])
def test_states_go_when_the_model_goes(names):
    model = make_model("llama")
    ask(model, make_tokenizer(), names)
    gone = weakref.ref(model)
    del model
    import gc

    gc.collect()
    assert gone() is None


def test_one_layer_of_a_pair_is_read_without_the_others():
    side = torch.arange(4.0).expand(10**10, 4)  # put together, all layers of both words would take 320 GB
    assert torch.equal(at_layer(PairVectors({"base": (side, side)}), "base", 7), torch.arange(4.0).repeat(2, 1))


def test_one_layer_is_what_all_of_them_hold_and_a_copy_gives_the_same():
    both = torch.randn(2, 3, 4)
    pair = PairVectors({"base": (both[0], both[1])})
    for layer in range(3):
        assert torch.equal(at_layer(pair, "base", layer), pair["base"][layer])
        assert torch.equal(at_layer(dict(pair), "base", layer), pair["base"][layer])
