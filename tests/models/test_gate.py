"""The sanity gate lets sound models through and stops broken ones."""

import copy
import json
from dataclasses import replace

import peft
import pytest
import torch

from tests.base.test_files import ended, left_over
from tests.conftest import make_model, make_tokenizer
from tests.models.architectures import build, build_package
from tests.replica import SENTENCES, learn_sentences, llama3_model, llama3_tokenizer
from tli_bench.base.errors import GateError
from tli_bench.models import gate
from tli_bench.models.gate import _pseudo_nll, known_text, require_sane
from tli_bench.models.load import LoadedModel
from tli_bench.models.passed import require_sane_once


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


def masked_tokenizer():
    """Of the gate's sentences, framed by [CLS] and [SEP], with a mask."""
    tokenizer = make_tokenizer(bert=True)
    tokenizer.add_special_tokens({"mask_token": "[MASK]"})
    return tokenizer


def bert(seed=0):
    """A random BERT of one block, which is enough to learn the gate's sentences."""
    return build("bert", "AutoModelForMaskedLM", seed=seed, max_position_embeddings=256, num_hidden_layers=1)


@pytest.fixture(scope="module")
def masked():
    """A small BERT that has learnt to fill in the gate's sentences."""
    tokenizer, model = masked_tokenizer(), bert()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    generator = torch.Generator().manual_seed(0)
    batches = [tokenizer(sentence, return_tensors="pt")["input_ids"] for sentence in SENTENCES]
    model.train()
    for _ in range(60):
        loss = torch.zeros(())
        for ids in batches:
            rows = ids.repeat(8, 1)
            hidden = torch.rand(rows.shape, generator=generator) < 0.15
            hidden[:, [0, -1]] = False
            loss = (
                loss
                + model(
                    input_ids=rows.masked_fill(hidden, tokenizer.mask_token_id), labels=rows.masked_fill(~hidden, -100)
                ).loss
            )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return wrap(model, tokenizer)


def test_a_masked_lm_is_asked_for_its_pseudo_likelihood(masked):
    report = require_sane(masked)
    assert report.won >= 0.9
    assert report.shuffled - report.text > 0.5


@pytest.mark.parametrize("seed", range(3))
def test_a_random_masked_lm_fails(masked, seed):
    with pytest.raises(GateError, match="does not find ordinary sentences more likely"):
        require_sane(wrap(bert(seed), masked.tokenizer))


def test_a_pseudo_likelihood_is_that_of_its_definition(masked):
    ids = masked.tokenizer(SENTENCES[0], return_tensors="pt")["input_ids"]
    terms = []
    with torch.no_grad():
        for position in range(1, ids.shape[1] - 1):
            hidden = ids.clone()
            hidden[0, position] = masked.tokenizer.mask_token_id
            terms.append(-masked.model(input_ids=hidden).logits[0, position].log_softmax(-1)[ids[0, position]].item())
        assert _pseudo_nll(masked, ids) == pytest.approx([sum(terms) / len(terms)], rel=1e-5)


def test_a_multimodal_package_is_asked_as_the_causal_lm_that_it_is():
    tokenizer = llama3_tokenizer()
    package = build_package("gemma3", vocab_size=len(tokenizer), max_position_embeddings=512)
    with pytest.raises(GateError, match="does not find ordinary sentences more likely"):
        require_sane(wrap(package, tokenizer))
    learn_sentences(package, tokenizer, steps=60)
    assert require_sane(wrap(package, tokenizer)).passed


@pytest.mark.parametrize("kind", ["xlnet", "bert"])
def test_heads_of_another_kind_are_checked_for_finite_weights_alone(kind):
    """XLNet predicts permutations; BERT's LM class without `is_decoder` sees the token that it should predict."""
    assert require_sane(wrap(build(kind, "AutoModelForCausalLM"), masked_tokenizer())) is None


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


def test_all_sentences_go_through_the_model_once_and_are_judged_as_each_alone(sound, monkeypatch):
    passes = []
    forward = gate._logits

    def counting(loaded, ids):
        passes.append(tuple(ids.shape))
        return forward(loaded, ids)

    monkeypatch.setattr(gate, "_logits", counting)
    report = require_sane(sound)
    assert len(passes) == 1
    rows = [sound.tokenizer(text, return_tensors="pt")["input_ids"][0] for text in known_text(sound.id)]
    assert len({len(row) for row in rows}) > 1  # padded
    with torch.no_grad():
        alone = [float(sound.model(input_ids=row[None], labels=row[None]).loss) for row in rows]
        assert gate._nll(sound, rows) == pytest.approx(alone, rel=1e-5)
    assert report.text == pytest.approx(sum(alone) / len(alone), rel=1e-5)


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    """The folder in which outcomes are kept."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "tli-bench" / "gates"


@pytest.fixture
def forwards(monkeypatch):
    """How many passes the gate made, as the length of a list."""
    passes, forward = [], gate._logits
    monkeypatch.setattr(gate, "_logits", lambda loaded, ids: passes.append(1) or forward(loaded, ids))
    return passes


def test_a_model_that_passed_is_not_asked_again_and_the_report_is_the_same(sound, forwards, own_cache):
    first = require_sane_once(sound)
    assert len(forwards) == 1
    assert require_sane_once(sound) == first
    assert require_sane_once(replace(sound, id="org/copy")) == first
    assert len(forwards) == 1
    assert first == gate.require_sane(sound)
    assert len(list(own_cache.iterdir())) == 1


def test_an_outcome_that_a_killed_process_was_keeping_goes_when_the_next_is_kept(sound, own_cache):
    half = left_over(own_cache, "abc.json", process=ended())
    require_sane_once(sound)
    assert len(list(own_cache.iterdir())) == 1
    assert not half.exists()


def test_a_failure_is_asked_again_each_time_and_nothing_is_kept(sound, forwards, own_cache):
    broken = wrap(llama3_model(sound.tokenizer, seed=1), sound.tokenizer)
    for _ in range(2):
        with pytest.raises(GateError, match="the base is broken"):
            require_sane_once(broken)
    assert len(forwards) == 2
    assert not own_cache.exists()


def break_head(loaded):
    loaded.model.get_output_embeddings().weight.data.mul_(-1.0)


def break_body(loaded):
    loaded.model.get_parameter("model.layers.1.mlp.up_proj.weight").data[3, 5] = float("nan")


@pytest.mark.parametrize("change", [break_head, break_body], ids=lambda change: change.__name__)
def test_weights_changed_in_memory_are_asked_again(sound, own_cache, change):
    require_sane_once(sound)
    change(sound)
    with pytest.raises(GateError):
        require_sane_once(sound)


def test_another_dtype_tokenizer_adapter_or_version_is_asked_again(sound, forwards, own_cache, monkeypatch):
    model = copy.deepcopy(sound.model)
    require_sane_once(sound)
    for count, dtype in ((2, torch.bfloat16), (3, torch.float32)):
        require_sane_once(wrap(model.to(dtype), sound.tokenizer))
        assert len(forwards) == count  # back from bfloat16 the weights are rounded ones
    lower = llama3_tokenizer()
    lower.add_tokens(["maj"])
    require_sane_once(wrap(sound.model, lower))
    assert len(forwards) == 4
    wrapped = peft.get_peft_model(sound.model, peft.LoraConfig(r=2, target_modules=["q_proj"]))
    require_sane_once(wrap(wrapped, sound.tokenizer))
    wrapped.unload()
    assert len(forwards) == 5
    monkeypatch.setattr(gate, "VERSION", gate.VERSION + 1)
    require_sane_once(sound)
    assert len(forwards) == 6


@pytest.mark.parametrize(
    "damage", ["", "[]", '{"passed": {"text": 9.0, "shuffled": 1.0, "won": 0.0}}', '{"passed": {"text": "low"}}']
)
def test_a_damaged_outcome_and_one_that_did_not_pass_are_asked_again(sound, forwards, own_cache, damage):
    whole = require_sane_once(sound)
    (path,) = own_cache.iterdir()
    path.write_text(damage)
    assert require_sane_once(sound) == whole
    assert len(forwards) == 2
    assert json.loads(path.read_text())["passed"]["won"] == 1.0


def test_code_of_another_origin_is_always_asked(sound, forwards, own_cache, monkeypatch):
    monkeypatch.setattr(type(sound.model), "__module__", "transformers_modules.org.model")
    require_sane_once(sound)
    require_sane_once(sound)
    assert len(forwards) == 2
    assert not own_cache.exists()


def test_a_place_that_cannot_be_written_is_no_reason_to_stop(sound, forwards, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert require_sane_once(sound).passed
    assert require_sane_once(sound).passed
    assert len(forwards) == 2
