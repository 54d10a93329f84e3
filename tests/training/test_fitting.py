"""What a recipe becomes on a model that writes no text: said before the first step, and stated in the card."""

import json
import logging

import pytest

from tests.models.architectures import build
from tests.training.conftest import make_tokenizer
from tli_bench.models import load_model
from tli_bench.training import load_recipe, train_with_twin
from tli_bench.training.fitting import fitted

TEXT = {"vocab_size": 640, "max_position_embeddings": 128}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoder")
    build("bert", "AutoModelForMaskedLM", **TEXT).save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    return load_model(str(folder))


def test_an_encoder_has_no_text_of_its_own_to_hold(encoder, loaded):
    tli = load_recipe("tli")
    without, said = fitted(tli, encoder, text=False)
    assert without.retention == "none"
    assert f"{encoder.id} writes no text: retention none in place of kl" in said
    assert "--retain-text FILE" in said
    given, said = fitted(tli, encoder, text=True)
    assert (given.retention, "FILE" in said) == ("hidden", False)
    assert fitted(given, encoder, text=True) == (given, "")
    assert fitted(without, encoder, text=False) == (without, "")
    assert fitted(tli, loaded, text=False) == (tli, "")  # this one writes


def test_it_is_said_before_the_first_step_and_stated_in_both_cards(encoder, lexicon, tmp_path, caplog):
    said = []
    recipe = load_recipe("tli").with_options(max_steps=2, eval_steps=2, batch_size=8)
    with caplog.at_level(logging.WARNING, "tli_bench"):
        train_with_twin(
            encoder, "swh-eng", recipe, tmp_path / "a", lexicon=lexicon,
            progress=lambda progress: said.append(list(caplog.messages)),
        )  # fmt: skip
    assert [text for text in said[0] if "retention none in place of kl" in text] == caplog.messages[:1]
    for folder in (tmp_path / "a", tmp_path / "a" / "twin"):
        card = json.loads((folder / "tli_card.json").read_text())
        assert (card["recipe_fields"]["retention"], card["retention_text_sha256"]) == ("none", None)
