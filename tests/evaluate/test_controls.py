"""Controls on constructed vectors whose answer is known."""

import re

import numpy as np
import pytest
import torch
from scipy import stats as sps

from tests.evaluate.test_analysis import LAYERS, MANY, aligned_at, pairs
from tests.support import make_record, make_signature
from tli_bench.evaluate.analysis import Analyser
from tli_bench.evaluate.controls import family_of, labels_of, spelling
from tli_bench.evaluate.corrections import corrected
from tli_bench.evaluate.verdicts import verdicts
from tli_bench.evaluate.views import Facts, Vectors
from tli_bench.lexicon.pairs import Split, WordPair
from tli_bench.measures.roles import HEADLINE
from tli_bench.records.schema import Controls, Family, LayerTest, RunRecord
from tli_bench.stats.verdict import VerdictKind
from tli_bench.vectors.responses import PairSink


def analyse(states, n=60, **options):
    return Analyser(pairs(n), LAYERS, states, torch.eye(n, dtype=torch.bool), **options).run()


def sinks(n=60, *, height=200.0, others=3, cosines=(0.99, 0.3)):
    """Position 0 is `height` long at layer 1, every other position 1 long everywhere."""
    norms = torch.ones(len(LAYERS), others + 1)
    norms[1, 0] = height
    return [PairSink((norms, norms), torch.tensor([cosines] * len(LAYERS), dtype=torch.float64)) for _ in range(n)]


def sink_curves(found):
    """Curves of the sink's measures over pairs whose vectors are all the same, and the reasons for what is missing."""
    n = len(found)
    words = [WordPair(f"c{i}", (f"s{i}",), (f"t{i}",), Split.CONTROL) for i in range(n)]
    states, gold = {"base": aligned_at(1, n=n)}, torch.eye(n, dtype=torch.bool)
    analysis = Analyser(words, LAYERS, states, gold, facts=Facts(sinks={"base": found})).run()
    return analysis.curves[Split.CONTROL]["base"], analysis.unscored


def test_sink_curves():
    curves, reasons = sink_curves(sinks())
    assert curves["sink_ratio"] == [1.0, 200.0, 1.0, 1.0]
    assert curves["cosine_with_first"] == pytest.approx([0.99] * 4)
    assert curves["cosine_without_first"] == pytest.approx([0.3] * 4)
    assert not [reason for reason in reasons if "position" in reason or "first" in reason]


def test_words_of_one_position_have_no_sink_ratio_and_are_counted():
    lone = sinks(2, others=0, cosines=(0.9, float("nan")))
    curves, reasons = sink_curves(lone)
    assert curves["sink_ratio"] == [None] * 4
    assert curves["cosine_without_first"] == [None] * 4
    assert any("needs position 0 and at least one other" in reason for reason in reasons)
    mixed, reasons = sink_curves([*lone, *sinks(3)])
    assert mixed["cosine_without_first"] == pytest.approx([0.3] * 4)
    assert any("cosine_without_first: 2 of 5 pairs have no vector without position 0" in reason for reason in reasons)


def test_the_verdict_names_the_sink_only_where_position_0_is_pooled():
    for first_pooled in (True, False):
        facts = Facts(sinks={"base": sinks(MANY)}, first_pooled=first_pooled)
        found = verdicts(analyse({"base": aligned_at(1, n=MANY)}, n=MANY, facts=facts, shown=("1",)))["1"]
        assert found.kind is VerdictKind.ALIGNED  # a qualifier, not a verdict
        assert found.text.endswith("; sink in the pooled vectors (position 0 norm 200x)") == first_pooled


def test_the_verdict_of_a_state_names_its_cone():
    base = aligned_at(1, n=MANY)
    push = 4 * torch.ones(24)
    narrow, wide = (
        verdicts(analyse({"base": states}, n=MANY))["1"]
        for states in (Vectors(base.source + push, base.target + push), base)
    )
    assert (narrow.kind, wide.kind) == (VerdictKind.ALIGNED, VerdictKind.ALIGNED)
    assert re.search(r"; narrow cone \(wrong pairs at 0\.9\d\)$", narrow.text)
    assert re.search(r"; wide cone \(wrong pairs at -?0\.0\d\)$", wide.text)


def test_spelling_alone_and_the_strata_of_form():
    words = [WordPair(f"c{i}", (s,), (t,), Split.CONTROL, pos) for i, (s, t, pos) in enumerate(
        [("radio", "radio", "noun"), ("telefon", "telefoni", "noun"), ("kula", "eat", "verb"), ("maji", "water", "")]
    )]  # fmt: skip
    found = spelling(words, np.eye(4, dtype=bool))
    assert found.n == 4
    assert found.p1_forward >= 0.5  # the loans are found by spelling
    assert (found.value, found.pseudo) == (None, None)  # too few for the headline
    labels = labels_of(words, [(1, 2), (3, 4), (5, 1), (1, 1)])
    assert labels["form"] == ["same string", "loan or cognate", "different", "different"]
    assert labels["overlap"] == ["high", "high", "low (< 0.5)", "low (< 0.5)"]
    assert labels["pos"] == ["noun", "noun", "verb", "none given"]
    assert labels["source tokens"] == ["1", "3", "4+", "1"]
    assert labels["target tokens"] == ["2", "4+", "1", "1"]


def test_spelling_has_the_headline_of_its_own_retrieval():
    """Thirty loans that only spelling finds, and thirty words that share nothing but a rank by chance."""
    rng = np.random.default_rng(0)
    letters = list("abcdefghijklmnopqrstuvwxyz")
    forms = ["".join(rng.choice(letters, 7)) for _ in range(90)]
    words = [WordPair(f"c{i}", (forms[i],), (forms[i] if i < 30 else forms[i + 30],), Split.CONTROL) for i in range(60)]
    found = spelling(words, np.eye(60, dtype=bool))
    assert len(found.pseudo) == 60
    assert np.mean(found.pseudo) == pytest.approx(found.value, abs=1e-6)
    assert 0.5 <= found.value <= 0.5 + 3 / 50
    assert abs(np.mean(found.pseudo[:30]) - 1) < 0.1


def test_strata_add_up_to_the_split():
    facts = Facts(tokens=[(1 + i % 3, 1) for i in range(MANY)])
    analysis = analyse({"base": aligned_at(1, n=MANY, noise=2.0)}, n=MANY, facts=facts)
    curve = analysis.curves[Split.CONTROL]["base"]
    for kind in ("overlap", "form", "source tokens", "target tokens"):
        rows = [
            s
            for s in analysis.controls.strata
            if (s.split, s.layer, s.state, s.kind) == (Split.CONTROL, "1", "base", kind)
        ]
        total = sum(row.n for row in rows)
        assert total == analysis.n["control"]
        assert {row.quantity for row in rows} == {"P@1 of 50"}
        assert sum(row.n * row.value for row in rows) / total == pytest.approx(curve[HEADLINE][1])
        assert sum(row.n * row.p1 for row in rows) / total == pytest.approx(curve["p1"][1])


def test_a_stratum_has_an_interval_from_twenty_words_on():
    facts = Facts(tokens=[(1 + (i % 4 == 0), 1) for i in range(MANY)])
    analysis = analyse({"base": aligned_at(1, n=MANY, noise=2.0)}, n=MANY, facts=facts)
    at = {
        (row.split, row.label): row
        for row in analysis.controls.strata
        if row.kind == "source tokens" and row.layer == "1"
    }
    many, few = at[Split.CONTROL, "1"], at[Split.CONTROL, "2"]
    assert (many.n, few.n) == (45, 15)
    assert many.ci[0] < many.value < many.ci[1]
    assert few.ci is None


def test_the_null_tells_alignment_from_chance():
    analysis = analyse({"base": aligned_at(1)}, shown=("0", "1"))
    found = {null.layer: null for null in analysis.controls.nulls}
    assert found["1"].p == pytest.approx(1 / 201)  # no shuffle of 200 reaches it
    assert found["1"].cka > 0.5
    assert found["0"].p > 0.01
    assert all(null.split is Split.CONTROL for null in found.values())


def test_trained_against_control():
    base, better = aligned_at(1, n=MANY, noise=3.0), aligned_at(1, n=MANY, noise=3.0)
    trained = [i for i, pair in enumerate(pairs(MANY)) if pair.split is Split.TRAIN]
    better.target[1, trained] = better.source[1, trained]  # only trained pairs improve
    analysis = analyse({"base": base, "adapted": better}, n=MANY, shown=("1",))
    contrast = next(c for c in analysis.controls.contrasts if c.layer == "1")
    changes = {
        split: np.subtract(*(analysis.pseudo_column(HEADLINE, split, state, "1") for state in ("adapted", "base")))
        for split in (Split.TRAIN, Split.CONTROL)
    }
    welch = sps.ttest_ind(changes[Split.TRAIN], changes[Split.CONTROL], equal_var=False)
    assert contrast.quantity == "P@1 of 50 change"
    assert contrast.difference == pytest.approx(contrast.train - contrast.control)
    assert contrast.ci == pytest.approx(tuple(welch.confidence_interval()), abs=1e-5)
    assert contrast.ci[0] > 0.1
    # Only the mean of trained and dev words, which control words are centred by, has moved for them.
    assert abs(contrast.control) < 0.05
    assert (contrast.n_train, contrast.n_control) == (analysis.n["train"], analysis.n["control"])
    assert verdicts(analysis)["1"].kind is VerdictKind.MEMORISES
    # The same scores on a pair that nothing was trained on: no contrast, and nothing learnt by heart.
    elsewhere = analyse({"base": base, "adapted": better}, n=MANY, shown=("1",), trained=False)
    assert elsewhere.controls.contrasts == []
    assert verdicts(elsewhere)["1"].kind is not VerdictKind.MEMORISES
    assert elsewhere.curves == analysis.curves


def test_what_the_control_set_can_find():
    analysis = analyse({"base": aligned_at(1, n=MANY, noise=2.0)}, n=MANY, shown=("1",))
    power = next(p for p in analysis.controls.power if p.layer == "1")
    assert power.quantity == "P@1 of 50"
    assert power.sd == pytest.approx(np.std(analysis.pseudo_column(HEADLINE, Split.CONTROL, "base", "1"), ddof=1))
    # Power 0.8 by the noncentral t distribution of scipy, which is not what our function calls.
    shift, freedom = power.detectable / power.sd * power.n**0.5, power.n - 1
    critical = sps.t.ppf(0.975, freedom)
    reached = sps.nct.sf(critical, freedom, shift) + sps.nct.cdf(-critical, freedom, shift)
    assert reached == pytest.approx(0.8, abs=1e-6)
    unchanged = analyse({"base": aligned_at(1, n=MANY), "adapted": aligned_at(1, n=MANY)}, n=MANY)
    assert not unchanged.controls.power  # nothing moved, so there is no spread to detect anything in


def test_the_family_holds_a_test_for_every_layer():
    rng = np.random.default_rng(0)
    base = {layer: rng.normal(size=60) for layer in LAYERS}
    adapted = {layer: values + rng.normal(0.3, 1, size=60) for layer, values in base.items()}
    fields = {"split": Split.CONTROL, "words": 60, "reasons": []}
    found = family_of(LAYERS, {"base": base, "adapted": adapted}, **fields)
    assert [test.layer for test in found.tests] == list(LAYERS)
    assert found.quantity == "P@1 of 50 change"
    for test in found.tests:
        assert test.p == pytest.approx(sps.ttest_rel(adapted[test.layer], base[test.layer]).pvalue)
    alone = family_of(LAYERS, {"base": base}, **fields)
    assert alone.quantity == "P@1 of 50 over chance"
    assert alone.tests[0].p == pytest.approx(sps.ttest_1samp(base["0"], 1 / 50).pvalue)
    few = family_of(LAYERS, {"base": base}, **fields | {"words": 40})
    assert few.quantity == "P@1 of 20 over chance"
    assert few.tests[0].p == pytest.approx(sps.ttest_1samp(base["0"], 1 / 20).pvalue)


def test_the_family_is_tested_on_pseudo_values():
    states = {"base": aligned_at(1, n=MANY, noise=3.0), "adapted": aligned_at(1, n=MANY, noise=1.5)}
    analysis = analyse(states, n=MANY, shown=("1",))
    test = next(t for t in analysis.controls.family.tests if t.layer == "1")
    before, after = (analysis.pseudo_column(HEADLINE, Split.CONTROL, state, "1") for state in ("base", "adapted"))
    assert test.p == pytest.approx(sps.ttest_rel(after, before).pvalue, rel=1e-3)
    assert len(analysis.controls.family.tests) == len(LAYERS)


def record_with(task, ps, protocol="words.v1"):
    tests = [LayerTest(layer=str(i), n=9, difference=0.1, t=2.0, p=p) for i, p in enumerate(ps)]
    family = Family(split=Split.CONTROL, quantity="P@1 of 50 change", tests=tests)
    return make_record(task=task, signature=make_signature(protocol=protocol), controls=Controls(family=family))


def test_corrections_run_over_all_layers_of_all_units_of_one_protocol():
    records = [record_with("a", [0.01, 0.04]), record_with("b", [0.03, None]), record_with("a", [0.02], "mexa.v1")]
    found = corrected(records)
    # Holm by hand over 0.01, 0.03, 0.04: 3 * 0.01, 2 * 0.03, then monotone; Benjamini-Hochberg: 3 p / rank.
    assert [(t.task, t.layer) for t in found[:3]] == [("a", "0"), ("a", "1"), ("b", "0")]
    assert [t.holm for t in found] == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert [t.bh for t in found] == pytest.approx([0.03, 0.04, 0.04, 0.02])


def test_last_tokens_are_scored_beside():
    analysis = analyse({"base": aligned_at(1)}, facts=Facts(last={"base": aligned_at(2)}))
    curves = analysis.curves[Split.CONTROL]["base"]
    assert curves["p1_last"][2] == 1.0
    assert curves["p1"][1] == 1.0
    assert max(curves["p1_last"][1], curves["p1"][2]) < 0.5
    assert analysis.best_layer == {"base": "1"}  # chosen on the words' own mean


def test_a_record_of_before_the_controls_is_still_read():
    data = make_record().model_dump(mode="json")
    del data["controls"]
    assert RunRecord.model_validate(data).controls is None


def test_a_record_with_controls_survives_the_round_trip():
    analysis = analyse({"base": aligned_at(1), "adapted": aligned_at(1, noise=0.5)}, facts=Facts(first_pooled=False))
    record = make_record(controls=analysis.controls)
    assert RunRecord.model_validate_json(record.model_dump_json()) == record
