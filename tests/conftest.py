"""How the tests share two cores, and tiny seeded models of several architectures, made from explicit configurations."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
# Tests run two at a time: one thread each, or they wait for one another.
os.environ["OMP_NUM_THREADS"] = "1"
# The few tests that ask for more wait without spinning: their second thread seldom has a core to itself.
os.environ["OMP_WAIT_POLICY"] = "PASSIVE"

import gc
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

WORDS = [
    "maji",
    "water",
    "moto",
    "fire",
    "nyumba",
    "house",
    "kağıt",
    "paper",
    "су",
    "китеп",
    "ئات",
    "horse",
    "jua",
    "sun",
]


# Rooms whose files take long, the longest first: a file is one worker's, and the short ones fill up what is left at the end.
_FIRST = ("golden", "cli", "plugin", "training", "gauntlet", "downstream", "models", "report")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long come first, in one order for every worker."""

    def place(item: pytest.Item) -> int:
        room = item.path.relative_to(Path(__file__).parent).parts[0]
        return _FIRST.index(room) if room in _FIRST else len(_FIRST)

    items.sort(key=place)


def pytest_collection() -> None:
    """Nothing that is imported is garbage: no collection looks for it meanwhile."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Keep what was imported out of every later garbage collection: a training ends with a full one, and there are hundreds."""
    gc.enable()
    _freeze()
    # lm-eval writes into every result what machine this is, and asks pip and a dozen programs: once is enough.
    if "torch" in sys.modules:
        from torch.utils import collect_env

        collect_env.get_pretty_env_info = cache(collect_env.get_pretty_env_info)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """The same for what a file imported and loaded for good, once it has ended and what it made for itself is gone."""
    if nextitem is not None and nextitem.path != item.path:
        _freeze()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish() -> Iterator[None]:
    """Plugins that import at the end ask the collector who holds their objects; after them pytest collects five times."""
    gc.unfreeze()
    yield
    _freeze()


def _freeze() -> None:
    gc.collect()
    gc.freeze()


def make_tokenizer(*, bos: bool = True, bert: bool = False) -> Any:
    """A byte-level BPE tokenizer on a few words; `bos` prepends BOS as Llama-3 does, `bert` frames with [CLS] and [SEP]."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    specials = ["[CLS]", "[SEP]", "[PAD]"] if bert else ["<|begin_of_text|>", "<|end_of_text|>"]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=specials,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(WORDS, trainer)
    if bert:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 0), ("[SEP]", 1)]
        )
        return PreTrainedTokenizerFast(
            tokenizer_object=tokenizer, cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]"
        )
    if bos:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{specials[0]} $A", special_tokens=[(specials[0], 0)]
        )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=specials[0], eos_token=specials[1])


def make_model(kind: str, *, layers: int = 3, width: int = 32, vocabulary: int = 300, seed: int = 0) -> Any:
    """A random model: `llama`, `qwen`, `gpt2`, `gemma` or `bert`."""
    import torch
    from transformers import (
        BertConfig,
        BertModel,
        GemmaConfig,
        GemmaForCausalLM,
        GPT2Config,
        GPT2LMHeadModel,
        LlamaConfig,
        LlamaForCausalLM,
        Qwen2Config,
        Qwen2ForCausalLM,
    )

    torch.manual_seed(seed)
    shared: dict[str, Any] = {
        "vocab_size": vocabulary, "hidden_size": width, "intermediate_size": 2 * width, "num_hidden_layers": layers,
        "num_attention_heads": 4, "max_position_embeddings": 64,
    }  # fmt: skip
    match kind:
        case "llama":
            return LlamaForCausalLM(LlamaConfig(**shared, num_key_value_heads=2, bos_token_id=0, eos_token_id=1))
        case "qwen":
            return Qwen2ForCausalLM(Qwen2Config(**shared, num_key_value_heads=2, bos_token_id=0, eos_token_id=1))
        case "gemma":
            return GemmaForCausalLM(
                GemmaConfig(**shared, num_key_value_heads=2, head_dim=8, bos_token_id=0, eos_token_id=1, pad_token_id=2)
            )
        case "gpt2":
            return GPT2LMHeadModel(
                GPT2Config(
                    vocab_size=vocabulary,
                    n_embd=width,
                    n_layer=layers,
                    n_head=4,
                    n_positions=64,
                    bos_token_id=0,
                    eos_token_id=1,
                )
            )
        case "bert":
            return BertModel(BertConfig(**shared))
    raise ValueError(kind)


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Folder with a saved random model and tokenizer of a kind; made once a session."""
    made: dict[tuple[Any, ...], Path] = {}

    def get(kind: str = "llama", *, bos: bool = True, seed: int = 0, width: int = 32) -> Path:
        key = (kind, bos, seed, width)
        if key not in made:
            folder = tmp_path_factory.mktemp(f"{kind}-")
            make_model(kind, seed=seed, width=width).save_pretrained(folder)
            make_tokenizer(bos=bos, bert=kind == "bert").save_pretrained(folder)
            made[key] = folder
        return made[key]

    return get
