"""A sanity check of the framing on a language that the model knows: English synonyms, which an English model must find.

Without a first token of its own, SmolLM2 puts its attention sink on a lone word's first token, and the word is lost; the default
framing keeps it.
"""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.real import real_model
from tli_bench.measures import LayerView, centre, get_measure
from tli_bench.measures.roles import HEADLINE
from tli_bench.plugin.lm import TLIModel
from tli_bench.vectors.protocols import get_protocol

SYNONYMS = [
    tuple(line.split("\t")) for line in (Path(__file__).parent / "english_synonyms.tsv").read_text("utf-8").splitlines()
]
FITTED = 40
"""Pairs whose means are taken out; the others are scored."""


def columns(model: TLIModel, protocol: str) -> list[np.ndarray]:
    """The headline of the scored synonyms `[n]` at every layer."""
    framed = (get_protocol(protocol),)
    requests = [SimpleNamespace(args=(a, b, framed, "eng_Latn-eng_Latn")) for a, b in SYNONYMS]
    answers = model.hidden_states(requests)
    vectors = torch.stack([answer.protocols[framed[0].id].vectors["base"] for answer in answers], dim=2)
    found = []
    for source, target in vectors:
        around = centre(source[:FITTED], target[:FITTED])
        found.append(get_measure(HEADLINE).column(LayerView(source[FITTED:], target[FITTED:], centre=around)))
    return found


@pytest.mark.real
@pytest.mark.parametrize("name", ["smollm2", "smollm2-bos"])
def test_an_english_model_finds_synonyms_in_its_middle_layers(name: str) -> None:
    assert len(SYNONYMS) >= 100
    model = TLIModel(pretrained=str(real_model(name)))
    now, before = columns(model, "words"), columns(model, "words.v1")
    middle = slice(len(now) // 3, 2 * len(now) // 3)
    assert min(column.mean() for column in now[middle]) > 0.75
    if name == "smollm2-bos":
        return
    # A word of one token is nothing but the sink, a word of several is not: they never meet.
    single = [
        [len(model.tokenizer(word, add_special_tokens=False)["input_ids"]) == 1 for word in pair] for pair in SYNONYMS
    ]
    one_of_both = np.array([a != b for a, b in single[FITTED:]])
    assert one_of_both.sum() > 30
    assert max(column.mean() for column in before[middle]) < 0.25
    assert max(column[one_of_both].mean() for column in before[middle]) < 0.03  # chance is .02
