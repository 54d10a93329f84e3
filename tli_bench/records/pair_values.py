"""Schema 1, which kept the cosines and ranks of each pair at each shown layer; schema 2 has a column for each measure."""

from collections import defaultdict
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from pydantic import Field

from tli_bench.base.errors import ResultError, UnscorableError
from tli_bench.base.frozen import Frozen
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.ranked import FROM_RANKS, RankedWords
from tli_bench.measures.registry import get_measure
from tli_bench.models.identity import State
from tli_bench.records.columns import kept

if TYPE_CHECKING:
    from tli_bench.measures.view import LayerView


class PairValues(Frozen):
    """What one pair contributed at one layer.

    cosine: of the matched pair; mismatched: mean cosine of its source with every wrong target and of its target with
    every wrong source; rank_forward, rank_backward: rank of the first accepted translation, 1 is a hit.
    """

    concept: str
    split: Split
    source: str
    target: str
    layer: str
    state: State
    cosine: float
    mismatched: float | None
    rank_forward: int | None = Field(ge=1)
    rank_backward: int | None = Field(ge=1)


class _Values(Frozen):
    values: list[PairValues]


def with_columns(data: dict[str, Any]) -> dict[str, Any]:
    """Data of schema 1 converted to schema 2: each pair's values become columns. Raises ValidationError or ResultError."""
    parts: dict[tuple[Split, State, str], list[PairValues]] = defaultdict(list)
    for value in _Values(values=data.pop("values", [])).values:
        parts[value.split, value.state, value.layer].append(value)
    words: dict[Split, list[tuple[str, str, str]]] = {}
    columns: dict[Split, Any] = {}
    for (split, state, layer), values in parts.items():
        own = [(value.concept, value.source, value.target) for value in values]
        if words.setdefault(split, own) != own:
            raise ResultError(f"values of {split.value}/{state}/layer {layer} are not of the same words as the others")
        columns.setdefault(split, {}).setdefault(state, {})[layer] = _columns(values)
    named = {
        split: dict(zip(("concepts", "sources", "targets"), zip(*own, strict=True), strict=True))
        for split, own in words.items()
    }
    return data | {"words": named, "columns": columns}


def _columns(values: list[PairValues]) -> dict[str, Any]:
    view = RankedWords(
        matched=_floats([v.cosine for v in values]),
        mismatched_per_pair=_floats([v.mismatched for v in values]),
        ranks_forward=_floats([v.rank_forward for v in values]),
        ranks_backward=_floats([v.rank_backward for v in values]),
    )
    found = {}
    for name in FROM_RANKS:
        try:
            found[name] = kept(get_measure(name).column(cast("LayerView", view)))
        except UnscorableError:
            continue  # P@k over a pool of k words or fewer: the curve is unscored there too
    return found


def _floats(values: list[Any]) -> Any:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
