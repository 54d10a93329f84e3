"""The cache answers for what it was asked of and nothing else: whatever changes a state, the state is computed again."""

import gc
import weakref

import peft
import pytest
import torch

from tests.conftest import make_model, make_tokenizer
from tli_bench.models.live import _checksum, _json, fingerprint
from tli_bench.vectors import backend as backend_module
from tli_bench.vectors.backend import Backend
from tli_bench.vectors.cache import StateCache
from tli_bench.vectors.extract import States
from tli_bench.vectors.inputs import Framing, encode_words
from tli_bench.vectors.keys import Key
from tli_bench.vectors.protocols import Pooling

WORDS = ["maji", "water", "moto"]
MEAN = Pooling.WORD_MEAN


def ask(backend, state="base", framing=None, words=WORDS):
    """Vectors `[words, layers, dim]`."""
    found = backend.states(words, framing or Framing(), (MEAN,), state=state)
    return torch.stack([found.texts[word].vectors[MEAN] for word in words])


@pytest.fixture
def backend():
    return Backend(make_model("llama"), make_tokenizer())


@pytest.fixture
def wrapped():
    """A backend over a model with an adapter that does something."""
    torch.manual_seed(1)
    model = peft.get_peft_model(make_model("llama"), peft.LoraConfig(r=2, target_modules=["q_proj", "v_proj"]))
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.5)
    return Backend(model, make_tokenizer())


def noise(parameter):
    return torch.randn(parameter.shape, generator=torch.Generator().manual_seed(7)) * 0.02


def in_place(model):
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(noise(parameter))


def one_number(model):
    with torch.no_grad():
        model.model.layers[1].mlp.up_proj.weight[3, 5] += 1.0


def optimizer_step(model):
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    model(input_ids=torch.tensor([[5, 6, 7]]), labels=torch.tensor([[5, 6, 7]])).loss.backward()
    optimizer.step()


def load_state_dict(model):
    model.load_state_dict(make_model("llama", seed=5).state_dict())


def replaced_data(model):
    for parameter in model.parameters():
        parameter.data = noise(parameter)


def through_data(model):
    """`.data.copy_` moves neither an address nor a version counter."""
    weight = model.model.layers[0].self_attn.q_proj.weight
    before = (weight.data_ptr(), weight._version)
    weight.data.copy_(noise(weight))
    assert (weight.data_ptr(), weight._version) == before


def permuted(model):
    """The same numbers in another order: every sum over them stays."""
    weight = model.model.layers[0].self_attn.q_proj.weight
    weight.data.copy_(weight.data.flip(0).clone())


def another_module(model):
    model.model.layers[0].mlp = make_model("llama", seed=3).model.layers[0].mlp


def buffer(model):
    model.model.rotary_emb.inv_freq.mul_(2)


CHANGES = [
    in_place, one_number, optimizer_step, load_state_dict, replaced_data, through_data, permuted, another_module, buffer,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_changed_weights_are_never_answered_from_before(backend, change):
    before = ask(backend)
    change(backend.model)
    after = ask(backend)
    fresh = ask(Backend(backend.model, backend.tokenizer))
    assert not torch.equal(before, after)
    assert torch.equal(after, fresh)


def test_what_did_not_change_is_not_computed_again(backend):
    before = ask(backend)
    backend.model.register_forward_pre_hook(lambda *_: pytest.fail("the model ran"))
    backend.model.model.register_forward_pre_hook(lambda *_: pytest.fail("the body ran"))
    assert torch.equal(ask(backend), before)
    assert torch.equal(ask(backend, words=WORDS[::-1]), before.flip(0))


def test_weights_that_come_back_find_their_states_again(backend):
    kept = {name: value.clone() for name, value in backend.model.state_dict().items()}
    before = ask(backend)
    in_place(backend.model)
    ask(backend)
    backend.model.load_state_dict(kept)
    backend.model.model.register_forward_pre_hook(lambda *_: pytest.fail("the body ran"))
    assert torch.equal(ask(backend), before)


def trained(model):
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_A" in name:
                parameter.add_(0.3)


def rescaled(model):
    for part in model.modules():
        if isinstance(getattr(part, "scaling", None), dict):
            part.scaling["default"] *= 3


def another_adapter(model):
    torch.manual_seed(9)
    model.add_adapter("other", peft.LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=False))
    model.set_adapter("other")


@pytest.mark.parametrize("change", [trained, rescaled, another_adapter], ids=lambda change: change.__name__)
def test_a_changed_adapter_changes_the_adapted_states_and_leaves_the_base(wrapped, change):
    base, before = ask(wrapped), ask(wrapped, "adapted")
    assert not torch.equal(base, before)
    change(wrapped.model)
    after = ask(wrapped, "adapted")
    assert not torch.equal(before, after)
    assert torch.equal(after, ask(Backend(wrapped.model, wrapped.tokenizer), "adapted"))
    assert torch.equal(ask(wrapped), base)


def test_texts_are_tokenised_once_for_all_states_of_a_model(wrapped, monkeypatch):
    """Tokenising takes as long as a small model does; what one state reads, the next one reads as well."""
    asked, plain = [], encode_words
    monkeypatch.setattr(
        backend_module,
        "encode_words",
        lambda tokenizer, words, **how: asked.extend(words) or plain(tokenizer, words, **how),
    )
    ask(wrapped), ask(wrapped, "adapted")
    assert asked == WORDS
    ask(wrapped, framing=Framing(template="say {word} now"))
    assert asked == 2 * WORDS


def test_an_adapter_that_changes_leaves_the_bases_fingerprint(wrapped):
    before = fingerprint(wrapped.model, wrapped.tokenizer)
    trained(wrapped.model)
    after = fingerprint(wrapped.model, wrapped.tokenizer)
    assert (before.weights, before.tokenizer) == (after.weights, after.tokenizer)
    assert before.adapter != after.adapter
    plain = fingerprint(make_model("llama"), wrapped.tokenizer)
    assert plain.adapter == ""


def without_bos(backend):
    backend.tokenizer = make_tokenizer(bos=False)


def lower_case(backend):
    from tokenizers import normalizers

    backend.tokenizer.backend_tokenizer.normalizer = normalizers.Replace("a", "o")


def more_tokens(backend):
    backend.tokenizer.add_tokens(["maj"])


@pytest.mark.parametrize("change", [without_bos, lower_case], ids=lambda change: change.__name__)
def test_a_changed_tokenizer_is_never_answered_from_before(backend, change):
    before = ask(backend)
    change(backend)
    assert not torch.equal(before, ask(backend))


def test_what_is_hashed_of_settings_is_the_same_in_every_process():
    """PEFT's target modules are a set, whose order is another in each process."""
    named = {f"{part}_proj" for part in "abcdefgh"}
    assert _json({"modules": named}) == _json({"modules": sorted(named)})


def test_an_added_token_changes_the_fingerprint_and_padding_does_not(backend):
    before = fingerprint(backend.model, backend.tokenizer)
    backend.tokenizer.pad_token = backend.tokenizer.eos_token
    padded = fingerprint(backend.model, backend.tokenizer)
    backend.tokenizer(WORDS, padding=True, truncation=True, max_length=4)
    assert fingerprint(backend.model, backend.tokenizer) == padded
    more_tokens(backend)
    assert len({before.tokenizer, fingerprint(backend.model, backend.tokenizer).tokenizer}) == 2


def test_framing_and_poolings_are_part_of_the_key(backend):
    plain = ask(backend)
    inside = ask(backend, framing=Framing(template="say {word} now"))
    cut = ask(backend, framing=Framing(template="say {word} now", cut=True))
    assert not torch.equal(plain, inside)
    torch.testing.assert_close(cut, inside)  # a causal word does not see what follows
    both = backend.states(WORDS, Framing(), (MEAN, Pooling.WORD_LAST))
    assert set(both.texts["maji"].vectors) == {MEAN, Pooling.WORD_LAST}


def test_two_models_in_one_cache_never_meet():
    shared, tokenizer = StateCache(), make_tokenizer()
    one, two = (Backend(make_model("llama", seed=seed), tokenizer, cache=shared) for seed in (0, 1))
    assert not torch.equal(ask(one), ask(two))
    same = Backend(make_model("llama", seed=0), tokenizer, cache=shared)
    assert torch.equal(ask(same), ask(one))


def test_the_bound_holds_and_the_longest_unused_go_first():
    asked = []

    def compute(texts):
        asked.append(list(texts))
        return States(("0", "1"), {MEAN: torch.arange(len(texts) * 8.0).view(2, len(texts), 4)})

    def key(name):
        return Key(name, "", "", "base", Framing(), (MEAN,))

    cache = StateCache(max_bytes=2 * 4 * 4 * 3)  # room for three texts
    layers, first = cache.get(key("m"), ["a", "b", "a"], compute)
    assert (layers, asked) == (("0", "1"), [["a", "b"]])
    torch.testing.assert_close(first["b"].vectors[MEAN], torch.tensor([[4.0, 5, 6, 7], [12, 13, 14, 15]]))
    assert cache.get(key("m"), ["b", "c"], compute)[1].keys() == {"b", "c"}
    assert asked[-1] == ["c"]
    cache.get(key("n"), ["a"], compute)  # the fourth text does not fit: the first model's go
    cache.get(key("n"), ["a"], compute)
    assert asked[2:] == [["a"]]
    cache.get(key("m"), ["c"], compute)
    assert asked[-1] == ["c"]
    for _ in range(2):  # more than there is room for: computed, not kept
        cache.get(key("o"), list("vwxyz"), compute)
    assert asked[-2:] == [list("vwxyz")] * 2
    assert cache.get(key("o"), list("vwxyz"), compute)[0] == ("0", "1")


def test_nothing_outlives_the_backend(backend):
    ask(backend)
    model, cache = weakref.ref(backend.model), weakref.ref(backend.cache)
    return_to = backend.__dict__
    return_to.clear()
    gc.collect()
    assert model() is None
    assert cache() is None


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16, torch.int8, torch.bool])
@pytest.mark.parametrize("size", [1, 3, 8, 1001])
def test_a_checksum_sees_every_number_and_where_it_stands(dtype, size):
    tensor = torch.randint(0, 2, (size,), generator=torch.Generator().manual_seed(0)).to(dtype)
    seen = {_checksum(tensor)}
    for index in range(size):
        changed = tensor.clone()
        changed[index] = 1 - changed[index].int()
        seen.add(_checksum(changed))
    assert len(seen) == size + 1
    assert _checksum(tensor.clone()) in seen
    wide = tensor.repeat(2, 1).T  # not contiguous
    assert _checksum(wide) == _checksum(wide.contiguous())


def test_two_changes_of_sign_do_not_cancel():
    tensor = torch.randn(4096, generator=torch.Generator().manual_seed(0))
    seen = {_checksum(tensor)}
    for index in range(0, 4094, 2):
        changed = tensor.clone()
        changed[index : index + 3 : 2] *= -1
        seen.add(_checksum(changed))
    assert len(seen) == 2048
