"""The measures that come with the benchmark, in the order in which tables show them. Importing this does not load torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from tli_bench.base.errors import UnscorableError
from tli_bench.measures import pool
from tli_bench.measures.centred import CENTRED, centred_measures, pseudo
from tli_bench.measures.literature import literature
from tli_bench.measures.measure import Direction, Measure, Place, standard_error
from tli_bench.measures.ranked import Side
from tli_bench.measures.roles import HEADLINE

if TYPE_CHECKING:
    from tli_bench.measures.view import LayerView as View

SIDES: tuple[tuple[Side, str, str], ...] = (
    ("forward", "→", "source to target"),
    ("backward", "←", "target to source"),
)
NOWHERE: frozenset[Place] = frozenset()
EVERYWHERE = frozenset(Place)
UP, DOWN, NEITHER = Direction.UP, Direction.DOWN, Direction.NEITHER


def _places(*places: Place) -> frozenset[Place]:
    return frozenset(places)


COSINE = Measure(
    name="cosine", label="cosine", definition="Raw cosine of translations; says little by itself.",
    direction=NEITHER, low=-1, high=1, per_concept=lambda view: view.matched, curve_name="cos",
    places=EVERYWHERE - {Place.SUMMARY, Place.COMPARED, Place.DEV},
)  # fmt: skip
MISMATCHED = Measure(
    name="mismatched", label="mismatched", short="wrong", definition="Cosine of wrong pairs: what raw cosine is worth.",
    direction=NEITHER, low=-1, high=1, per_concept=lambda view: view.mismatched_per_pair,
    pseudo=lambda view: _mismatched_pseudo(view), places=_places(Place.METRIC, Place.TABLE, Place.BOARD),
)  # fmt: skip
GAP = Measure(
    name="gap", label="gap", axis="matched − mismatched cosine",
    definition="Matched minus mismatched cosine: a constant vector changes it, so it describes and decides nothing.",
    direction=NEITHER, low=-2, high=2, per_concept=lambda view: view.gap_per_pair, pseudo=lambda view: _gap_pseudo(view),
    places=_places(Place.METRIC, Place.CURVE, Place.TABLE, Place.BOARD),
)  # fmt: skip


def built_in() -> Iterator[Measure]:
    """Every measure of the benchmark."""
    yield from centred_measures()
    yield from _cosines()
    yield from _retrieval()
    yield from _geometry()
    yield from _last_tokens()
    yield from _positions()
    yield from literature()


def _plain(name: str, label: str, definition: str, direction: Direction, **fields: Any) -> Measure:
    """A measure that is shown only in records and on request."""
    return Measure(
        name=name,
        label=label,
        definition=definition,
        direction=direction,
        **{"places": NOWHERE, "kept": False, **fields},
    )


def _cosines() -> Iterator[Measure]:
    yield COSINE
    yield MISMATCHED
    yield _plain(
        "mismatched_sd", "mismatched s.d.", "Standard deviation of the cosine of mismatched pairs.", NEITHER, low=0,
        high=2, whole=_mismatched_sd,
    )  # fmt: skip
    yield GAP
    yield _plain(
        "gap_se", "gap s.e.", "Standard error of the gap over the pairs.", NEITHER, low=0,
        per_concept=GAP.per_concept, aggregate=standard_error, column_of=GAP.name,
    )  # fmt: skip
    yield _plain("z", "z", "Gap over the standard deviation of mismatched cosines.", UP, whole=_z)
    yield _plain(
        "auc", "AUC", "Probability that a matched pair beats a mismatched one.", UP, low=0, high=1, per_concept=_auc
    )
    yield _plain(
        "cosine_centred", "cosine, centred", "Mean cosine of matched pairs after removing each language's held-out mean.",
        NEITHER, low=-1, high=1, needs=CENTRED, per_concept=lambda view: view.matched_centred,
    )  # fmt: skip
    yield _plain(
        "gap_centred", "gap, centred", "Matched minus mismatched cosine after removing each language's held-out mean.",
        NEITHER, low=-2, high=2, needs=CENTRED,
        per_concept=lambda view: view.matched_centred - view.mismatched_centred_per_pair,
    )  # fmt: skip


def _gap_pseudo(view: View) -> Any:
    return view.large_pool("cosine").gap_pseudo() if view.is_large else pool.gap_pseudo(*_raw(view))


def _mismatched_pseudo(view: View) -> Any:
    return view.large_pool("cosine").mismatched_pseudo() if view.is_large else pool.mismatched_pseudo(*_raw(view))


def _raw(view: View) -> Any:
    return view.ranked_in("cosine")[0], view.gold_array


def _mismatched_sd(view: View) -> float:
    if view.wrong.numel() < 2:
        raise UnscorableError("a standard deviation needs at least 2 mismatched pairs")
    return float(view.wrong.std())


def _z(view: View) -> float:
    spread = _mismatched_sd(view)
    if spread <= view.tolerance:
        raise UnscorableError("z is undefined: all mismatched pairs have the same cosine")
    return float(view.gap_per_pair.mean()) / spread


def _auc(view: View) -> Any:
    from tli_bench.measures.similarity import auc_per_pair

    return auc_per_pair(view.matched, view.wrong, tolerance=view.tolerance)


def _retrieval() -> Iterator[Measure]:
    yield from P1
    yield from _precision(5, _places(Place.METRIC))
    yield from _precision(10, NOWHERE)
    yield from MRR
    yield from _both_ways(
        _csls_hits, name="csls_p1", label="CSLS P@1", definition="P@1 by CSLS, which corrects for hubs",
        places=_places(Place.BOARD), share=True, pseudo=_csls_pseudo,
    )  # fmt: skip
    for side, arrow, _ in SIDES:
        found, by = ("target", "source") if side == "forward" else ("source", "target")
        yield _plain(
            f"hub_skew_{side}", f"hub skew {arrow}",
            f"Skewness of how often each {found} is among the nearest of a {by}.", DOWN,
            whole=partial(_hub_skew, side=side),
        )  # fmt: skip
    yield _plain(
        "mexa", "MEXA", "Share of pairs closer than every wrong pair in their row and column.", UP, low=0, high=1,
        per_concept=_mexa, pseudo=_mexa_pseudo, places=_places(Place.TABLE, Place.COMPARED, Place.BOARD), kept=True, share=True,
    )  # fmt: skip


def _both_ways(
    values: Callable[[View, Side], Any], *, name: str, label: str, definition: str, places: frozenset[Place], **fields: Any
) -> tuple[Measure, ...]:  # fmt: skip
    """The mean of `values(view, side)` over both directions, then each direction under its own name."""
    pseudo_of = fields.pop("pseudo", None)
    shared = {"direction": UP, "low": 0, "high": 1, **fields}

    def mean(view: View) -> Any:
        return (values(view, "forward") + values(view, "backward")) / 2

    both = Measure(
        name=name, label=label, definition=f"{definition}, mean of both directions.", per_concept=mean, places=places,
        pseudo=pseudo_of, **shared,
    )  # fmt: skip
    return both, *(
        _plain(
            f"{name}_{side}", f"{label} {arrow}", f"{definition}, {said}.", per_concept=partial(_one_way, values, side),
            **shared,
        )
        for side, arrow, said in SIDES
    )  # fmt: skip


def _one_way(values: Callable[[View, Side], Any], side: Side, view: View) -> Any:
    return values(view, side)


def _precision(k: int, places: frozenset[Place]) -> tuple[Measure, ...]:
    definition = f"Share of words whose translation is {'the nearest of all' if k == 1 else f'among the {k} nearest'}"
    return _both_ways(
        lambda view, side: view.hits(k, side), name=f"p{k}", label=f"P@{k}", definition=definition, places=places,
        pseudo=partial(pseudo, "cosine", pool.within(k)), share=True, digits=2,
    )  # fmt: skip


def _csls_hits(view: View, side: Side) -> Any:
    return view.hits(1, side, by="csls")


def _csls_pseudo(view: View) -> Any:
    return pool.csls_pseudo(*_raw(view), neighbours=view.neighbours, tolerance=2 * view.tolerance)


def _mexa_pseudo(view: View) -> Any:
    return pool.mexa_pseudo(*_raw(view), tolerance=view.tolerance)


def _hub_skew(view: View, *, side: Side) -> float:
    from tli_bench.measures.retrieval import hub_skew

    similarity = view.similarity.T if side == "backward" else view.similarity
    rows, columns = view.nearest
    nearest = columns.T if side == "backward" else rows
    return hub_skew(similarity, neighbours=view.neighbours, tolerance=view.tolerance, nearest=nearest)


def _mexa(view: View) -> Any:
    from tli_bench.measures.retrieval import mexa_hits

    return mexa_hits(view.similarity, view.gold, tolerance=view.tolerance)


P1 = _precision(1, EVERYWHERE)
MRR = _both_ways(
    lambda view, side: view.reciprocal_ranks(side), name="mrr", label="MRR",
    definition="Mean reciprocal rank of the translation", pseudo=partial(pseudo, "cosine", pool.reciprocal_rank),
    places=_places(Place.METRIC, Place.DEV), digits=2,
)  # fmt: skip


def _geometry() -> Iterator[Measure]:
    yield _plain("cka", "CKA", "Debiased linear CKA of the two languages' vectors.", UP, high=1, whole=_cka)
    yield _plain(
        "clipscore", "CLIPScore", "Mean of 2.5 * max(cos, 0) over matched pairs.", NEITHER, low=0, high=2.5,
        per_concept=_clipscore,
    )  # fmt: skip


def _cka(view: View) -> float:
    from tli_bench.measures.geometry import debiased_cka

    return debiased_cka(view.source, view.target)


def _clipscore(view: View) -> Any:
    from tli_bench.measures.similarity import clipscore_per_pair

    return clipscore_per_pair(view.matched)


def _last_tokens() -> Iterator[Measure]:
    """Measures of the vectors of last tokens, read in the same pass."""
    headline = next(measure for measure in centred_measures() if measure.name == HEADLINE)
    for measure in (headline, COSINE, MISMATCHED, GAP, P1[0], MRR[0]):
        yield replace(
            measure,
            name=f"{measure.name}_last",
            label=f"{measure.label}, last token",
            definition=f"{measure.definition.rstrip('.')}; of each word's last token alone.",
            needs=frozenset({"last"}),
            per_concept=partial(_of_last, measure),
            pseudo=None if measure.pseudo is None else partial(_pseudo_of_last, measure),
            places=NOWHERE,
            kept=False,
            axis="",
        )


def _of_last(measure: Measure, view: View) -> Any:
    return measure.column(view.fact("last"))


def _pseudo_of_last(measure: Measure, view: View) -> Any:
    return measure.pseudo_values(view.fact("last"))


def _positions() -> Iterator[Measure]:
    """What position 0 does: the measures of the attention sink."""
    needs = frozenset({"positions"})
    yield _plain(
        "sink_ratio", "sink ratio", "Norm of position 0 over the median norm of the other positions.", NEITHER, low=0,
        needs=needs, whole=_sink_ratio,
    )  # fmt: skip
    for name, label, said in (
        ("with_first", "cosine with position 0", "all positions"),
        ("without_first", "cosine without position 0", "all positions but the first"),
    ):
        yield _plain(
            f"cosine_{name}", label, f"Matched cosine of the means over {said}.", NEITHER, low=-1, high=1, needs=needs,
            per_concept=partial(_position_cosine, name), missing="have no vector without position 0",
        )  # fmt: skip


def _sink_ratio(view: View) -> float:
    from tli_bench.measures.geometry import sink_ratio

    positions = view.fact("positions")
    return sink_ratio(positions.first_norms, positions.other_norms)


def _position_cosine(field: str, view: View) -> Any:
    return getattr(view.fact("positions"), field)
