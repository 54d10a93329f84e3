"""Small seeded Llamas from explicit configs, with a byte-level BPE that was trained on the core lexicon's own words."""

from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

from tli_bench.languages import resolve_pair
from tli_bench.lexicon import Lexicon, load_lexicon
from tli_bench.lexicon.pairs import Split, WordPair
from tli_bench.models import LoadedModel, attach_adapter, inspect_adapter, load_model

torch.set_num_threads(1)


def make_tokenizer():
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    lexicon = load_lexicon("core", pair="swh-eng")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=["<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([*lexicon.source_words, *lexicon.target_words], trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>")


def make_llama(folder: Path, *, layers: int = 4, width: int = 64, seed: int = 0, tied: bool = True) -> Path:
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = make_tokenizer()
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=128,
        tie_word_embeddings=tied,
        bos_token_id=0,
        eos_token_id=1,
    )
    model = LlamaForCausalLM(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory):
    """Builds a model folder from an explicit configuration."""

    def build(**config: Any) -> Path:
        return make_llama(tmp_path_factory.mktemp("llama"), **config)

    return build


@pytest.fixture(scope="session")
def llama_folder(llama) -> Path:
    return llama()


@pytest.fixture(scope="session")
def _loaded(llama_folder: Path) -> LoadedModel:
    return load_model(str(llama_folder))


@pytest.fixture
def loaded(_loaded: LoadedModel):
    """The shared base; a test that leaves it changed fails."""
    before = snapshot(_loaded.model)
    yield _loaded
    after = snapshot(_loaded.model)
    assert list(before) == list(after)
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(p.requires_grad for p in _loaded.model.parameters())


def snapshot(model) -> dict[str, torch.Tensor]:
    return {name: p.detach().clone() for name, p in model.named_parameters()}


@pytest.fixture(scope="session")
def make_lexicon():
    """Builds a lexicon of the first concepts of the core one, split as asked."""

    def build(*, train: int = 24, dev: int = 8, control: int = 8) -> Lexicon:
        core = load_lexicon("core", pair="swh-eng")
        splits = [Split.TRAIN] * train + [Split.DEV] * dev + [Split.CONTROL] * control
        # One concept a source word, so that the list can also be written as a plain file of pairs.
        distinct = {p.source: p for p in reversed(core.pairs)}.values()
        pairs = tuple(
            WordPair(p.concept, p.sources, p.targets, split) for p, split in zip(distinct, splits, strict=False)
        )
        return Lexicon("core-part", "test", *resolve_pair("swh-eng"), pairs)

    return build


@pytest.fixture(scope="session")
def lexicon(make_lexicon) -> Lexicon:
    return make_lexicon()


@pytest.fixture
def attached():
    """Within the context the base carries a saved adapter, as the harness attaches it."""

    @contextmanager
    def attach(loaded: LoadedModel, folder: Path):
        model, _ = attach_adapter(loaded, inspect_adapter(str(folder)))
        try:
            yield model
        finally:
            model.unload().requires_grad_(True)

    return attach


@pytest.fixture
def words(lexicon, tmp_path):
    """The lexicon of the tests as a file, splits included."""
    path = tmp_path / "pairs.tsv"
    rows = ["source\ttarget\tsplit", *(f"{p.source}\t{p.target}\t{p.split.value}" for p in lexicon.pairs)]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path
