"""Other weights in an adapter's own slots: put there by name, and taken out again bit for bit."""

import peft
import pytest
import torch
from safetensors.torch import load_file

from tests.conftest import make_tokenizer
from tests.models.test_adapter_kinds import KINDS, QUICK, saved
from tli_bench.base.errors import AdapterError
from tli_bench.models import adapter_disabled, attach_adapter, inspect_adapter, load_model
from tli_bench.models.live import fingerprint
from tli_bench.models.variants import digest, neutral, placebo, weights_of, worn

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:peft.*")
IDS = torch.arange(2, 40)[None]
EVERY_KIND = [pytest.param(k, marks=() if k in QUICK else (pytest.mark.slow,)) for k in KINDS]


def output(model):
    with torch.no_grad():
        return model(input_ids=IDS).logits


def attached(base, adapter):
    return attach_adapter(load_model(str(base)), inspect_adapter(str(adapter)))[0]


@pytest.fixture(scope="module")
def base(model_folder):
    return model_folder("llama")


@pytest.fixture
def lora(base, tmp_path):
    return attached(base, saved(base, tmp_path / "adapter", KINDS["lora"]()))


def moved(weights, by=0.05):
    draw = torch.Generator().manual_seed(5)
    return {
        n: t + by * torch.randn(t.shape, generator=draw) if t.is_floating_point() else t for n, t in weights.items()
    }


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_inside_it_is_the_other_adapter_and_afterwards_the_own_one_bit_for_bit(kind, base, tmp_path):
    own, tokenizer = attached(base, saved(base, tmp_path / "own", KINDS[kind]())), make_tokenizer()
    other = moved(weights_of(own))
    before, adapted = fingerprint(own, tokenizer), output(own)
    with adapter_disabled(own):
        alone = output(own)
    with worn(own, other):
        inside = output(own)
        written = own.save_pretrained(tmp_path / "other")
        assert written is None
        with adapter_disabled(own):
            assert torch.equal(output(own), alone)
    assert torch.equal(output(own), adapted)
    assert fingerprint(own, tokenizer) == before
    assert not torch.equal(inside, adapted)
    # What stock PEFT computes from the same tensors in a file.
    stock = peft.PeftModel.from_pretrained(load_model(str(base)).model, tmp_path / "other").eval()
    torch.testing.assert_close(inside, output(stock), rtol=0, atol=0)


def test_the_names_are_those_of_the_file(base, tmp_path):
    folder = saved(base, tmp_path / "adapter", KINDS["lora"]())
    model, filed = attached(base, folder), load_file(folder / "adapter_model.safetensors")
    held = weights_of(model)
    assert held.keys() == filed.keys()
    assert all(torch.equal(held[name], filed[name]) for name in filed)
    with worn(model, filed):
        same = output(model)
    assert torch.equal(same, output(model))


def test_an_error_inside_puts_the_own_weights_back(lora):
    before, tokenizer = output(lora), make_tokenizer()
    print_of = fingerprint(lora, tokenizer)
    with pytest.raises(ZeroDivisionError), worn(lora, moved(weights_of(lora))):
        raise ZeroDivisionError
    assert torch.equal(output(lora), before)
    assert fingerprint(lora, tokenizer) == print_of


def test_weights_that_do_not_fit_are_refused_and_change_nothing(lora):
    before, own = output(lora), {name: tensor.clone() for name, tensor in weights_of(lora).items()}
    first = sorted(own)[0]
    wrong = {
        rf"{first} is missing in the weights and \(4, 32\) in the adapter": {
            n: t for n, t in own.items() if n != first
        },
        r"other is \(1,\) in the weights and absent in the adapter": own | {"other": torch.zeros(1)},
        rf"{first} is \(5, 32\) in the weights and \(4, 32\)": own | {first: torch.zeros(5, 32)},
    }
    for message, weights in wrong.items():
        with pytest.raises(AdapterError, match=message), worn(lora, weights):
            pass
    assert torch.equal(output(lora), before)


def test_two_active_adapters_are_refused(lora):
    lora.add_adapter("second", peft.LoraConfig(r=4, target_modules=["q_proj"]))
    lora.base_model.set_adapter(["default", "second"])
    with pytest.raises(AdapterError, match="2 adapters are active"):
        weights_of(lora)


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_the_neutral_start_changes_nothing_that_is_in_memory(kind, base, tmp_path):
    model, tokenizer = attached(base, saved(base, tmp_path / "adapter", KINDS[kind]())), make_tokenizer()
    before, state = fingerprint(model, tokenizer), torch.random.get_rng_state()
    start = neutral(model)
    assert start.keys() == weights_of(model).keys()
    assert fingerprint(model, tokenizer) == before
    assert torch.equal(torch.random.get_rng_state(), state)


def test_the_neutral_start_of_each_kind_is_what_training_starts_from(base, tmp_path):
    def start(kind):
        found = neutral(attached(base, saved(base, tmp_path / kind, KINDS[kind]())))
        return {name.split("layers.2.")[-1]: tensor for name, tensor in found.items()}

    dora, weight = start("dora"), load_model(str(base)).model.model.layers[2].self_attn.q_proj.weight
    assert not dora["self_attn.q_proj.lora_A.weight"].any()
    assert not dora["self_attn.q_proj.lora_B.weight"].any()
    torch.testing.assert_close(dora["self_attn.q_proj.lora_magnitude_vector"], weight.detach().norm(dim=1))
    assert (start("ia3")["mlp.down_proj.ia3_l"] == 1).all()
    assert (start("ln-tuning")["input_layernorm.ln_tuning_layers.weight"] == 1).all()


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_placebo_is_as_far_from_the_start_as_the_trained_adapter(kind, base, tmp_path):
    model = attached(base, saved(base, tmp_path / "adapter", KINDS[kind]()))
    trained, start = weights_of(model), neutral(model)
    drawn = placebo(trained, start, seed=3, number=1)
    for name, tensor in trained.items():
        if not tensor.is_floating_point():
            assert torch.equal(drawn[name], tensor)
            continue
        far = (tensor - start[name]).double().norm()
        assert float((drawn[name] - start[name]).double().norm()) == pytest.approx(float(far), rel=1e-5, abs=1e-6)
    before = output(model)
    with worn(model, drawn):
        inside = output(model)
    assert inside.isfinite().all()
    assert torch.equal(output(model), before)


def test_placebos_are_drawn_anew_by_seed_and_number_and_again_the_same(lora):
    trained, start = weights_of(lora), neutral(lora)
    draws = [placebo(trained, start, seed=s, number=k) for s, k in ((0, 0), (0, 0), (0, 1), (1, 0))]
    assert digest(draws[0]) == digest(draws[1])
    assert len({digest(draw) for draw in draws}) == 3
    name = sorted(trained)[0]
    flat = [draw[name].flatten() for draw in (draws[0], draws[2], trained)]
    for one, other in ((0, 1), (0, 2)):
        assert abs(float(torch.nn.functional.cosine_similarity(flat[one], flat[other], dim=0))) < 0.4


def test_a_tensor_that_is_zero_stays_zero(lora):
    trained = {name: torch.zeros_like(t) if "lora_B" in name else t for name, t in weights_of(lora).items()}
    drawn = placebo(trained, neutral(lora), seed=0, number=0)
    assert all(not drawn[name].any() for name in drawn if "lora_B" in name)
    assert all(drawn[name].any() for name in drawn if "lora_A" in name)
