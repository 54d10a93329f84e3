"""From a record to its verdicts: planted pseudo-values of control words, of trained ones and of a twin."""

import numpy as np
import pytest

from tests.support import make_record, make_signature, words_of
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.roles import HEADLINE, agreeing_with, headline_for
from tli_bench.models.identity import AdapterRef
from tli_bench.records import evidence
from tli_bench.records.controls import Controls, Spelling
from tli_bench.records.evidence import Part, verdicts_of_change, verdicts_of_state
from tli_bench.stats.verdict import VerdictKind

N = 120
LAYERS = ("1", "2")
ADAPTER = AdapterRef(name="tli", sha256="a" * 64)


def column(mean, seed, *, n=N, sd=0.2):
    values = np.random.default_rng(seed).normal(0, sd, n)
    return (values - values.mean() + mean).tolist()


def measured(level, seed, n=N):
    """Pseudo-values of everything that decides, by measure."""
    headline = headline_for(n)
    return {name: column(level, seed + i, n=n) for i, name in enumerate((headline, *agreeing_with(headline)))}


def record(levels, *, n=N, train=None, curves=None):
    """A record whose control words score `levels[state]` on average at both layers, and its train words `train[state]`."""
    states = dict.fromkeys(levels, "2")
    pseudo = {
        split: {state: {layer: measured(level, 10 * i, n) for layer in LAYERS} for i, (state, level) in enumerate(part.items())}
        for split, part in ((Split.CONTROL, levels), (Split.TRAIN, train))
        if part
    }  # fmt: skip
    return make_record(
        signature=make_signature(layers=LAYERS, adapter=ADAPTER if "adapted" in levels else None, n={"control": n}),
        best_layer=states,
        words={split: words_of(split, n) for split in pseudo},
        curves={Split.CONTROL: curves or {"base": {"cosine": [0.3, 0.3]}}},
        pseudo=pseudo,
    )


def judged(found, *, layers=LAYERS, **options):
    return verdicts_of_change(
        Part(found, "base"), Part(found, "adapted"), split=Split.CONTROL, layers=layers, **options
    )


def test_a_rise_is_better_and_net_of_a_twin_it_generalises():
    planted = record({"base": 0.2, "adapted": 0.4})
    assert {found.kind for found in judged(planted).values()} == {VerdictKind.BETTER}
    for level, kind in ((0.22, VerdictKind.GENERALISES), (0.4, VerdictKind.SPREADING)):
        twin = Part(record({"base": 0.2, "twin": level}), "twin")
        found = judged(planted, twin=twin)
        assert {verdict.kind for verdict in found.values()} == {kind}
        assert "net of its twin on shuffled pairs" in found["2"].text


def test_what_trained_words_learnt_alone_is_memorised():
    planted = record({"base": 0.2, "adapted": 0.2}, train={"base": 0.2, "adapted": 0.9})
    assert {found.kind for found in judged(planted).values()} == {VerdictKind.MEMORISES}
    both = record({"base": 0.2, "adapted": 0.4}, train={"base": 0.2, "adapted": 0.9})
    assert {found.kind for found in judged(both).values()} == {VerdictKind.BETTER}


def test_trained_words_are_read_by_the_headline_of_the_control_words():
    """Twice as many trained words, of which P@1 of 50 could be given, next to control words of which it cannot."""
    few = record({"base": 0.2, "adapted": 0.2}, n=40)
    many = record({"base": 0.2, "adapted": 0.2}, train={"base": 0.2, "adapted": 0.2})
    trained = {state: {layer: measured(level, 9, N) | {name.replace("50", "20"): c for name, c in measured(level, 9, N).items()}
                       for layer in LAYERS} for state, level in (("base", 0.2), ("adapted", 0.9))}  # fmt: skip
    for values in trained["adapted"].values():
        values[HEADLINE] = [0.0] * N
    both = few.model_copy(
        update={"words": few.words | many.words | few.words, "pseudo": few.pseudo | {Split.TRAIN: trained}}
    )
    assert judged(both)["2"].kind is VerdictKind.MEMORISES


def test_a_fall_is_damage_and_the_same_scores_are_no_change():
    assert judged(record({"base": 0.5, "adapted": 0.2}))["2"].kind is VerdictKind.DAMAGE
    still = record({"base": 0.5, "adapted": 0.5})
    states = dict.fromkeys(("base", "adapted"), still.pseudo[Split.CONTROL]["base"])
    still = still.model_copy(update={"pseudo": {Split.CONTROL: states}})
    assert judged(still)["2"].kind is VerdictKind.NO_CHANGE


@pytest.mark.parametrize("measure", agreeing_with(HEADLINE))
def test_a_layer_at_which_something_that_decides_is_missing_has_no_verdict(measure):
    planted = record({"base": 0.2, "adapted": 0.4})
    pseudo = planted.model_dump()["pseudo"]
    del pseudo[Split.CONTROL]["adapted"]["1"][measure]
    pseudo[Split.CONTROL]["base"]["2"][measure][0] = None
    one = type(planted).model_validate(planted.model_dump() | {"pseudo": pseudo})
    assert judged(one) == {}
    pseudo[Split.CONTROL]["base"]["2"][measure][0] = 0.2
    assert set(judged(type(planted).model_validate(planted.model_dump() | {"pseudo": pseudo}))) == {"2"}


def test_short_lists_are_judged_by_their_own_headline():
    found = judged(record({"base": 0.2, "adapted": 0.6}, n=40))["2"]
    assert found.kind is VerdictKind.BETTER
    assert "P@1 of 20" in found.text
    assert judged(record({"base": 0.2, "adapted": 0.6}, n=19))["2"].kind is VerdictKind.WITHHELD


def test_a_reason_to_withhold_stands_in_the_place_of_every_verdict(monkeypatch):
    monkeypatch.setattr(evidence, "why_withheld", lambda controls: "the words are unknown tokens")
    planted = record({"base": 0.2, "adapted": 0.4})
    states = verdicts_of_state(Part(planted, "base"), split=Split.CONTROL, layers=LAYERS)
    for found in (judged(planted), states):
        assert found.keys() == set(LAYERS)
        assert {verdict.kind for verdict in found.values()} == {VerdictKind.WITHHELD}
        assert found["2"].text == "no verdict: the words are unknown tokens"


def test_what_placebos_reach_is_no_claim(monkeypatch):
    planted = record({"base": 0.2, "adapted": 0.4})
    monkeypatch.setattr(evidence, "floors_of", lambda controls: {"2": 0.25})
    assert {layer: found.kind for layer, found in judged(planted).items()} == {
        "1": VerdictKind.BETTER,
        "2": VerdictKind.UNCLEAR,
    }


def state_of(level, controls=None, **options):
    planted = record({"base": level}, **options)
    return verdicts_of_state(Part(planted, "base"), split=Split.CONTROL, layers=LAYERS, controls=controls)["2"]


def spelling(level):
    """Controls in which spelling alone scores `level`."""
    pseudo = column(level, 7)
    found = Spelling(n=N, value=level, pseudo=pseudo, p1=level, p1_forward=level, p1_backward=level, mrr=level)
    return Controls(first_pooled=True, spelling={Split.CONTROL: found})


def test_a_state_is_held_against_chance_and_spelling():
    assert state_of(0.6).kind is VerdictKind.ALIGNED
    assert state_of(0.6, spelling(0.1)).kind is VerdictKind.ALIGNED
    assert state_of(0.6, spelling(0.6)).kind is VerdictKind.SPELLING
    assert "spelling alone 0.60" in state_of(0.6, spelling(0.6)).text
    assert state_of(0.0).kind is VerdictKind.NOT_ALIGNED


@pytest.mark.parametrize(
    ("measures", "said"),
    [
        ({"mismatched": [0.3, 0.3]}, ""),
        ({"mismatched": [0.3, 0.62]}, "; narrow cone (wrong pairs at 0.62)"),
        ({"mismatched": [0.3, 0.04]}, "; wide cone (wrong pairs at 0.04)"),
        ({"sink_ratio": [1.0, 9.0]}, ""),
        ({"sink_ratio": [1.0, 200.0]}, "; sink in the pooled vectors (position 0 norm 200x)"),
    ],
)
def test_qualifiers_say_what_else_a_reader_should_know(measures, said):
    found = state_of(0.6, spelling(0.1), curves={"base": measures})
    assert found.kind is VerdictKind.ALIGNED
    assert found.text.endswith(f"spelling alone 0.10){said}")
    left_out = state_of(0.6, spelling(0.1).model_copy(update={"first_pooled": False}), curves={"base": measures})
    assert "sink" not in left_out.text
