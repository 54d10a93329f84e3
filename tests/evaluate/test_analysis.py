"""The analysis of a unit on constructed states whose answer is known."""

import pytest
import torch

from tli_bench.evaluate.analysis import Analyser, Vectors
from tli_bench.evaluate.headline import headline, headline_directions
from tli_bench.evaluate.verdicts import verdicts
from tli_bench.lexicon.pairs import Split, WordPair
from tli_bench.measures import LayerView, Place, get_measure, list_measures

LAYERS = ("0", "1", "2p", "2")


def pairs(n=60):
    splits = [Split.TRAIN] * (n // 2) + [Split.DEV] * (n // 4) + [Split.CONTROL] * (n - n // 2 - n // 4)
    return [WordPair(f"c{i}", (f"s{i}",), (f"t{i}",), split) for i, split in enumerate(splits)]


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


def test_equal_states_change_by_exactly_nothing():
    base = aligned_at(1)
    analysis = analyse({"base": base, "adapted": Vectors(base.source.clone(), base.target.clone())})
    assert {c.difference for c in analysis.comparisons} == {0.0}
    assert {c.p for c in analysis.comparisons} == {1.0}
    assert all(line.startswith("no change: every control cosine is the same") for line in verdicts(analysis).values())


def test_a_real_gain_is_reported_with_interval_and_verdict():
    analysis = analyse({"base": aligned_at(1, noise=3.0), "adapted": aligned_at(1, noise=0.3)})
    gain = next(c for c in analysis.comparisons if (c.split, c.layer, c.quantity) == (Split.CONTROL, "1", "gap"))
    assert gain.difference > 0.3
    assert gain.ci[0] > 0
    assert gain.p < 1e-4
    assert "generalises: control gap" in verdicts(analysis)["1"]


def test_a_cone_that_narrows_is_not_called_generalisation():
    base = aligned_at(1, noise=3.0)
    push = 4 * torch.ones(24)
    analysis = analyse({"base": base, "adapted": Vectors(base.source + push, base.target + push)})
    cosine = next(c for c in analysis.comparisons if (c.split, c.layer, c.quantity) == (Split.CONTROL, "1", "cosine"))
    assert cosine.difference > 0.2
    assert "cone narrowing" in verdicts(analysis)["1"]


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
    centre = first._centre(Split.CONTROL, "base", 1)
    moved = Vectors(base.source.clone(), base.target.clone())
    moved.source[1, control] += 100
    again = Analyser(pairs(), LAYERS, {"base": moved}, torch.eye(60, dtype=torch.bool))._centre(
        Split.CONTROL, "base", 1
    )
    torch.testing.assert_close(centre.source_mean, again.source_mean)


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
    assert names["control_gap"] is names["control_gap_change"] is names["trained_p1_L01"] is True
    # A raw cosine is neither good nor bad, whichever way it goes.
    assert names["control_cosine"] is names["control_cos_L01"] is names["control_mismatched_base"] is None
    assert {name for name in names if name.startswith("control_") and "_L" not in name and "_stderr" in name} == {
        f"control_{m.name}_stderr" for m in list_measures(Place.METRIC)
    }


def test_the_standard_error_is_the_textbook_one():
    analysis = analyse({"base": aligned_at(1)})
    cosines = torch.from_numpy(analysis.column("cosine", Split.CONTROL, "base", "1"))
    expected = float(cosines.std() / len(cosines) ** 0.5)
    assert headline(analysis, tuple(Split), LAYERS)["control_cosine_stderr"] == pytest.approx(expected, rel=1e-9)


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
