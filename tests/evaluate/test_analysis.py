"""The analysis of a unit on constructed states whose answer is known."""

import pytest
import torch
from scipy import stats as sps

from tli_bench.evaluate.analysis import Analyser
from tli_bench.evaluate.headline import headline, headline_directions
from tli_bench.evaluate.verdicts import verdicts
from tli_bench.evaluate.views import Vectors
from tli_bench.lexicon.pairs import Split, WordPair
from tli_bench.measures import LayerView, Place, get_measure, list_measures
from tli_bench.measures.choice import CHOOSERS
from tli_bench.measures.roles import DESCRIPTIONS, HEADLINE
from tli_bench.stats.verdict import VerdictKind

LAYERS = ("0", "1", "2p", "2")
MANY = 240  # 60 of them control words, 60 dev words: more than the 50 that the headline draws from


def pairs(n=60):
    splits = [Split.TRAIN] * (n // 2) + [Split.DEV] * (n // 4) + [Split.CONTROL] * (n - n // 2 - n // 4)
    # The digits of a target are those of another source, so that spelling finds nothing.
    return [WordPair(f"c{i}", (f"s{i}",), (f"t{(i + n // 2) % n}",), split) for i, split in enumerate(splits)]


def aligned_at(layer, n=60, noise=0.05, seed=0):
    """Random states, except that at one layer each target is its source plus a little noise."""
    generator = torch.Generator().manual_seed(seed)
    source, target = (torch.randn(len(LAYERS), n, 24, generator=generator) for _ in range(2))
    target[layer] = source[layer] + noise * torch.randn(n, 24, generator=generator)
    return Vectors(source, target)


def analyse(states, n=60, gold=None):
    return Analyser(pairs(n), LAYERS, states, torch.eye(n, dtype=torch.bool) if gold is None else gold).run()


def test_the_best_layer_is_the_one_aligned_on_dev():
    analysis = analyse({"base": aligned_at(1)})
    assert analysis.best_layer == {"base": "1"}
    curve = analysis.curves[Split.CONTROL]["base"]["p1"]
    assert curve[1] == 1.0
    assert max(curve[0], curve[3]) < 0.3
    assert set(analysis.kept_layers()) == {"1", "2"}  # the best layer, and the output always


def test_the_layer_is_not_chosen_on_control_or_train():
    states = aligned_at(3)
    dev = [i for i, p in enumerate(pairs()) if p.split is Split.DEV]
    states.target[1, dev] = states.source[1, dev]
    states.target[3, dev] = torch.randn(len(dev), 24)
    assert analyse({"base": states}).best_layer == {"base": "1"}


def test_a_shuffled_pairing_is_at_chance():
    states = aligned_at(1, n=400)
    order = torch.randperm(400, generator=torch.Generator().manual_seed(1))
    shuffled = analyse({"base": Vectors(states.source, states.target[:, order])}, n=400)
    for split, curves in shuffled.curves.items():
        pool = shuffled.n[split.value]
        assert curves["base"]["p1"][1] <= 4 / pool  # chance is 1 / pool
        assert abs(curves["base"]["gap"][1]) < 0.06
    assert analyse({"base": states}, n=400).curves[Split.CONTROL]["base"]["p1"][1] == 1.0


def test_what_is_chosen_on_dev_never_looks_at_control_words():
    """Not at their pairs, and not at their mean: other control vectors leave the dev curves and the choice as they are."""
    base = aligned_at(1, n=MANY)
    control = [i for i, p in enumerate(pairs(MANY)) if p.split is Split.CONTROL]
    moved = Vectors(base.source.clone(), base.target.clone())
    generator = torch.Generator().manual_seed(1)
    for side in (moved.source, moved.target):
        side[:, control] = 50 + torch.randn(len(LAYERS), len(control), 24, generator=generator)
    seen, unseen = (analyse({"base": states}, n=MANY) for states in (base, moved))
    for measure in CHOOSERS:
        assert seen.curves[Split.DEV]["base"][measure] == unseen.curves[Split.DEV]["base"][measure], measure
    assert seen.best_layer == unseen.best_layer == {"base": "1"}
    assert seen.curves[Split.CONTROL]["base"][HEADLINE] != unseen.curves[Split.CONTROL]["base"][HEADLINE]


@pytest.mark.parametrize(("dev", "chooser"), [(51, "p1_of_50"), (50, "p1_of_20"), (20, "auc_centred")])
def test_the_layer_is_chosen_by_the_first_measure_that_the_dev_words_are_enough_for(dev, chooser):
    splits = [Split.TRAIN] * 30 + [Split.DEV] * dev + [Split.CONTROL] * 30
    some = [WordPair(f"c{i}", (f"s{i}",), (f"t{i}",), split) for i, split in enumerate(splits)]
    analysis = Analyser(
        some, LAYERS, {"base": aligned_at(1, n=len(some))}, torch.eye(len(some), dtype=torch.bool)
    ).run()
    curves = analysis.curves[Split.DEV]["base"]
    assert next(name for name in CHOOSERS if any(value is not None for value in curves.get(name, []))) == chooser
    assert analysis.best_layer == {"base": "1"}


def test_equal_states_change_by_exactly_nothing():
    base = aligned_at(1, n=MANY)
    analysis = analyse({"base": base, "adapted": Vectors(base.source.clone(), base.target.clone())}, n=MANY)
    assert {c.difference for c in analysis.comparisons} == {0.0}
    assert {c.p for c in analysis.comparisons} == {1.0}
    assert {found.kind for found in verdicts(analysis).values()} == {VerdictKind.NO_CHANGE}


def test_a_real_gain_is_reported_with_interval_and_verdict():
    analysis = analyse({"base": aligned_at(1, n=MANY, noise=3.0), "adapted": aligned_at(1, n=MANY, noise=0.3)}, n=MANY)
    gain = change_of(analysis, HEADLINE)
    assert gain.difference > 0.3
    assert gain.ci[0] > 0
    assert gain.p < 1e-4
    before, after = (analysis.pseudo_column(HEADLINE, Split.CONTROL, state, "1") for state in ("base", "adapted"))
    assert gain.t == pytest.approx(
        sps.ttest_rel(after, before).statistic, rel=1e-4
    )  # records keep seven decimal places
    found = verdicts(analysis)["1"]
    assert found.kind is VerdictKind.BETTER
    assert "no twin on shuffled pairs" in found.text


@pytest.mark.parametrize(("noise", "kind"), [(3.0, VerdictKind.GENERALISES), (0.3, VerdictKind.SPREADING)])
def test_a_gain_generalises_net_of_what_training_on_shuffled_pairs_does(noise, kind):
    states = {"base": aligned_at(1, n=MANY, noise=3.0), "adapted": aligned_at(1, n=MANY, noise=0.3)}
    analysis = analyse(states | {"twin": aligned_at(1, n=MANY, noise=noise)}, n=MANY)
    assert verdicts(analysis)["1"].kind is kind


def test_a_common_vector_is_no_gain():
    """A constant added to every word narrows the cone and lifts every cosine; what is concluded from does not move."""
    base = aligned_at(1, n=MANY, noise=0.6)
    push = 2 * torch.ones(24)
    analysis = analyse({"base": base, "adapted": Vectors(base.source + push, base.target + push)}, n=MANY)
    before, after = (analysis.value("cosine", Split.CONTROL, state, "1") for state in ("base", "adapted"))
    assert after > before + 0.1
    assert verdicts(analysis)["1"].kind is VerdictKind.NO_CHANGE


def test_raw_geometry_is_not_compared():
    analysis = analyse({"base": aligned_at(1), "adapted": aligned_at(1, noise=0.3)})
    assert {c.quantity for c in analysis.comparisons}.isdisjoint(DESCRIPTIONS)
    assert {name for *_, name, _ in analysis.every_column(analysis.pseudo)}.isdisjoint(DESCRIPTIONS)


def change_of(analysis, measure, layer="1"):
    """The comparison of one measure on the control words."""
    (found,) = [c for c in analysis.comparisons if (c.split, c.layer, c.quantity) == (Split.CONTROL, layer, measure)]
    return found


def test_what_cannot_be_scored_is_none_and_named():
    states = aligned_at(1)
    states.source[2, 50] = float("nan")
    analysis = analyse({"base": states})
    assert analysis.curves[Split.CONTROL]["base"]["cosine"][2] is None
    assert analysis.curves[Split.CONTROL]["base"]["cosine"][1] is not None
    assert any("control/base/layer 2p" in reason for reason in analysis.unscored)


def test_without_dev_pairs_the_output_is_shown_and_said_so():
    chosen = [p for p in pairs() if p.split is not Split.DEV]
    states = aligned_at(1, n=len(chosen))
    analysis = Analyser(chosen, LAYERS, {"base": states}, torch.eye(len(chosen), dtype=torch.bool)).run()
    assert analysis.best_layer == {"base": "2"}
    assert any("dev split cannot be scored" in reason for reason in analysis.unscored)


def test_centring_is_fitted_on_held_out_words_only():
    base = aligned_at(1)
    control = [i for i, p in enumerate(pairs()) if p.split is Split.CONTROL]
    first = Analyser(pairs(), LAYERS, {"base": base}, torch.eye(60, dtype=torch.bool))
    centre = first.views.centre(Split.CONTROL, "base", 1)
    moved = Vectors(base.source.clone(), base.target.clone())
    moved.source[1, control] += 100
    again = Analyser(pairs(), LAYERS, {"base": moved}, torch.eye(60, dtype=torch.bool)).views.centre(
        Split.CONTROL, "base", 1
    )
    torch.testing.assert_close(centre.source_mean, again.source_mean)
    torch.testing.assert_close(centre.source_direction, again.source_direction)


@pytest.mark.parametrize("adapted", [False, True])
def test_headline_has_exactly_the_names_it_announces(adapted):
    states = {"base": aligned_at(1)} | ({"adapted": aligned_at(2)} if adapted else {})
    analysis = analyse(states)
    for splits in (tuple(Split), (Split.CONTROL, Split.DEV)):
        names = headline_directions(splits, LAYERS, adapted=adapted)
        values = headline(analysis, splits, LAYERS)
        assert names.keys() == values.keys()
        assert all(type(v) is float for v in values.values())
    assert (
        values["control_p1"]
        == analysis.curves[Split.CONTROL]["adapted" if adapted else "base"]["p1"][2 if adapted else 1]
    )


def test_directions_are_those_of_the_measures():
    names = headline_directions(tuple(Split), LAYERS, adapted=True)
    assert names["control_p1_of_50"] is names["control_p1_of_50_change"] is names["trained_p1_L01"] is True
    # Raw geometry is neither good nor bad, whichever way it goes.
    assert names["control_cosine"] is names["control_cos_L01"] is names["control_mismatched_base"] is None
    assert names["control_gap"] is names["control_gap_L01"] is None
    assert {name for name in names if name.startswith("control_") and "_L" not in name and "_stderr" in name} == {
        f"control_{m.name}_stderr" for m in list_measures(Place.METRIC)
    }


def test_the_standard_error_is_the_textbook_one():
    """Of the words' own values where they share no pool, of pseudo-values where they do."""
    analysis = analyse({"base": aligned_at(1, n=MANY, noise=2.0)}, n=MANY)
    values = headline(analysis, tuple(Split), LAYERS)
    for name, column in (
        ("cosine", analysis.column("cosine", Split.CONTROL, "base", "1")),
        (HEADLINE, analysis.pseudo_column(HEADLINE, Split.CONTROL, "base", "1")),
    ):
        expected = column.std(ddof=1) / len(column) ** 0.5
        assert values[f"control_{name}_stderr"] == pytest.approx(expected, rel=1e-9)
    own = analysis.column(HEADLINE, Split.CONTROL, "base", "1")
    assert abs(values[f"control_{HEADLINE}_stderr"] / (own.std(ddof=1) / len(own) ** 0.5) - 1) > 0.01


def test_measures_that_are_asked_for_get_curves_and_columns_and_the_others_stay_as_they_are():
    states = {"base": aligned_at(1)}
    plain = analyse(states)
    asked = [get_measure(name) for name in ("evs", "dali", "p1_without_means")]
    more = Analyser(pairs(), LAYERS, states, torch.eye(60, dtype=torch.bool), asked=asked).run()
    for split, curves in plain.curves.items():
        assert more.curves[split]["base"].keys() - curves["base"].keys() == {"evs", "dali", "p1_without_means"}
        assert {name: more.curves[split]["base"][name] for name in curves["base"]} == curves["base"]
        held = more.columns[split]["base"]["1"]
        assert held.keys() - plain.columns[split]["base"]["1"].keys() == {"dali", "p1_without_means"}
        computed = more.pseudo[split]["base"]["1"]
        assert computed.keys() - plain.pseudo[split]["base"]["1"].keys() == {"dali", "p1_without_means"}
        assert sum(computed["dali"]) / len(computed["dali"]) == pytest.approx(sum(held["dali"]) / len(held["dali"]))
        assert more.value("dali", split, "base", "1") == pytest.approx(sum(held["dali"]) / len(held["dali"]))
    assert more.curves[Split.CONTROL]["base"]["dali"][1] == 1


def test_language_directions_are_fitted_on_the_words_that_are_not_scored():
    states = aligned_at(1, noise=2.0)
    asked = [get_measure("p1_without_means")]
    analyser = Analyser(pairs(), LAYERS, {"base": states}, torch.eye(60, dtype=torch.bool), asked=asked)
    control = [i for i, pair in enumerate(pairs()) if pair.split is Split.CONTROL]
    others = [i for i in range(60) if i not in control]
    source, target = (x[1, control] - x[1, others].mean(dim=0) for x in (states.source, states.target))
    expected = get_measure("p1").value(LayerView(source, target))
    assert 0 < expected < 1
    assert analyser.run().curves[Split.CONTROL]["base"]["p1_without_means"][1] == expected


def test_a_list_without_held_out_words_says_why_nothing_is_removed():
    chosen = [pair for pair in pairs() if pair.split is Split.CONTROL]
    rows = [i for i, pair in enumerate(pairs()) if pair.split is Split.CONTROL]
    states = aligned_at(1)
    states = Vectors(states.source[:, rows], states.target[:, rows])
    gold, asked = torch.eye(len(chosen), dtype=torch.bool), [get_measure("p1_without_means")]
    analysis = Analyser(chosen, LAYERS, {"base": states}, gold, asked=asked).run()
    assert analysis.curves[Split.CONTROL]["base"]["p1_without_means"] == [None] * 4
    assert any("p1_without_means: needs the vectors of held-out words" in reason for reason in analysis.unscored)
