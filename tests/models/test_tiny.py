"""The embedded model keeps what its card promises, measured again here on the shipped weights."""

import json
import re

import pytest

from tli_bench.models import load_model
from tli_bench.models.catalog import TINY_DIR
from tools.tiny.card import required
from tools.tiny.measure import pair_figures

CARD = (TINY_DIR / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def tiny():
    return load_model("tiny")


def test_it_is_small_bfloat16_llama_with_tied_embeddings():
    weights = TINY_DIR / "model.safetensors"
    assert weights.stat().st_size <= 12_000_000
    config = json.loads((TINY_DIR / "config.json").read_text())
    assert config["architectures"] == ["LlamaForCausalLM"]
    assert config["tie_word_embeddings"] is True
    assert config["dtype"] == "bfloat16"


def test_the_tokenizer_prepends_bos_and_has_no_pad(tiny):
    ids = tiny.tokenizer("maji")["input_ids"]
    assert ids[0] == tiny.tokenizer.bos_token_id
    assert tiny.tokenizer.bos_token_id not in ids[1:]
    assert tiny.tokenizer.pad_token is None


@pytest.mark.parametrize("language", ["swh", "tur", "azj", "uzn", "kaz", "kir", "tat", "bak", "tuk", "uig"])
def test_required_figures_hold_and_the_card_tells_them(tiny, language):
    figures = pair_figures(tiny.model, tiny.tokenizer, f"{language}-eng")
    assert required(figures) == []
    row = next(line for line in CARD.splitlines() if line.startswith(f"| {language}_") and "-eng_Latn |" in line)
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert int(cells[1]) == figures.pool
    assert float(cells[3]) == pytest.approx(figures.p1[figures.best], abs=0.02)
    assert float(cells[4]) == pytest.approx(figures.p1[-1], abs=0.02)


def test_the_card_says_that_it_is_a_demonstration():
    assert "say nothing about real LLMs" in CARD
    assert re.search(r"Perplexity per token on held-out generated lines: \d+\.\d\d\.", CARD)
