"""Every aggregate of a record that its per-pair values determine, computed again and held against what it says."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from statistics import stdev

from tli_bench.base.errors import UnscorableError
from tli_bench.lexicon.pairs import Split
from tli_bench.records.schema import Comparison, PairValues, RunRecord
from tli_bench.stats import paired

# Curves are averages of float32 cosines; per-pair values are written with all their digits.
TOLERANCE = 2e-5
Rows = dict[tuple[Split, str, str], list[PairValues]]


def recompute(record: RunRecord) -> Iterator[str]:
    """One line for each figure that does not follow from the record's own per-pair values."""
    rows: Rows = defaultdict(list)
    for value in record.values:
        rows[value.split, value.state, value.layer].append(value)
    yield from _coverage(record, rows)
    for (split, state, layer), values in rows.items():
        where = f"{split.value}/{state}/layer {layer}"
        if layer not in record.signature.layers:
            yield f"{where}: the layer is not among the signature's layers"
            continue
        yield from (f"{where}: {problem}" for problem in _ranges(values, record.signature.n.get(split.value, 0)))
        curves = record.curves.get(split, {}).get(state, {})
        depth = record.signature.layers.index(layer)
        for name, measure in AGGREGATES.items():
            stated, found = _at(curves.get(name), depth), measure(values)
            if stated is not None and (found is None or not math.isclose(stated, found, abs_tol=TOLERANCE)):
                shown = "nothing" if found is None else f"{found:.6f}"
                yield f"{where}: {name} is given as {stated:.6f}, its {len(values)} pairs give {shown}"
    yield from _best_layers(record)
    for comparison in record.comparisons:
        yield from _comparison(record, comparison, rows)


def quantity(value: PairValues, name: str) -> float | None:
    """What one pair contributes to `cosine`, `mismatched`, `gap` or `p1` (mean of both directions); None if unscored."""
    match name:
        case "cosine":
            return value.cosine
        case "mismatched":
            return value.mismatched
        case "gap":
            return None if value.mismatched is None else value.cosine - value.mismatched
        case "p1":
            if value.rank_forward is None or value.rank_backward is None:
                return None
            return ((value.rank_forward == 1) + (value.rank_backward == 1)) / 2
    raise UnscorableError(f"no per-pair values of {name!r}; known: cosine, mismatched, gap, p1")


def _mean(values: Sequence[float | None]) -> float | None:
    scored = [value for value in values if value is not None]
    return math.fsum(scored) / len(scored) if scored and len(scored) == len(values) else None


def _standard_error(values: Sequence[float | None]) -> float | None:
    scored = [value for value in values if value is not None]
    if len(scored) < 2 or len(scored) != len(values):
        return None
    return stdev(scored) / len(scored) ** 0.5


def _precision(k: int) -> Callable[[list[PairValues]], float | None]:
    def measure(values: list[PairValues]) -> float | None:
        ranks = [rank for v in values for rank in (v.rank_forward, v.rank_backward)]
        return _mean([None if rank is None else float(rank <= k) for rank in ranks])

    return measure


def _mrr(values: list[PairValues]) -> float | None:
    ranks = [rank for v in values for rank in (v.rank_forward, v.rank_backward)]
    return _mean([None if rank is None or rank < 1 else 1 / rank for rank in ranks])


AGGREGATES: dict[str, Callable[[list[PairValues]], float | None]] = {
    "cosine": lambda values: _mean([v.cosine for v in values]),
    "mismatched": lambda values: _mean([v.mismatched for v in values]),
    "gap": lambda values: _mean([quantity(v, "gap") for v in values]),
    "gap_se": lambda values: _standard_error([quantity(v, "gap") for v in values]),
    "p1": _precision(1),
    "p5": _precision(5),
    "p10": _precision(10),
    "mrr": _mrr,
}


def _coverage(record: RunRecord, rows: Rows) -> Iterator[str]:
    shown = dict.fromkeys([*record.best_layer.values(), record.signature.layers[-1]])
    for split, states in record.curves.items():
        for state in states:
            for layer in shown:
                depth = record.signature.layers.index(layer)
                if _at(states[state].get("gap"), depth) is None:
                    continue
                found = rows.get((split, state, layer), [])
                expected = record.signature.n.get(split.value, 0)
                if len(found) != expected:
                    yield f"{split.value}/{state}/layer {layer}: {len(found)} pair values, n says {expected}"
                if len({v.concept for v in found}) != len(found):
                    yield f"{split.value}/{state}/layer {layer}: a concept occurs twice"


def _ranges(values: list[PairValues], n: int) -> Iterator[str]:
    for value in values:
        cosines = [value.cosine, value.cosine if value.mismatched is None else value.mismatched]
        if any(abs(cosine) > 1 + 1e-5 for cosine in cosines):
            yield f"{value.concept[:60]!r} has a cosine outside [-1, 1]"
        for rank in (value.rank_forward, value.rank_backward):
            if rank is not None and not 1 <= rank <= max(n, 1):
                yield f"{value.concept[:60]!r} has rank {rank} in a pool of {n}"


def _best_layers(record: RunRecord) -> Iterator[str]:
    layers = record.signature.layers
    for state, stated in record.best_layer.items():
        curve = record.curves.get(Split.DEV, {}).get(state, {}).get("mrr", [])
        scored = [(value, -depth) for depth, value in enumerate(curve) if value is not None]
        expected = layers[-max(scored)[1]] if scored else layers[-1]
        if stated != expected:
            yield f"best layer of {state} is given as {stated}, the dev split gives {expected}"


def _comparison(record: RunRecord, item: Comparison, rows: Rows) -> Iterator[str]:
    where = f"comparison {item.split.value}/layer {item.layer}/{item.quantity[:40]}"
    before = {v.concept: v for v in rows.get((item.split, "base", item.layer), [])}
    after = {v.concept: v for v in rows.get((item.split, "adapted", item.layer), [])}
    if not before or before.keys() != after.keys():
        yield f"{where}: the pair values of base and adapted are not of the same words"
        return
    try:
        x = [quantity(before[concept], item.quantity) for concept in before]
        y = [quantity(after[concept], item.quantity) for concept in before]
        found = paired(
            [math.nan if v is None else v for v in x],
            [math.nan if v is None else v for v in y],
            seed=record.signature.seed,
        )
    except UnscorableError as err:
        yield f"{where}: {err}"
        return
    stated = {
        "n": (item.n, found.n),
        "before": (item.before, found.mean_before),
        "after": (item.after, found.mean_after),
        "difference": (item.difference, found.difference),
        "t": (item.t, found.t),
        "d_z": (item.d_z, found.d_z),
        "p": (item.p, found.p),
    }
    for name, (given, computed) in stated.items():
        if given is not None and (
            computed is None or not math.isclose(given, computed, rel_tol=1e-2, abs_tol=TOLERANCE)
        ):
            yield f"{where}: {name} is given as {given:.6g}, the pair values give {'nothing' if computed is None else f'{computed:.6g}'}"
    # Bootstrap bounds hang on the number of draws, which records do not state: they agree to a part of their width.
    slack = 0.15 * (found.ci.high - found.ci.low) + TOLERANCE
    if item.ci and max(abs(item.ci[0] - found.ci.low), abs(item.ci[1] - found.ci.high)) > slack:
        yield f"{where}: ci is given as {_span(item.ci)}, the pair values give {_span(found.ci)}"


def _span(ci: tuple[float, float]) -> str:
    return f"[{ci[0]:.4f}, {ci[1]:.4f}]"


def _at(curve: list[float | None] | None, depth: int) -> float | None:
    return curve[depth] if curve else None
