"""The controls of framing on constructed norms, tokens and vectors whose answer is known; the probe on a real model."""

from types import SimpleNamespace

import pytest
import torch

from tests.real import real_model
from tli_bench.evaluate.confirmation import confirmation
from tli_bench.evaluate.own_sink import SINK, middle, own_sink_share
from tli_bench.evaluate.unknown import token_counts
from tli_bench.lexicon import load_lexicon
from tli_bench.lexicon.pairs import Split, WordPair
from tli_bench.measures import LayerView, compute
from tli_bench.measures.geometry import centre
from tli_bench.models import load_model
from tli_bench.models.identity import MeasuredModel
from tli_bench.records.controls import Controls, TokenCounts
from tli_bench.records.framing import unknown_share, warnings_of, why_withheld
from tli_bench.vectors.answer import answer
from tli_bench.vectors.backend import Backend
from tli_bench.vectors.inputs import Encoded
from tli_bench.vectors.protocols import get_protocols

LAYERS = ("0", "1", "2", "3", "4p", "4")


def norms(*own, layer=2):
    """Norms of a word's own positions: 2 everywhere, but as given at one layer."""
    found = torch.full((len(LAYERS), len(own)), 2.0)
    found[layer] = torch.tensor(own, dtype=torch.float32)
    return found


def test_the_middle_is_the_middle_half_without_embeddings_and_the_state_before_the_norm():
    names = tuple(map(str, range(30)))
    assert [([*names, "30p", "30"])[i] for i in middle((*names, "30p", "30"))] == [str(k) for k in range(8, 23)]
    assert middle(LAYERS) == [1, 2, 3]
    assert middle(("0", "1")) == [1]


def test_a_word_has_a_sink_of_its_own_where_one_own_position_is_far_longer_than_words_in_a_sentence():
    carried = [norms(2, 2, 2)] * 3
    words = [norms(2, 2), norms(2, 2 * SINK + 0.1), norms(2 * SINK - 0.1), norms(400, 2, 2)]
    assert own_sink_share(words, carried, LAYERS) == 0.5
    outside = [norms(400, layer=layer) for layer in (0, 4, 5)]
    assert own_sink_share(outside, carried, LAYERS) == 0.0


def test_without_an_ordinary_norm_there_is_no_share():
    assert own_sink_share([norms(2)], [], LAYERS) is None
    assert own_sink_share([], [norms(2)], LAYERS) is None
    assert own_sink_share([norms(2)], [torch.zeros(len(LAYERS), 1)], LAYERS) is None
    assert own_sink_share([norms(2)], [torch.full((len(LAYERS), 1), float("nan"))], LAYERS) is None


@pytest.mark.real
def test_the_probe_finds_the_sink_of_a_model_without_bos_and_none_behind_a_full_stop():
    loaded = load_model(str(real_model("smollm2")))
    lexicon, protocols = load_lexicon("core", pair="swh-eng"), get_protocols("words,words.v1,carrier:next")
    identity = MeasuredModel("m", "r", "float32", None, "no-bos", None)
    asked = [
        SimpleNamespace(args=(p.source, p.target, protocols, lexicon.pair)) for p in lexicon.of(Split.CONTROL)[:20]
    ]
    answers = answer(asked, backend=Backend(loaded.model, loaded.tokenizer, batch_size=32), identity=identity)
    led, alone, carried = (
        [one for found in answers for one in found.protocols[protocol.id].own_norms("base")] for protocol in protocols
    )
    layers = answers[0].layers
    assert own_sink_share(alone, carried, layers) > 0.9
    assert own_sink_share(led, carried, layers) == 0.0


def word(*ids, unknown=0, joined=False):
    return Encoded("w", (9, *ids), (False, *[True] * len(ids)), unknown=unknown, joined=joined)


def test_words_that_are_unknown_or_have_the_tokens_of_another_word_are_lost():
    words = [word(1, 2), word(1, 2), word(3), word(0, unknown=1), word(0, unknown=1), word(4, joined=True)]
    found = token_counts(words, ["a", "b", "c", "d", "e", "f"])
    assert found == TokenCounts(n=6, unknown=2, same=4, lost=4, joined=1, tokens=8)
    assert found.per_word == pytest.approx(8 / 6)
    assert found.share == pytest.approx(4 / 6)
    homographs = token_counts([word(1, 2), word(1, 2), word(3)], ["a", "a", "c"])
    assert homographs == TokenCounts(n=3, unknown=0, same=0, lost=0, tokens=5)


def counted(lost, n=100, split=Split.CONTROL):
    return {
        split: {
            "swh_Latn": TokenCounts(n=n, unknown=lost, same=0, lost=lost),
            "eng_Latn": TokenCounts(n=n, unknown=0, same=0, lost=0),
        }
    }


@pytest.mark.parametrize(
    ("controls", "warns", "withholds"),
    [
        (Controls(), False, False),
        (Controls(own_sink=0.02), False, False),
        (Controls(own_sink=0.021), True, False),
        (Controls(own_sink=0.10), True, False),
        (Controls(own_sink=0.96), True, True),
        (Controls(unknown=counted(5)), False, False),
        (Controls(unknown=counted(6)), True, True),
        (Controls(unknown=counted(6, split=Split.TRAIN)), True, False),
    ],
)  # fmt: skip
def test_when_a_warning_is_given_and_when_no_verdict_may_be(controls, warns, withholds):
    assert bool(list(warnings_of(controls))) == warns
    assert bool(why_withheld(controls)) == withholds
    assert why_withheld(None) == ""


def test_the_sentences_say_how_many_words_of_which_language():
    assert unknown_share(Controls(unknown=counted(63))) == 0.63
    (sentence,) = warnings_of(Controls(unknown=counted(63)))
    assert "of 100 control words of swh_Latn the tokenizer loses 63" in sentence
    assert "own sink: 96.0% of the words" in next(warnings_of(Controls(own_sink=0.96)))


def test_the_confirmation_is_the_headline_of_control_words_around_the_mean_of_dev_words():
    generator = torch.Generator().manual_seed(0)
    pairs = [WordPair(f"c{i}", (f"s{i}",), (f"t{i}",), Split.DEV if i % 3 == 0 else Split.CONTROL) for i in range(90)]
    source = torch.randn(2, 90, 16, generator=generator) + 3
    target = source + torch.randn(2, 90, 16, generator=generator) * torch.tensor([0.1, 2.0])[:, None, None]
    reasons = []
    gold = torch.eye(90, dtype=torch.bool)
    states = {"base": torch.stack([source, target], dim=1), "adapted": torch.stack([source, source], dim=1)}
    found = confirmation(pairs, states, gold, reasons=reasons)
    control, dev = ([i for i, p in enumerate(pairs) if p.split is split] for split in (Split.CONTROL, Split.DEV))
    assert not reasons
    for layer in range(2):
        around = centre(source[layer][dev], target[layer][dev])
        gold_here = torch.eye(60, dtype=torch.bool)
        view = LayerView(source[layer][control], target[layer][control], gold=gold_here, centre=around)
        assert found["base"][layer] == pytest.approx(compute(view, ["p1_of_50"]).values["p1_of_50"], abs=1e-12)
    assert found["adapted"][0] > found["base"][1]
    assert confirmation(pairs[:1], {"base": states["base"][:, :, :1]}, gold[:1, :1], reasons=reasons) == {}


def test_a_confirmation_that_cannot_be_scored_is_none_and_says_why():
    pairs = [WordPair(f"c{i}", (f"s{i}",), (f"t{i}",), Split.CONTROL) for i in range(60)]
    states = torch.randn(1, 2, 60, 8)
    states[0, 0, 3] = float("nan")
    reasons = []
    assert confirmation(pairs, {"base": states}, torch.eye(60, dtype=torch.bool), reasons=reasons) == {"base": [None]}
    assert reasons[0].startswith("confirmation of base: ")
