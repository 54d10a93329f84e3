"""P@1 after language directions are removed, against numpy, and on spaces whose answer is known."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import TruncatedSVD

from tests.measures.conftest import make_cloud
from tests.measures.literature.spaces import doubles, order, rotation, unit, value, view
from tli_bench.base.errors import UnscorableError
from tli_bench.measures import get_measure
from tli_bench.measures.literature.directions import RANK

NAMES = ("p1_without_means", "p1_without_direction", "p1_without_subspaces")
D = 12


def words(seed=0, n=30, held_out=25, noise=0.9, offset=2.0):
    """Scored words of both languages and held-out ones, the target moved by one vector."""
    source, target = make_cloud(seed, n=n + held_out, d=D, noise=noise)
    target = target + offset * torch.randn(D, generator=torch.Generator().manual_seed(seed + 1))
    return source[:n], target[:n], (source[n:], target[n:])


def p1(source, target):
    similarity = unit(source) @ unit(target).T
    right = np.arange(len(source))
    return ((similarity.argmax(axis=1) == right) + (similarity.argmax(axis=0) == right).astype(float)) / 2


def projected_out(x, basis):
    """x less its part in the span of the rows of `basis`."""
    return x - x @ np.linalg.pinv(basis) @ basis


def by_hand(name, source, target, fit):
    source, target, fit_source, fit_target = doubles(source, target, *fit)
    if name == "p1_without_means":
        return p1(source - fit_source.mean(0), target - fit_target.mean(0))
    if name == "p1_without_direction":
        basis = (fit_source.mean(0) - fit_target.mean(0))[None]
        return p1(projected_out(source, basis), projected_out(target, basis))
    one, other = (TruncatedSVD(RANK, algorithm="arpack").fit(x).components_ for x in (fit_source, fit_target))
    return p1(projected_out(source, one), projected_out(target, other))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([25, 8]))
def test_they_agree_with_projections_by_other_means(name, seed, held_out):
    source, target, fit = words(seed, held_out=held_out)
    column = get_measure(name).column(view(source, target, facts={"fit": fit}))
    assert column.tolist() == by_hand(name, source, target, fit).tolist()


@pytest.mark.parametrize("name", NAMES)
def test_rotation_scale_and_order_change_nothing(name):
    source, target, (one, other) = words()
    turn, mixed, again = rotation(D), order(30), order(25)
    before = value(name, source, target, facts={"fit": (one, other)})
    assert 0 < before < 1
    acted = [6 * x @ turn for x in (source[mixed], target[mixed], one[again], other[again])]
    assert value(name, acted[0], acted[1], facts={"fit": (acted[2], acted[3])}) == before


def test_an_offset_between_languages_is_removed():
    source, target, fit = words(noise=0.1, offset=8.0)
    assert value("p1", source, target) < 0.6
    for name in NAMES[:2]:
        assert value(name, source, target, facts={"fit": fit}) > 0.9


def test_a_translation_of_each_language_changes_nothing_after_its_mean_is_removed():
    source, target, (one, other) = words()
    step, another = torch.randn(2, D, generator=torch.Generator().manual_seed(9))
    before = value("p1_without_means", source, target, facts={"fit": (one, other)})
    facts = {"fit": (one + step, other + another)}
    assert value("p1_without_means", source + step, target + another, facts=facts) == before


def test_a_language_that_is_a_subspace_of_noise_is_found_again():
    """Each language adds strong noise in five dimensions of its own: retrieval is lost, and comes back without them."""
    generator = torch.Generator().manual_seed(4)
    meaning, noise = torch.randn(80, 40, generator=generator), 30 * torch.randn(2, 80, RANK, generator=generator)
    basis = torch.linalg.qr(torch.randn(40, 2 * RANK, generator=generator)).Q
    source, target = meaning + noise[0] @ basis[:, :RANK].T, meaning + noise[1] @ basis[:, RANK:].T
    facts = {"fit": (source[40:], target[40:])}
    assert value("p1", source[:40], target[:40]) < 0.4
    assert value("p1_without_subspaces", source[:40], target[:40], facts=facts) > 0.9


def test_accepted_variants_and_ties_are_treated_as_in_p1():
    source, target, fit = words(noise=0.0, offset=0.0)
    target[3] = 2 * target[5]
    gold = torch.eye(30, dtype=torch.bool)
    strict = value("p1_without_subspaces", source, target, facts={"fit": fit})
    gold[5, 3] = gold[3, 5] = True
    assert value("p1_without_subspaces", source, target, facts={"fit": fit}, gold=gold) > strict


@pytest.mark.parametrize("name", NAMES)
def test_degenerate_input(name):
    source, target, (one, other) = words()
    with pytest.raises(UnscorableError, match="needs the vectors of held-out words, and none was given"):
        value(name, source, target)
    collapsed = source[:1].repeat(30, 1)
    assert value(name, collapsed, collapsed, facts={"fit": (one, other)}) == 0


def test_what_cannot_be_removed_says_why():
    source, target, (one, other) = words()
    with pytest.raises(UnscorableError, match="same mean over the held-out words"):
        value("p1_without_direction", source, target, facts={"fit": (one, one)})
    with pytest.raises(UnscorableError, match="more than 5 held-out words"):
        value("p1_without_subspaces", source, target, facts={"fit": (one[:5], other[:5])})
    with pytest.raises(UnscorableError, match="span fewer than 5 directions"):
        value("p1_without_subspaces", source, target, facts={"fit": (one[:3].repeat(4, 1), other)})
    around = torch.stack([torch.full((D,), 4.0), torch.full((D,), 6.0)])
    with pytest.raises(UnscorableError, match="zero vectors"):
        value("p1_without_means", source, torch.full((30, D), 5.0), facts={"fit": (one, around)})
