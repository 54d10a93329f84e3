"""Every space of one product, against the formula that subtracts, scales and multiplies for itself, in float64."""

import pytest
import torch

from tli_bench.measures.products import Means, Products

N, D = 60, 24


def sides(kind, seed=0):
    g = torch.Generator().manual_seed(seed)
    x, y = (torch.randn(N, D, generator=g, dtype=torch.float64) for _ in range(2))
    y = x + 0.5 * y
    if kind == "sink":  # one direction is a thousand times the rest, and all cosines are 0.9999...
        sink = torch.zeros(D, dtype=torch.float64)
        sink[3] = 3000.0
        x, y = x + sink, y + 1.2 * sink
    if kind == "long":
        x, y = x * 1e17, y * 1e-18
    if kind == "lengths":
        x = x * torch.logspace(-3, 3, N, dtype=torch.float64)[:, None]
    return x.float(), y.float()


def unit(x):
    x = x.double()
    return x / x.norm(dim=1, keepdim=True)


def means(x, fit):
    return Means(unit(x[fit]).mean(dim=0), x[fit].double().mean(dim=0).to(x.dtype))


@pytest.mark.parametrize("kind", ["plain", "sink", "long", "lengths"])
@pytest.mark.parametrize("fit", [slice(None, None, 3), slice(None)], ids=["held-out", "own"])
def test_each_space_is_its_formula(kind, fit):
    x, y = sides(kind)
    a, b = means(x, fit), means(y, fit)
    found = Products(x, y, a, b)
    torch.testing.assert_close(found.cosine(), unit(x) @ unit(y).T, rtol=0, atol=1e-10)
    torch.testing.assert_close(
        found.directions(), unit(unit(x) - a.direction) @ unit(unit(y) - b.direction).T, rtol=0, atol=1e-10
    )
    plain = unit(x.double() - a.plain.double()) @ unit(y.double() - b.plain.double()).T
    # What the formula itself loses in float64 where a vector is a thousand times what is left of it.
    torch.testing.assert_close(found.centred(), plain, rtol=0, atol=1e-10 if kind != "sink" else 1e-9)


def test_the_ties_are_those_of_each_sides_own_spread():
    x, y = sides("sink")
    spread = [(unit(s) - unit(s).mean(dim=0)).norm(dim=1).max() for s in (x, y)]
    for given in ((), (means(x, slice(0, 7)), means(y, slice(0, 7)))):
        assert Products(x, y, *given).tolerance == pytest.approx(1e-6 * float(spread[0] * spread[1]), rel=1e-3)


def test_blocks_of_rows_change_nothing(monkeypatch):
    x, y = sides("lengths")
    a, b = means(x, slice(0, 20)), means(y, slice(0, 20))
    whole = Products(x, y, a, b)
    monkeypatch.setattr("tli_bench.measures.products._ROWS_AT_ONCE", 7)
    blocks = Products(x, y, a, b)
    for space in ("cosine", "directions", "centred"):
        torch.testing.assert_close(getattr(blocks, space)(), getattr(whole, space)(), rtol=0, atol=1e-13)


def test_a_row_on_the_mean_is_zero():
    x, y = sides("plain")
    a, b = means(x, slice(0, 20)), means(y, slice(0, 20))
    x = torch.cat([x, a.plain[None]])
    found = Products(x, y, a._replace(direction=unit(x)[4]), b)
    assert (found.directions()[4] == 0).all()
    assert (found.centred()[-1].abs() < 1e-12).all()
    assert (found.directions()[5] != 0).all()
