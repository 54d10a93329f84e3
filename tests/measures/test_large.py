"""A pool in blocks gives the numbers of the same pool as one matrix."""

import numpy as np
import pytest
import torch

from tli_bench.base.errors import UnscorableError
from tli_bench.measures import LayerView, centre, large, list_measures

N, WIDTH = 300, 24


@pytest.fixture(params=[0, 1])
def views(request, monkeypatch):
    """The same words as one matrix and in blocks of 64 rows; some have several translations, in one direction or both."""
    torch.manual_seed(request.param)
    source = torch.randn(N, WIDTH) + 3 * torch.randn(WIDTH)
    target = source + 1.5 * torch.randn(N, WIDTH) + torch.randn(WIDTH)
    target[7] = target[8]  # a tie
    gold = torch.eye(N, dtype=torch.bool)
    for i, j in ((0, 1), (1, 0), (2, 5), (2, 6), (2, 250), (9, 10), (299, 0), (70, 200), (200, 70), (70, 71)):
        gold[i, j] = True
    held_out = centre(torch.randn(40, WIDTH) + source.mean(0), torch.randn(40, WIDTH) + target.mean(0))
    whole = LayerView(source, target, gold=gold, centre=held_out, facts={"overlap": np.linspace(0, 1, N)})
    blocks = LayerView(source, target, gold=gold, centre=held_out, facts={"overlap": np.linspace(0, 1, N)})
    monkeypatch.setattr(large, "_ROWS", 64)

    def of(view, ask):
        monkeypatch.setattr(large, "MOST_AT_ONCE", 100 if view is blocks else N)
        return ask(view)

    return lambda ask: (of(whole, ask), of(blocks, ask))


IN_BLOCKS = (
    "cosine", "mismatched", "gap", "p1", "p5", "p10", "mrr", "p1_of_50", "p1_of_10", "auc_centred", "p1_of_50_plain", "low_overlap",
    "language_offset",
)  # fmt: skip


@pytest.mark.parametrize(
    "measure", [m for m in list_measures() if m.name in IN_BLOCKS], ids=lambda measure: measure.name
)
def test_words_values_and_pseudo_values_are_those_of_the_matrix(views, measure):
    one, other = views(measure.column)
    assert np.allclose(one, other, rtol=0, atol=1e-12, equal_nan=True)
    one, other = views(measure.pseudo_values)
    assert np.allclose(one, other, rtol=0, atol=1e-11, equal_nan=True)
    assert len(set(np.asarray(one).round(9))) > 3


@pytest.mark.parametrize("space", ["cosine", "directions", "centred"])
def test_both_directions_agree_word_by_word(views, space):
    for one, other in zip(*views(lambda view: view.sides(space)), strict=True):
        assert (one.beaten == other.beaten).all()
        assert (one.wrong == other.wrong).all()
        assert (one.nearest_wrong == other.nearest_wrong).all()
        assert one.beaten.max() > 0


def test_what_needs_the_whole_matrix_says_so(views, monkeypatch):
    monkeypatch.setattr(large, "MOST_AT_ONCE", 100)
    view = LayerView(torch.randn(101, 8), torch.randn(101, 8))
    with pytest.raises(
        UnscorableError, match="needs the cosines of all pairs of 101 words at once, which are held for at most 100"
    ):
        _ = view.csls
