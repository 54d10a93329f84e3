"""The cosines of two languages' vectors in every space, from one matrix product: the spaces differ by what a mean takes away.

With unit rows `u`, `v`, a shift near each side's mean and `P = (u - s)(v - t)'`, each space's products are `P` with terms that depend
on the row or on the column alone. Everything is float64, and no term is larger than what is left without the shift, so nothing is lost
under an attention sink, where all cosines are 0.9999... and little tells words apart.
"""

from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

TOLERANCE = 1e-7
"""Difference of two cosines below which they are a tie, once a mean is taken away."""
_ON_THE_MEAN = 1e-6
"""Length below which what is left of a unit vector is rounding: the word has no direction of its own."""
_ROWS_AT_ONCE = 1024
# Float32 vectors give products of unit vectors that are accurate to a few 1e-7 of the product of their lengths.
_RELATIVE_TIE = 1e-6
_ABSOLUTE_TIE = 1e-12


Places = slice | Tensor
"""Which rows or columns: a slice, or their numbers."""
_ALL = slice(None)


class Means(NamedTuple):
    """What is taken away from one side: the mean of its unit vectors and that of its vectors, each `[d]`."""

    direction: Tensor
    plain: Tensor


class _Rows:
    """One side `[n, d]` as unit rows less a shift `[d]`. means: what else is asked about; None without a centre."""

    def __init__(self, x: Tensor, means: Means | None) -> None:
        self.x = x.detach()
        self.norms = torch.linalg.vector_norm(self.x, dim=1, dtype=torch.float64)
        own = (1.0 / self.norms).to(self.x.dtype) @ self.x / len(self.x) if self._float32_holds else None
        self.own = self.units(slice(None)).mean(dim=0) if own is None else own.double()
        self.shift = self.own if means is None else means.direction.double()
        plain = torch.zeros_like(self.shift) if means is None else means.plain.double()
        square = self.shift @ self.shift
        self.along = (plain @ self.shift / square) if square > 0 else torch.zeros_like(square)
        """How much of the plain mean lies along the shift; `rest` is what does not."""
        self.rest = plain - self.along * self.shift

    @property
    def _float32_holds(self) -> bool:
        return bool(self.norms.max() < 1e15) and bool(self.norms.min() > 1e-15)

    def units(self, rows: Places) -> Tensor:
        """Unit rows, float64."""
        return self.x[rows].double() / self.norms[rows, None]

    def less_shift(self, rows: Places) -> Tensor:
        """Unit rows less the shift, float64."""
        return self.units(rows).sub_(self.shift)


class _Side(NamedTuple):
    """Products of one side's rows less their shift `[n]`: with themselves, with both shifts, both rests and the side's own mean."""

    square: Tensor
    own_shift: Tensor
    other_shift: Tensor
    own_rest: Tensor
    other_rest: Tensor
    off: Tensor


class Products:
    """Products of the rows of `source` `[n, d]` with those of `target` `[m, d]`, all finite and none zero.

    source_means, target_means: for the spaces without a mean; both or neither.
    """

    def __init__(
        self, source: Tensor, target: Tensor, source_means: Means | None = None, target_means: Means | None = None
    ) -> None:
        self.a, self.b = _Rows(source, source_means), _Rows(target, target_means)
        self.rows, self.columns = _sides(self.a, self.b), _sides(self.b, self.a)

    @cached_property
    def product(self) -> Tensor:
        """Products `[n, m]` of all rows less their shift."""
        return self._product(_ALL, _ALL)

    def _product(self, rows: Places, columns: Places) -> Tensor:
        these, those = (
            torch.arange(len(side.x))[places].split(_ROWS_AT_ONCE)
            for side, places in ((self.a, rows), (self.b, columns))
        )
        found = torch.empty(sum(map(len, these)), sum(map(len, those)), dtype=torch.float64, device=self.a.x.device)
        start = 0
        for some in these:
            left, begin = self.a.less_shift(some), 0
            for others in those:
                found[start : start + len(some), begin : begin + len(others)] = left @ self.b.less_shift(others).T
                begin += len(others)
            start += len(some)
        return found

    def block(self, space: str, rows: Places, columns: Places) -> Tensor:
        """Some rows and columns of `cosine`, `directions` or `centred`, without the others: `[k, l]`."""
        build = {"cosine": self._cosine, "directions": self._directions, "centred": self._centred}[space]
        return build(self._product(rows, columns), rows, columns)

    def cosine(self) -> Tensor:
        """Cosines `[n, m]`."""
        return self._cosine(self.product, _ALL, _ALL)

    def _cosine(self, product: Tensor, rows: Places, columns: Places) -> Tensor:
        found = product + self.rows.other_shift[rows, None]
        found += (self.columns.other_shift + self.a.shift @ self.b.shift)[columns][None, :]
        return found

    @cached_property
    def tolerance(self) -> float:
        """Difference below which two cosines are a tie: what float32 vectors leave in doubt, however the words spread."""
        spread = 1.0
        for side, about in ((self.a, self.rows), (self.b, self.columns)):
            moved = side.own - side.shift
            square = about.square - 2 * about.off + moved @ moved
            spread *= float(square.max().clamp(min=0).sqrt())
        return max(_RELATIVE_TIE * spread, _ABSOLUTE_TIE)

    def directions(self) -> Tensor:
        """Cosines `[n, m]` of the unit rows less their side's mean direction; 0 for a row that lies on it."""
        return self._directions(self.product.clone(), _ALL, _ALL)

    def _directions(self, product: Tensor, rows: Places, columns: Places) -> Tensor:
        return _scaled(product, _inverse(self.rows.square, 1.0)[rows], _inverse(self.columns.square, 1.0)[columns])

    def centred(self) -> Tensor:
        """Cosines `[n, m]` of the rows less their side's plain mean; 0 for a row that lies on it."""
        return self._centred(self.product, _ALL, _ALL)

    def _centred(self, product: Tensor, these: Places, those: Places) -> Tensor:
        a, b, rows, columns = self.a, self.b, self.rows, self.columns
        # x - mean = |x| (u - s) + (|x| - along) s - rest, and likewise on the other side.
        alpha, beta = a.norms - a.along, b.norms - b.along
        found = product * a.norms[these, None]
        found *= b.norms[those][None, :]
        found += torch.outer((a.norms * rows.other_shift)[these], beta[those])
        along = b.norms * columns.other_shift + beta * (a.shift @ b.shift) - a.shift @ b.rest
        found += torch.outer(alpha[these], along[those])
        found -= (a.norms * rows.other_rest)[these, None]
        found += (a.rest @ b.rest - b.norms * columns.other_rest - beta * (a.rest @ b.shift))[those][None, :]
        scales = [
            _inverse(_square(side, about), float(side.norms.median())) for side, about in ((a, rows), (b, columns))
        ]
        return _scaled(found, scales[0][these], scales[1][those])


def _sides(own: _Rows, other: _Rows) -> _Side:
    blocks = [slice(start, start + _ROWS_AT_ONCE) for start in range(0, len(own.x), _ROWS_AT_ONCE)]
    return _Side(*torch.cat([_about(own.less_shift(rows), own, other) for rows in blocks]).T)


def _about(left: Tensor, own: _Rows, other: _Rows) -> Tensor:
    """The fields of `_Side` for a block of rows less their shift `[k, d]`, as `[k, fields]`."""
    with_each = left @ torch.stack([own.shift, other.shift, own.rest, other.rest, own.own - own.shift], dim=1)
    return torch.cat([left.square().sum(dim=1, keepdim=True), with_each], dim=1)


def _square(side: _Rows, about: _Side) -> Tensor:
    """Squared length `[n]` of rows less their plain mean."""
    alpha = side.norms - side.along
    found = side.norms.square() * about.square + 2 * side.norms * (alpha * about.own_shift - about.own_rest)
    return (
        found
        + alpha.square() * (side.shift @ side.shift)
        - 2 * alpha * (side.shift @ side.rest)
        + side.rest @ side.rest
    )


def _inverse(square: Tensor, scale: float) -> Tensor:
    """1 / length `[n]` from squared lengths; 0 where nothing is left of a row of length `scale`."""
    length = square.clamp(min=0).sqrt()
    return torch.where(length > _ON_THE_MEAN * scale, 1 / length.clamp(min=torch.finfo(torch.float64).tiny), 0.0)


def _scaled(products: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    products *= rows[:, None]
    products *= columns[None, :]
    return products
