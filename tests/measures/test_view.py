import pytest
import torch

from tli_bench.base.errors import UnscorableError
from tli_bench.measures import LayerView, centre, compute, retrieval

from .conftest import make_cloud


def test_view_offers_what_its_parts_compute() -> None:
    source, target = make_cloud()
    view = LayerView(source, target)
    cosine = torch.nn.functional.cosine_similarity(source.double(), target.double())
    torch.testing.assert_close(view.matched, cosine, atol=1e-6, rtol=0)
    off = view.similarity.sum(0) + view.similarity.sum(1) - 2 * cosine
    torch.testing.assert_close(view.mismatched_per_pair, off / 22, atol=1e-6, rtol=0)
    torch.testing.assert_close(view.gap_per_pair, view.matched - view.mismatched_per_pair)
    assert view.wrong.shape == (12 * 11,)
    assert view.n == 12


def test_matrices_are_computed_once() -> None:
    view = LayerView(*make_cloud())
    assert view.similarity is view.similarity
    assert view.csls is view.csls


def test_source_and_target_change_places() -> None:
    source, target = make_cloud(2)
    gold = torch.eye(12, dtype=torch.bool)
    gold[0, 3] = True
    one, other = LayerView(source, target, gold=gold), LayerView(target, source, gold=gold.T)
    torch.testing.assert_close(one.similarity, other.similarity.T, atol=1e-6, rtol=0)
    assert torch.equal(one.ranks_forward, other.ranks_backward)
    assert torch.equal(one.csls_ranks_backward, other.csls_ranks_forward)


def test_centred_similarity_removes_a_common_vector() -> None:
    source, target = make_cloud(n=30, d=16, shift=30.0)
    bare, bare_target = make_cloud(n=30, d=16)
    view = LayerView(source[:20], target[:20], centre=centre(source[20:], target[20:]))
    expected = LayerView(bare[:20], bare_target[:20], centre=centre(bare[20:], bare_target[20:]))
    assert float(view.mismatched_per_pair.mean()) > 0.95
    torch.testing.assert_close(view.similarity_centred, expected.similarity_centred, atol=1e-4, rtol=0)
    assert abs(float(view.mismatched_centred_per_pair.mean())) < 0.2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"source": torch.ones(5, 4)}, r"differ in shape: \(5, 4\) and \(12, 8\)"),
        ({"source": torch.full((12, 8), torch.nan)}, "source holds NaN or infinity in 12 of 12 rows"),
        ({"target": torch.zeros(12, 8)}, "target holds 12 zero vectors"),
        ({"gold": torch.ones(12, 12)}, r"gold must be bool \[12, 12\], got torch.float32"),
        ({"gold": torch.zeros(12, 12, dtype=torch.bool)}, r"gold\[0, 0\] is false"),
        ({"neighbours": 0}, "neighbours must be at least 1"),
        (
            {"centre": centre(torch.ones(2, 3), torch.ones(2, 3))},
            r"source_mean has shape \(3,\), but the vectors have width 8",
        ),
    ],
)
def test_bad_input_is_named(change: dict[str, object], message: str) -> None:
    source, target = make_cloud()
    arguments = {"source": source, "target": target} | change
    with pytest.raises(UnscorableError, match=message):
        LayerView(arguments.pop("source"), arguments.pop("target"), **arguments)  # type: ignore[arg-type]


def test_one_pair_cannot_be_mismatched() -> None:
    with pytest.raises(UnscorableError, match="at least 2 pairs, got 1"):
        LayerView(torch.ones(1, 3), torch.ones(1, 3))


def test_centred_similarity_needs_a_centre_and_no_word_on_it() -> None:
    source, target = make_cloud()
    with pytest.raises(UnscorableError, match="no centre: fit one on held-out words"):
        _ = LayerView(source, target).similarity_centred
    on_it = centre(source[:1].repeat(2, 1), target[:2])
    with pytest.raises(UnscorableError, match="centred source holds 1 zero vectors of 12, first in row 0"):
        _ = LayerView(source, target, centre=on_it).similarity_centred


def test_all_measures_of_a_view_look_for_what_is_nearest_once(monkeypatch):
    asked, look = [], retrieval.nearest_of
    monkeypatch.setattr(retrieval, "nearest_of", lambda *given: asked.append(1) or look(*given))
    draw = torch.Generator().manual_seed(0)
    view = LayerView(
        torch.randn(30, 8, generator=draw), torch.randn(30, 8, generator=draw), gold=torch.eye(30, dtype=torch.bool)
    )
    names = ("csls_p1", "csls_p1_backward", "hub_skew_forward", "hub_skew_backward")
    assert all(value is not None for value in compute(view, names).values.values())
    assert len(asked) == 1
