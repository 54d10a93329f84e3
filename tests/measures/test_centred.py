"""The headline and its companions on vectors: values against plain numpy, and what must not move them."""

from math import comb

import numpy as np
import pytest
import torch

from tli_bench.base.errors import InputError, UnscorableError
from tli_bench.measures import Direction, LayerView, Measure, centre, compute, get_measure
from tli_bench.measures.roles import CHANCE, HEADLINE, headline_for

N, FIT, DIM = 70, 200, 24
CENTRED = ("p1_of_50", "p1_of_20", "auc_centred")


def clouds(seed=0, *, noise=1.0):
    """Source and target `[N + FIT, DIM]` float64: translations with noise around a mean of their language's own."""
    rng = np.random.default_rng(seed)
    meaning = rng.normal(size=(N + FIT, DIM))
    return tuple(meaning + noise * rng.normal(size=(N + FIT, DIM)) + 3 * rng.normal(size=DIM) for _ in range(2))


def view(source, target, gold=None):
    source, target = (torch.tensor(x, dtype=torch.float32) for x in (source, target))
    return LayerView(source[:N], target[:N], gold=gold, centre=centre(source[N:], target[N:]))


def values(*sides):
    return compute(view(*sides), CENTRED).values


def by_hand(source, target, m):
    """P@1 among m from the definition, in float64 and with whole numbers."""
    units = []
    for x in (source, target):
        x = np.float32(x).astype(np.float64)
        x = x / np.linalg.norm(x, axis=1, keepdims=True)
        x = x - x[N:].mean(axis=0)
        units.append((x / np.linalg.norm(x, axis=1, keepdims=True))[:N])
    similarity = units[0] @ units[1].T
    found = []
    for s in (similarity, similarity.T):
        for i in range(N):
            nearer = int((np.delete(s[i], i) >= s[i, i] - 1e-7).sum())
            found.append(comb(N - 1 - nearer, m - 1) / comb(N - 1, m - 1))
    return np.mean(found)


@pytest.mark.parametrize("m", [50, 20])
def test_the_headline_is_its_definition(m):
    source, target = clouds()
    assert values(source, target)[f"p1_of_{m}"] == pytest.approx(by_hand(source, target, m), abs=1e-9)


def test_rotation_and_scale_move_nothing():
    source, target = clouds()
    turn, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(DIM, DIM)))
    before = values(source, target)
    for moved in ((source @ turn, target @ turn), (7 * source, 0.1 * target)):
        assert values(*moved) == pytest.approx(before, abs=1e-4)


def test_the_plain_headline_does_not_move_under_any_shift():
    source, target = clouds()
    name = f"{HEADLINE}_plain"
    before, after = (compute(view(*s), [name]).values[name] for s in ((source, target), (source + 5, target - 3)))
    assert after == pytest.approx(before, abs=1e-3)


def test_lengths_of_vectors_do_not_matter():
    source, target = clouds()
    lengths = np.exp(np.random.default_rng(2).normal(size=(N + FIT, 1)))
    assert values(source * lengths, target / lengths) == pytest.approx(values(source, target), abs=1e-4)


def test_words_that_are_all_alike_find_nothing():
    """One `[UNK]` for every word, or a model that collapsed, scores 0 and not chance."""
    same = np.tile(np.random.default_rng(3).normal(size=DIM), (N + FIT, 1))
    assert values(same, same) == {"p1_of_50": 0.0, "p1_of_20": 0.0, "auc_centred": 0.0}


def test_noise_scores_chance():
    rng = np.random.default_rng(4)
    found = [values(rng.normal(size=(N + FIT, DIM)), rng.normal(size=(N + FIT, DIM)))[HEADLINE] for _ in range(20)]
    assert np.mean(found) == pytest.approx(CHANCE[HEADLINE], abs=0.01)


def test_an_accepted_variant_is_right():
    source, target = clouds()
    target[[0, 1]] = target[[1, 0]]
    gold = torch.eye(N, dtype=torch.bool)
    gold[0, 1] = gold[1, 0] = True
    strict, lenient = (get_measure("p1_of_20").column(view(source, target, g)) for g in (None, gold))
    assert (lenient[:2] > strict[:2]).all()


def test_small_pools_go_by_twenty_under_its_own_name():
    assert [headline_for(n) for n in (200, 51, 50, 21)] == ["p1_of_50", "p1_of_50", "p1_of_20", "p1_of_20"]
    small = torch.randn(50, DIM)
    with pytest.raises(UnscorableError, match="more than 50 words, got 50"):
        get_measure("p1_of_50").value(LayerView(small, small, centre=centre(small, small)))


def test_without_a_centre_there_is_no_headline():
    source, target = (torch.tensor(x[:N], dtype=torch.float32) for x in clouds())
    with pytest.raises(UnscorableError, match="centre fitted on held-out words"):
        get_measure(HEADLINE).value(LayerView(source, target))


@pytest.mark.parametrize("given", ["per_concept", "pseudo"])
def test_a_measure_of_another_package_gives_one_value_for_each_word(given):
    fields = {"per_concept": lambda view: view.matched, "pseudo": lambda view: view.matched}
    fields[given] = lambda view: view.matched[:-1]
    measure = Measure(name="own", label="own", definition="Mine.", direction=Direction.UP, **fields)
    with pytest.raises(InputError, match=rf"'own' gives .*values of shape \({N - 1},\) for {N} concepts"):
        measure.column(view(*clouds())) if given == "per_concept" else measure.pseudo_values(view(*clouds()))


def test_intervals_of_a_measure_without_pseudo_values_are_computed_from_its_column():
    measure = Measure(
        name="own", label="own", definition="Mine.", direction=Direction.UP, per_concept=lambda view: view.matched
    )
    seen = view(*clouds())
    np.testing.assert_array_equal(measure.pseudo_values(seen), measure.column(seen))


@pytest.mark.parametrize(
    "name", ["p1_of_50", "p1_of_20", "auc_centred", "p1_of_50_plain", "language_offset", "p1", "mexa", "gap"]
)
def test_pseudo_values_have_the_mean_of_the_measure(name):
    measure, seen = get_measure(name), view(*clouds(5))
    assert measure.pseudo_values(seen).mean() == pytest.approx(measure.value(seen), abs=1e-9)


def test_the_language_offset_is_what_a_constant_per_language_adds():
    source, target = clouds()
    offset = get_measure("language_offset").value(view(source, target))
    raw_after_centring = get_measure("language_offset").value(view(source - source.mean(0), target - target.mean(0)))
    assert offset < -0.2
    assert abs(raw_after_centring) < 0.05


def test_the_low_overlap_subset_is_ranked_among_all_words():
    source, target = (torch.tensor(x, dtype=torch.float32) for x in clouds(6))
    alike = np.where(np.arange(N) < 30, 0.1, 0.9)
    seen = LayerView(source[:N], target[:N], centre=centre(source[N:], target[N:]), facts={"overlap": alike})
    measure, headline = get_measure("low_overlap"), get_measure(HEADLINE).column(seen)
    assert measure.value(seen) == pytest.approx(headline[:30].mean(), abs=1e-12)
    assert measure.pseudo_values(seen).mean() == pytest.approx(measure.value(seen), abs=1e-12)
    assert not compute(seen, ["low_overlap"]).reasons
