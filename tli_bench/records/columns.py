"""What a record holds for each word: the words of a split once, and one column of values for each measure."""

from collections.abc import Iterator
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from tli_bench.base.frozen import Frozen

Floats = NDArray[np.float64]
Curve = list[float | None]

MAX_COLUMN = 20_000
"""Up to this many words per split, a record keeps every value; beyond that only sums, so that its size stays bounded."""


class Words(Frozen):
    """The scored word pairs of one split; entry i of all three is concept i, and value i of every column."""

    concepts: tuple[str, ...]
    sources: tuple[str, ...]
    targets: tuple[str, ...]

    @model_validator(mode="after")
    def _parallel(self) -> "Words":
        if not len(self.concepts) == len(self.sources) == len(self.targets):
            raise ValueError(
                f"{len(self.concepts)} concepts, {len(self.sources)} sources and {len(self.targets)} targets: "
                "there must be as many of each"
            )
        return self

    def __len__(self) -> int:
        return len(self.concepts)

    def triples(self) -> Iterator[tuple[str, str, str]]:
        """Concept, source and target of each pair."""
        return zip(self.concepts, self.sources, self.targets, strict=True)


class Sums(Frozen):
    """What is kept of a column that is too large: how many words have a value, the sum of the values and of their squares.

    missing: words without a value.
    """

    n: int = Field(ge=0)
    missing: int = Field(default=0, ge=0)
    total: float
    squares: float

    @property
    def mean(self) -> float | None:
        """Mean over the words that have a value; None where none has."""
        return self.total / self.n if self.n else None

    @property
    def standard_error(self) -> float | None:
        """Standard error of the mean; None for fewer than two words."""
        if self.n < 2:
            return None
        spread = max(0.0, self.squares - self.total * self.total / self.n)
        return float((spread / (self.n - 1) / self.n) ** 0.5)


Kept = Annotated[list[float | None] | Sums, Field(union_mode="left_to_right")]
"""A column as records hold it: its values, or their sums."""


def kept(column: Floats, *, digits: int | None = None) -> Kept:
    """`column` `[n]` as a record holds it: NaN becomes None, and more than `MAX_COLUMN` values become their sums.

    digits: decimal places to which values are rounded; None for all of them.
    """
    if len(column) <= MAX_COLUMN:
        values = column if digits is None else column.round(digits)
        return [None if value != value else value for value in values.tolist()]
    return sums(column)


def sums(column: Floats) -> Sums:
    """What is kept of `column` `[n]` where not every value is."""
    scored = column[~np.isnan(column)]
    return Sums(
        n=len(scored),
        missing=len(column) - len(scored),
        total=float(scored.sum()),
        squares=float((scored * scored).sum()),
    )


def read(held: Kept) -> Floats | None:
    """The values `[n]` of a column, NaN where a word has none; None where only sums were kept."""
    if isinstance(held, Sums):
        return None
    return np.array(held, dtype=np.float64)
