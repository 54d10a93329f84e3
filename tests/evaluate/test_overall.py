"""The verdict over the pairs of a run: concepts count once, every pair is read at its own chosen layer and at the output."""

import numpy as np
import pytest

from tests.support import pseudo_of, scored_record
from tli_bench.evaluate.overall import overall
from tli_bench.lexicon.pairs import Split
from tli_bench.models.identity import AdapterRef
from tli_bench.records.schema import Controls
from tli_bench.stats.verdict import VerdictKind

SWH, TUR = "swh_Latn-eng_Latn", "tur_Latn-eng_Latn"
ADAPTER = AdapterRef(name="a", sha256="a" * 64)
CHOSEN, OUTPUT = "each pair's layer by dev", "output"


def draw(mean, seed, n=60):
    return (mean + np.random.default_rng(seed).normal(0, 0.1, n)).tolist()


def change(pair, by, *, seed=0, **options):
    base = draw(0.4, 7)
    after = (np.array(base) + draw(by, seed)).tolist()
    return scored_record(pair=pair, adapter=ADAPTER, scores=after, base_scores=base, **options)


def test_a_rise_in_both_pairs_is_better_over_them_and_its_size_is_their_mean():
    (found,) = overall([change(SWH, 0.1), change(TUR, 0.3, seed=1)])
    assert (found.kind, found.pairs, found.concepts, found.split) == ("tli_alignment", (SWH, TUR), 60, Split.CONTROL)
    assert {verdict.kind for verdict in found.verdicts.values()} == {VerdictKind.BETTER}
    mean = (np.mean(draw(0.1, 0)) + np.mean(draw(0.3, 1))) / 2
    assert f"{mean:+.3f}" in found.verdicts[CHOSEN].text
    assert "no twin on shuffled pairs" in found.verdicts[OUTPUT].text


def test_the_same_words_twice_are_no_more_evidence():
    """Two pairs with the same changes have the interval of one, and not a narrower one."""
    (found,) = overall([change(SWH, 0.03, seed=2), change(TUR, 0.03, seed=2)])
    alone = np.array(draw(0.03, 2))
    half = 2.0010 * alone.std(ddof=1) / 60**0.5
    low, high = (float(part) for part in found.verdicts[CHOSEN].text.split("[")[1].split("]")[0].split(","))
    assert (high - low) / 2 == pytest.approx(half, abs=0.003)


def test_net_of_a_twin_a_rise_generalises_and_without_a_difference_it_does_not():
    def with_twin(record, gain):
        base = record.pseudo[Split.CONTROL]["base"]["1"]
        twin = {name: (np.array(column) + gain).tolist() for name, column in base.items()}
        parts = {}
        for part in ("columns", "pseudo", "curves"):
            own = getattr(record, part)
            held = {"1": twin} if part != "curves" else own[Split.CONTROL]["base"]
            parts[part] = own | {Split.CONTROL: own[Split.CONTROL] | {"twin": held}}
        return record.model_copy(update={"best_layer": record.best_layer | {"twin": "1"}, **parts})

    records = [change(SWH, 0.2), change(TUR, 0.2, seed=1)]
    (found,) = overall([with_twin(record, 0.05) for record in records])
    assert {verdict.kind for verdict in found.verdicts.values()} == {VerdictKind.GENERALISES}
    (found,) = overall([with_twin(record, 0.2) for record in records])
    assert {verdict.kind for verdict in found.verdicts.values()} == {VerdictKind.SPREADING}


def test_over_pairs_that_were_not_all_trained_on_nothing_is_memorised():
    """Train words rise on both pairs; only where both were trained on is that learning by heart."""

    def both(pair, trained_on):
        base, after = draw(0.4, 7), (np.array(draw(0.4, 7)) + 0.4).tolist()
        record = change(pair, 0.0).model_copy(deep=True)
        adapter = ADAPTER.model_copy(update={"trained_on": trained_on})
        signature = record.signature.model_copy(update={"adapter": adapter})
        parts = {"words": record.words | {Split.TRAIN: record.words[Split.DEV]}}
        for part in ("columns", "pseudo"):
            states = {state: {"1": pseudo_of(s)} for state, s in (("base", base), ("adapted", after))}
            parts[part] = getattr(record, part) | {Split.TRAIN: states}
        return record.model_copy(update={"signature": signature, **parts})

    (found,) = overall([both(SWH, None), both(TUR, None)])
    assert found.verdicts[CHOSEN].kind is VerdictKind.MEMORISES
    (found,) = overall([both(SWH, SWH), both(TUR, SWH)])
    assert found.verdicts[CHOSEN].kind is not VerdictKind.MEMORISES
    assert "trained" not in found.verdicts[CHOSEN].text


def test_a_model_alone_is_judged_as_it_is():
    (found,) = overall([scored_record(pair=pair, scores=draw(0.5, i)) for i, pair in enumerate((SWH, TUR))])
    assert {verdict.kind for verdict in found.verdicts.values()} == {VerdictKind.ALIGNED}
    assert found.verdicts[CHOSEN] == found.verdicts[OUTPUT]


def test_what_cannot_be_judged_is_left_out_with_the_reason():
    sunk = change(TUR, 0.2).model_copy(update={"controls": Controls(own_sink=0.5)})
    assert overall([change(SWH, 0.2), sunk]) == []
    third = "kaz_Cyrl-eng_Latn"
    (found,) = overall([change(SWH, 0.2), sunk, change(third, 0.2)])
    assert found.pairs == (SWH, third)
    assert found.left_out[0].startswith(f"{TUR}: an attention sink sits on the own tokens of 50%")


def test_one_pair_and_two_protocols_have_no_verdict_over_pairs():
    assert overall([change(SWH, 0.2)]) == []
    assert overall([change(SWH, 0.2), change(TUR, 0.2, protocol="mexa.v1")]) == []
