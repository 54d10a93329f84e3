"""The embedded model keeps what its card promises, measured again here on the shipped weights."""

import json
import re

import pytest

from tli_bench.languages import DEFAULT_PAIRS
from tli_bench.models import load_model
from tli_bench.models.catalog import TINY_DIR
from tools.tiny.__main__ import world_of
from tools.tiny.card import required
from tools.tiny.measure import pair_figures, perplexity
from tools.tiny.text import Recipe, company
from tools.tiny.train import Plan, settles_at

CARD = (TINY_DIR / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def tiny():
    return load_model("tiny")


@pytest.fixture(scope="module")
def measured(tiny):
    """Figures of every default pair, by its name."""
    return dict(zip(DEFAULT_PAIRS, pair_figures(tiny.model, tiny.tokenizer, DEFAULT_PAIRS), strict=True))


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


@pytest.mark.parametrize("pair", DEFAULT_PAIRS)
def test_required_figures_hold_and_the_card_tells_them(measured, pair):
    figures = measured[pair]
    if pair.endswith("-eng_Latn"):
        assert required(figures) == []
    row = next(line for line in CARD.splitlines() if line.startswith(f"| {pair} |"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert int(cells[1]) == figures.n
    assert cells[2] == figures.layers[figures.best]
    assert float(cells[3]) == pytest.approx(figures.found[figures.best], abs=0.02)
    assert float(cells[4]) == pytest.approx(figures.found[-1], abs=0.02)
    sink = figures.layers.index(cells[5])
    assert float(cells[6]) == pytest.approx(figures.with_bos[sink], abs=0.005)
    assert float(cells[7]) == pytest.approx(figures.cosine[sink], abs=0.02)
    if f"### {pair}, by layer" in CARD:
        section = CARD.split(f"### {pair}, by layer")[1].split("###")[0]
        shown = {cells[1].strip(): cells[2:-1] for line in section.splitlines() if len(cells := line.split("|")) > 2}
        curves = {"P@1 of 50": figures.found, "cosine": figures.cosine, "mismatched": figures.mismatched}
        for name, curve in {**curves, "cosine with BOS": figures.with_bos}.items():
            assert [float(cell) for cell in shown[name]] == pytest.approx(list(curve), abs=0.02), name


def test_the_card_shows_two_pairs_by_layer():
    assert re.findall(r"### (\S+), by layer", CARD) == ["swh_Latn-eng_Latn", "tur_Latn-eng_Latn"]


def _said(pattern):
    """The one number, or the numbers, that the card gives in these words."""
    return re.search(pattern.replace(" ", r"\s+"), CARD)[1].replace(",", "")


def test_the_card_says_what_the_model_is(tiny):
    config = tiny.model.config
    assert int(_said(r"A Llama of ([\d,]+) parameters")) == sum(p.numel() for p in set(tiny.model.parameters()))
    assert int(_said(r"\(([\d,]+) layers, width 128, tied")) == config.num_hidden_layers
    assert int(_said(r"width (\d+), tied")) == config.hidden_size
    assert int(_said(r"tokenizer of ([\d,]+) tokens that prepends BOS and has no padding token")) == len(tiny.tokenizer)


def test_the_card_names_the_planted_sink_wherever_it_shows_a_figure_with_bos(tiny):
    assert "**Its attention sink is planted.**" in CARD
    assert "when the first position is pooled in, where the sink is planted;" in " ".join(CARD.split())
    plan = Plan()
    assert int(_said(r"after ([\d,]+) steps the embedding of BOS")) == settles_at(plan)
    assert float(_said(r"BOS is made (\d+) times longer")) == plan.sink
    rows = tiny.model.get_input_embeddings().weight.norm(dim=1)
    assert rows[0] > 20 * rows[1:].median()


def test_the_card_says_what_has_been_seen():
    world = world_of(Recipe())
    seen = company(world)
    assert int(_said(r"Which of the (\d+) concepts occur together")) == len(world.words)
    assert int(_said(r"the same in all languages. (\d+) concepts, all from the train split")) == len(world.evidence)
    assert seen.translated == 0
    assert int(_said(r"of the lines with such a concept, (\d+)% hold some other word")) == round(
        100 * seen.mixed / seen.with_unseen
    )


def test_the_card_says_how_it_was_trained():
    plan = Plan()
    assert int(_said(r"\(seed (\d+), ")) == plan.seed
    assert int(_said(r"([\d,]+) steps of \d+ x \d+ tokens")) == plan.steps
    assert int(_said(r"steps of (\d+) x \d+ tokens")) == plan.batch
    assert int(_said(r"steps of \d+ x (\d+) tokens")) == plan.length


def test_the_card_says_that_it_is_a_demonstration():
    assert "say nothing about real LLMs" in CARD


@pytest.mark.slow
def test_the_card_tells_its_perplexity(tiny):
    told = float(_said(r"Perplexity per token on held-out generated lines: (\d+\.\d\d)\."))
    assert told == pytest.approx(perplexity(tiny.model, tiny.tokenizer, world_of(Recipe())), rel=0.01)
