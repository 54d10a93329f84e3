"""Adapters whose training added tokens, as stock PEFT saves them: the base grows, keeps what it had, and can be had back."""

import warnings

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from tests.conftest import make_model, make_tokenizer
from tli_bench.base.errors import AdapterError
from tli_bench.config.facts import flags_of
from tli_bench.models import adapter_disabled, attach_adapter, inspect_adapter, load_model
from tli_bench.models.adapters import detach_adapter, read_weights

HAD, ROWS = 300, 308
ADDED = [*range(HAD, ROWS)]
Q = ["q_proj", "v_proj"]
KINDS = {
    "tables saved whole": {"modules_to_save": ["embed_tokens", "lm_head"]},
    "input saved whole": {"modules_to_save": ["embed_tokens"]},
    "added tokens trained": {"trainable_token_indices": {"embed_tokens": ADDED}},
    "LoRA on the embeddings": {"target_modules": [*Q, "embed_tokens"]},
    "nothing on the tables": {},
}
IDS = torch.tensor([[*range(2, 40), *ADDED]])


def output(model, ids=IDS):
    """Logits of the tokens that the base has, after all of `ids`: those of added ones may be nobody's."""
    with torch.no_grad():
        return model(input_ids=ids).logits[..., :HAD]


@pytest.fixture(scope="module", params=[False, True], ids=["untied", "tied"])
def base(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("base")
    model = make_model("llama")
    if request.param:
        model.config.tie_word_embeddings = True
        torch.manual_seed(0)
        model = type(model)(model.config)
    model.save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    return folder


def resized(base, rows=ROWS):
    """The base with added tokens, as a training script makes it: transformers draws the new rows at random."""
    torch.manual_seed(7)
    model = AutoModelForCausalLM.from_pretrained(base)
    model.resize_token_embeddings(rows)
    return model


def trained(base, folder, rows=ROWS, *, embeddings="auto", **options):
    """An adapter of the resized base, trained into random numbers and saved by stock PEFT."""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # PEFT says that it writes the tables, and what of tied ones is to be kept in mind
        model = get_peft_model(resized(base, rows), LoraConfig(**{"r": 4, "target_modules": Q, **options}))
        noise = torch.Generator().manual_seed(0)
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.data += 0.1 * torch.randn(parameter.shape, generator=noise)
        model.save_pretrained(folder, save_embedding_layers=embeddings)
    return folder


def stock(base, folder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return PeftModel.from_pretrained(resized(base), folder).eval()


@pytest.mark.parametrize("kind", KINDS)
def test_the_adapted_model_is_that_of_stock_peft_and_the_base_is_what_it_was(base, tmp_path, kind):
    folder = trained(base, tmp_path / "adapter", **KINDS[kind])
    loaded = load_model(str(base))
    alone = output(loaded.model, IDS[:, :-8])
    model, reference = attach_adapter(loaded, inspect_adapter(str(folder)))
    theirs = stock(base, folder)
    assert torch.equal(output(model), output(theirs))
    with adapter_disabled(model):
        assert torch.equal(output(model, IDS[:, :-8]), alone)
    assert not torch.equal(output(model, IDS[:, :-8]), alone)
    assert reference.trainable_parameters == sum(own_sizes(theirs))
    detach_adapter(model, loaded)
    assert torch.equal(output(loaded.model, IDS[:, :-8]), alone)


def own_sizes(model):
    """Sizes of the tensors that PEFT calls the adapter's own."""
    from peft import get_peft_model_state_dict

    return [tensor.numel() for tensor in get_peft_model_state_dict(model, save_embedding_layers=False).values()]


def test_rows_that_no_file_holds_are_the_mean_of_the_others(base, tmp_path):
    """An adapter that was saved without the tables: what training began with is not known."""
    folder = trained(base, tmp_path / "adapter", embeddings=False, **KINDS["LoRA on the embeddings"])
    model, _ = attach_adapter(load_model(str(base)), inspect_adapter(str(folder)))
    rows = model.get_base_model().get_input_embeddings().base_layer.weight
    assert len(rows) == ROWS
    torch.testing.assert_close(rows[HAD:], rows[:HAD].mean(dim=0).expand(8, -1))


def test_the_tables_of_another_base_are_refused(base, tmp_path):
    folder = trained(base, tmp_path / "adapter", **KINDS["nothing on the tables"])
    tensors = load_file(folder / "adapter_model.safetensors")
    tensors["base_model.model.model.embed_tokens.weight"][17, 3] += 1
    save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    with pytest.raises(
        AdapterError, match=r"comes with its own model\.embed_tokens\.weight, which differs from that of"
    ):
        attach_adapter(load_model(str(base)), inspect_adapter(str(folder)))


def test_a_smaller_vocabulary_is_refused(base, tmp_path):
    folder = trained(base, tmp_path / "adapter", rows=290, **KINDS["tables saved whole"])
    with pytest.raises(
        AdapterError, match=r"trained with a vocabulary of 290 tokens, cut from the 300 of .*merge the two"
    ):
        attach_adapter(load_model(str(base)), inspect_adapter(str(folder)))


def test_a_twin_with_the_same_tokens_fits_the_adapters_slots(base, tmp_path):
    from tli_bench.models.variants import require_fit, weights_of

    folder = trained(base, tmp_path / "adapter", **KINDS["tables saved whole"])
    loaded, files = load_model(str(base)), inspect_adapter(str(folder))
    other = read_weights(loaded, files)
    model, _ = attach_adapter(loaded, files)
    require_fit(other, weights_of(model))


def test_a_run_says_which_tokenizer_took_the_place_of_the_models_own(base, tmp_path):
    from tli_bench import score

    folder = trained(base, tmp_path / "adapter", **KINDS["tables saved whole"])
    tokens = make_tokenizer()
    tokens.add_special_tokens({"additional_special_tokens": [f"<|{n}|>" for n in range(8)]})
    tokens.save_pretrained(folder)
    cheap = {
        "pairs": "swh-eng",
        "limit": 12,
        "skip_gate": True,
        "placebo": 0,
        "confirm": False,
        "output": tmp_path / "runs",
    }
    own = score(str(base), str(folder), **cheap).records[0]
    other = score(str(base), str(folder), tokenizer=str(folder), **cheap).records[0]
    assert (own.signature.tokenizer, len(other.signature.tokenizer)) == (None, 12)
    # No word holds an added token, so nothing else differs; yet neither stands for the other.
    assert own.curves == other.curves
    assert flags_of(other.signature)[-1] == f"tokenizer {other.signature.tokenizer}"
    again = score(str(base), str(folder), tokenizer=str(folder), **cheap)
    assert again.records[0].created == other.created
