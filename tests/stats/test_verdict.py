"""The verdict by agreement: which numbers lead to which word, and that no word claims more than its rule."""

import numpy as np
import pytest

from tli_bench.stats.verdict import (
    Change,
    ChangeEvidence,
    StateEvidence,
    VerdictKind,
    change_verdicts,
    state_verdicts,
)

N = 166


def column(mean, *, sd=0.2, n=N, seed=0):
    values = np.random.default_rng(seed).normal(0, sd, n)
    return (values - values.mean() + mean)[:, None]


def change(headline, auc=None, plain=None, *, n=N, seed=0):
    auc, plain = (headline if value is None else value for value in (auc, plain))
    agreeing = {"AUC": column(auc, n=n, seed=seed + 1), "plain": column(plain, n=n, seed=seed + 2)}
    return Change(headline=column(headline, n=n, seed=seed), agreeing=agreeing)


def verdict(control, *, twin=None, train=None, floor=0.0):
    evidence = ChangeEvidence(
        layers=["6"], label="P@1 of 50", control=control, twin=twin,
        train=None if train is None else column(train, n=400, seed=9), floors={"6": floor},
    )  # fmt: skip
    return change_verdicts(evidence)["6"]


def test_generalises_is_said_only_net_of_a_twin():
    assert verdict(change(0.15)).kind is VerdictKind.BETTER
    assert verdict(change(0.15), twin=change(0.02, seed=5)).kind is VerdictKind.GENERALISES
    spread = verdict(change(0.15), twin=change(0.15, seed=5))
    assert spread.kind is VerdictKind.SPREADING
    assert spread.text.startswith("no more than its twin: P@1 of 50 of unseen words +0.15")
    assert "not separated from contrastive spreading" in spread.text


@pytest.mark.parametrize("against", [{"auc": -0.05}, {"plain": 0.0}])
def test_a_measure_that_does_not_agree_is_named(against):
    found = verdict(change(0.15, **against))
    assert found.kind is VerdictKind.UNCLEAR
    assert "no agreement by" in found.text


def test_a_rise_below_the_floor_is_no_claim():
    control = Change(headline=column(0.015, sd=0.02), agreeing={})
    assert verdict(control).kind is VerdictKind.NO_CHANGE
    assert verdict(change(0.10), floor=0.12).kind is VerdictKind.UNCLEAR
    assert verdict(change(0.10), floor=0.05).kind is VerdictKind.BETTER


def test_damage_is_the_mirror_image():
    assert verdict(change(-0.15)).kind is VerdictKind.DAMAGE
    assert verdict(change(-0.15, plain=0.05)).kind is VerdictKind.UNCLEAR


def test_memorises_needs_trained_words_that_rose_more():
    assert verdict(change(0.03, 0.0), train=0.9).kind is VerdictKind.MEMORISES
    assert verdict(change(0.15), train=0.9).kind is VerdictKind.BETTER
    assert verdict(change(0.03, 0.0), train=0.04).kind is VerdictKind.UNCLEAR


def test_an_interval_too_wide_to_say_no_change_says_nothing():
    assert verdict(Change(headline=column(0.0, sd=0.6), agreeing={})).kind is VerdictKind.UNCLEAR
    assert verdict(Change(headline=column(0.0, sd=0.1), agreeing={})).kind is VerdictKind.NO_CHANGE
    assert verdict(Change(headline=np.zeros((N, 1)), agreeing={})).kind is VerdictKind.NO_CHANGE


def test_too_few_words_get_no_verdict():
    found = verdict(change(0.5, n=19))
    assert found.kind is VerdictKind.WITHHELD
    assert "19 unseen words are too few" in found.text


def state(mean, spelling=0.05, *, sd=0.3, n=N):
    evidence = StateEvidence(
        layers=["6"], label="P@1 of 50", headline=column(mean, sd=sd, n=n), chance=0.02,
        spelling=column(spelling, sd=sd, n=n, seed=4)[:, 0], qualifiers={"6": ["narrow cone"]},
    )  # fmt: skip
    return state_verdicts(evidence)["6"]


def test_a_state_is_judged_against_chance_and_spelling():
    assert state(0.6).kind is VerdictKind.ALIGNED
    assert state(0.6, spelling=0.6).kind is VerdictKind.SPELLING
    assert state(0.021, sd=0.05).kind is VerdictKind.NOT_ALIGNED
    assert state(0.05, sd=0.3).kind is VerdictKind.UNCLEAR
    assert state(0.6, n=12).kind is VerdictKind.WITHHELD


def test_a_line_begins_with_its_kind_and_ends_with_its_qualifiers():
    found = state(0.6)
    assert found.text.startswith("aligned: P@1 of 50 0.60 [")
    assert found.text.endswith("(chance 0.02, spelling alone 0.05); narrow cone")


def test_one_kind_of_error_over_all_layers():
    """Of 300 changes that are nothing but noise, shown at four layers, hardly any is called better or damage."""
    claims = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        noise = rng.normal(0, 0.3, (N, 1)) + rng.normal(0, 0.1, (N, 4))
        control = Change(headline=noise, agreeing={"AUC": noise, "plain": noise})
        found = change_verdicts(ChangeEvidence(layers=list("1234"), label="x", control=control))
        claims += any(v.kind in (VerdictKind.BETTER, VerdictKind.DAMAGE) for v in found.values())
    assert claims / 300 <= 0.08


def test_a_rise_that_only_look_alike_words_share_is_not_claimed():
    rise = change(0.15)
    for among, kind in ((0.15, VerdictKind.BETTER), (0.0, VerdictKind.UNCLEAR)):
        control = Change(headline=rise.headline, agreeing=rise.agreeing, subsets={"low overlap words": column(among)})
        found = verdict(control)
        assert found.kind is kind
        assert ("no agreement by low overlap words" in found.text) == (kind is VerdictKind.UNCLEAR)
