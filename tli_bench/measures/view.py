"""One layer of one split of one language pair, with everything the measures share computed once, on demand."""

from collections.abc import Callable, Hashable, Mapping
from functools import cached_property, partial
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tli_bench.base.errors import UnscorableError
from tli_bench.measures import large, pool, ranked, retrieval
from tli_bench.measures.geometry import Centre
from tli_bench.measures.measure import Column
from tli_bench.measures.pool import Matrix
from tli_bench.measures.products import TOLERANCE, Means, Products
from tli_bench.measures.ranked import Side
from tli_bench.measures.similarity import mismatched_per_pair, require_scorable, unit_rows

Space = Literal["cosine", "directions", "centred"]
"""Where words are ranked: by raw cosine, as centred unit vectors, or as centred vectors that were not made unit first."""


_NO_CENTRE = "no centre: fit one on held-out words with `centre(fit_source, fit_target)`"


class LayerView:
    """Vectors of `n` concepts in two languages at one layer, and the matrices that measures are computed from.

    source, target: `[n, d]`; row i of both is concept i in its preferred form.
    gold: bool `[n, n]`; `gold[i, j]` says that target j is an accepted translation of source i; the diagonal is always true.
    centre: language means `[d]` fitted on held-out words, for the centred measures.
    neighbours: k of CSLS and of the hub skew.
    facts: what else is known about the same concepts at this layer, under the name in `Measure.needs`:
    `last`, a view of last-token vectors; `positions`, see `Positions`; or anything that a backend provides.
    Raises UnscorableError for NaN, infinity, zero vectors, fewer than two pairs or shapes that disagree: a row is
    never dropped silently.
    """

    def __init__(
        self,
        source: Tensor,
        target: Tensor,
        *,
        gold: Tensor | None = None,
        centre: Centre | None = None,
        neighbours: int = 10,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        if source.shape != target.shape:
            raise UnscorableError(
                f"source and target differ in shape: {tuple(source.shape)} and {tuple(target.shape)}; "
                "row i of both must be concept i"
            )
        for name, x in (("source", source), ("target", target)):
            require_scorable(x, name=name)
        if len(source) < 2:
            raise UnscorableError(
                f"a layer view needs at least 2 pairs, got {len(source)}; nothing could be mismatched"
            )
        if neighbours < 1:
            raise UnscorableError(f"neighbours must be at least 1, got {neighbours}")
        self.source, self.target = source.detach().float(), target.detach().float()
        self.gold = _checked_gold(gold, source)
        self.centre = _checked_centre(centre, source)
        self.neighbours = neighbours
        self.facts = dict(facts or {})
        self._large: dict[Space, large.LargePool] = {}
        self._sides: dict[Space, tuple[pool.Retrieval, pool.Retrieval]] = {}
        self._columns: dict[Hashable, Column] = {}

    def once(self, key: Hashable, make: Callable[[], Column]) -> Column:
        """The column `[n]` that `make` gives, made once for each key; who gets it does not change it."""
        if key not in self._columns:
            self._columns[key] = make()
        return self._columns[key]

    @property
    def provides(self) -> frozenset[str]:
        """What this view offers to measures."""
        return frozenset({"vectors", *(["centre"] if self.centre is not None else []), *self.facts})

    def fact(self, name: str) -> Any:
        """What is known under `name`; raises UnscorableError where it is not."""
        if name not in self.facts:
            raise UnscorableError(f"this view holds no {name!r}; it holds {', '.join(sorted(self.provides))}")
        return self.facts[name]

    def hits(self, k: int, side: Side, *, by: Literal["cosine", "csls"] = "cosine") -> Column:
        """1 for each word `[n]` whose accepted translation is among its `k` nearest, else 0, in float64.

        Raises UnscorableError when the pool holds no more than `k` words.
        """
        found = getattr(self, f"{'csls_' if by == 'csls' else ''}ranks_{side}")
        return ranked.hits(found, k)

    def reciprocal_ranks(self, side: Side) -> Column:
        """1 / rank of each word's first accepted translation `[n]`, float64."""
        return ranked.reciprocal(getattr(self, f"ranks_{side}"))

    @property
    def n(self) -> int:
        """Number of pairs, which is also the size of the retrieval pool."""
        return len(self.source)

    @cached_property
    def _products(self) -> Products:
        """What every space is read from: the one matrix product of a layer."""
        if self.centre is None:
            return Products(self.source, self.target)
        source = Means(self.centre.source_direction, self.centre.source_mean)
        target = Means(self.centre.target_direction, self.centre.target_mean)
        return Products(self.source, self.target, source, target)

    @cached_property
    def similarity(self) -> Tensor:
        """Cosine `[n, n]` of source i and target j, float64. Raises UnscorableError for a pool too large for a matrix of its pairs."""
        self._require_a_matrix()
        return self._products.cosine()

    @property
    def is_large(self) -> bool:
        """Whether the pool is too large for a matrix of its pairs: what needs one is not scored, all else is scored in blocks."""
        return self.n > large.MOST_AT_ONCE

    def _require_a_matrix(self) -> None:
        if self.is_large:
            raise UnscorableError(
                f"it needs the cosines of all pairs of {self.n:,} words at once, which are held for at most {large.MOST_AT_ONCE:,}; "
                "give a shorter list, or --limit"
            )

    def large_pool(self, space: Space) -> large.LargePool:
        """The same space in blocks of rows."""
        if space != "cosine" and self.centre is None:
            raise UnscorableError(_NO_CENTRE)
        if space not in self._large:
            products, tolerance = self._products, self.tolerance if space == "cosine" else TOLERANCE
            self._large[space] = large.LargePool(partial(products.block, space), self.gold, tolerance)
        return self._large[space]

    @property
    def tolerance(self) -> float:
        """Difference of two cosines below which they are a tie."""
        return self._products.tolerance

    @cached_property
    def source_unit(self) -> Tensor:
        """Source rows `[n, d]` of length 1, float32."""
        return unit_rows(self.source)

    @cached_property
    def target_unit(self) -> Tensor:
        """Target rows `[n, d]` of length 1, float32."""
        return unit_rows(self.target)

    @property
    def matched(self) -> Tensor:
        """Cosine `[n]` of each pair."""
        if self.is_large:
            return torch.from_numpy(self.large_pool("cosine").matched)
        return self.similarity.diagonal()

    @cached_property
    def mismatched_per_pair(self) -> Tensor:
        """Mean cosine `[n]` over the wrong entries of row i and of column i."""
        if self.is_large:
            return torch.from_numpy(self.large_pool("cosine").mismatched)
        return mismatched_per_pair(self.similarity, self.gold)

    @property
    def gap_per_pair(self) -> Tensor:
        """Matched minus mismatched cosine `[n]`."""
        return self.matched - self.mismatched_per_pair

    @cached_property
    def wrong(self) -> Tensor:
        """Cosines `[m]` of all wrong pairs, in row order."""
        return self.similarity.masked_select(~self.gold)

    @cached_property
    def ranks_forward(self) -> Tensor:
        """Rank `[n]` of each source's first accepted target; a tie with a wrong one is not a hit."""
        return torch.from_numpy(self.sides("cosine")[0].beaten + 1)

    @cached_property
    def ranks_backward(self) -> Tensor:
        """Rank `[n]` of each target's first accepted source; a tie with a wrong one is not a hit."""
        return torch.from_numpy(self.sides("cosine")[1].beaten + 1)

    @cached_property
    def nearest(self) -> tuple[Tensor, Tensor]:
        """The `neighbours` highest cosines of each source `[n, k]` and of each target `[k, n]`."""
        return retrieval.nearest_of(self.similarity, self.neighbours)

    @cached_property
    def csls(self) -> Tensor:
        """CSLS similarity `[n, n]`."""
        return retrieval.csls(self.similarity, nearest=self.nearest)

    @cached_property
    def _csls_sides(self) -> tuple[pool.Side, pool.Side]:
        return pool.both_sides(self.csls.cpu().numpy(), self.gold_array, tolerance=2 * self.tolerance)

    @cached_property
    def csls_ranks_forward(self) -> Tensor:
        """Ranks `[n]` as `ranks_forward`, by CSLS."""
        return torch.from_numpy(self._csls_sides[0].beaten + 1)

    @cached_property
    def csls_ranks_backward(self) -> Tensor:
        """Ranks `[n]` as `ranks_backward`, by CSLS."""
        return torch.from_numpy(self._csls_sides[1].beaten + 1)

    def ranked_in(self, space: Space) -> tuple[Matrix, float]:
        """Similarity `[n, n]` of the space, float64, and the difference below which two entries are a tie.

        Raises UnscorableError without a centre, for the spaces that need one.
        """
        if space == "cosine":
            return self.similarity.cpu().numpy(), self.tolerance
        if self.centre is None:
            raise UnscorableError(_NO_CENTRE)
        self._require_a_matrix()
        found = self._products.directions() if space == "directions" else self._centred
        return found.cpu().numpy(), TOLERANCE

    @cached_property
    def _centred(self) -> Tensor:
        self._require_a_matrix()
        return self._products.centred()

    def sides(self, space: Space) -> tuple[pool.Retrieval, pool.Retrieval]:
        """Retrieval in both directions in one space, with what changes when a concept leaves the pool."""
        if self.is_large:
            return self.large_pool(space).sides
        if space not in self._sides:
            similarity, tolerance = self.ranked_in(space)
            self._sides[space] = pool.both_sides(similarity, self.gold_array, tolerance=tolerance)
        return self._sides[space]

    @cached_property
    def gold_array(self) -> NDArray[np.bool_]:
        """`gold` in numpy."""
        return np.asarray(self.gold.cpu().numpy())

    @cached_property
    def similarity_centred(self) -> Tensor:
        """Cosine `[n, n]` after each language's held-out mean is removed, float64.

        Raises UnscorableError without a centre, or when a word lies exactly on the mean.
        """
        if self.centre is None:
            raise UnscorableError(_NO_CENTRE)
        means = (
            ("centred source", self.source, self.centre.source_mean),
            ("centred target", self.target, self.centre.target_mean),
        )
        for name, x, mean in means:
            if x.dtype == mean.dtype and bool((x == mean).all(dim=1).any()):
                require_scorable(x - mean, name=name)
        return self._centred

    @property
    def matched_centred(self) -> Tensor:
        """Centred cosine `[n]` of each pair."""
        return self.similarity_centred.diagonal()

    @cached_property
    def mismatched_centred_per_pair(self) -> Tensor:
        """As `mismatched_per_pair`, by centred cosine."""
        return mismatched_per_pair(self.similarity_centred, self.gold)


def _checked_gold(gold: Tensor | None, source: Tensor) -> Tensor:
    n = len(source)
    if gold is None:
        return torch.eye(n, dtype=torch.bool, device=source.device)
    if gold.dtype != torch.bool or gold.shape != (n, n):
        raise UnscorableError(f"gold must be bool [{n}, {n}], got {gold.dtype} {tuple(gold.shape)}")
    if not gold.diagonal().all():
        row = int((~gold.diagonal()).nonzero()[0])
        raise UnscorableError(f"gold[{row}, {row}] is false, but row {row} of both sides is the same concept")
    return gold.to(source.device)


def _checked_centre(centre: Centre | None, source: Tensor) -> Centre | None:
    if centre is None:
        return None
    for name, mean in zip(Centre._fields, centre, strict=True):
        if mean.shape != source.shape[1:]:
            raise UnscorableError(f"{name} has shape {tuple(mean.shape)}, but the vectors have width {source.shape[1]}")
        if not torch.isfinite(mean).all():
            raise UnscorableError(f"{name} holds NaN or infinity; fit the centre on finite vectors")
    return Centre(*(mean.to(source.device) for mean in centre))


class Positions(NamedTuple):
    """What position 0 does at one layer, for the `positions` of a view.

    first_norms: norm of position 0 of every word. other_norms: norms of all other positions, of all words together.
    with_first, without_first: cosine `[n]` of each pair's means over all positions and over all but the first, float64,
    NaN where a word has no other position.
    """

    first_norms: Tensor
    other_norms: Tensor
    with_first: Tensor
    without_first: Tensor
