"""The measures that come with the benchmark, in the order in which tables show them. No torch is loaded by reading this."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tli_bench.base.errors import UnscorableError
from tli_bench.measures.measure import Direction, Measure, Place, standard_error

if TYPE_CHECKING:
    from tli_bench.measures.view import LayerView as View

NOWHERE: frozenset[Place] = frozenset()


def _places(*places: Place) -> frozenset[Place]:
    return frozenset(places)


COSINE = Measure(
    name="cosine", label="cosine", definition="Mean cosine of matched pairs; says little by itself.",
    direction=Direction.NEITHER, low=-1, high=1, per_concept=lambda view: view.matched, curve_name="cos",
    places=_places(Place.METRIC, Place.CURVE, Place.TABLE, Place.COMPARED, Place.BOARD, Place.DEV),
)  # fmt: skip
MISMATCHED = Measure(
    name="mismatched", label="mismatched", definition="Mean cosine of mismatched pairs: what a raw cosine is worth.",
    direction=Direction.NEITHER, low=-1, high=1, per_concept=lambda view: view.mismatched_per_pair,
    places=_places(Place.METRIC, Place.TABLE, Place.COMPARED, Place.BOARD, Place.DEV),
)  # fmt: skip
GAP = Measure(
    name="gap", label="gap", definition="Matched minus mismatched cosine.", direction=Direction.UP, low=-2, high=2,
    per_concept=lambda view: view.gap_per_pair,
    places=_places(
        Place.METRIC, Place.CURVE, Place.TABLE, Place.SUMMARY, Place.COMPARED, Place.BOARD, Place.DEV
    ),
)  # fmt: skip


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


def _clipscore(view: View) -> Any:
    from tli_bench.measures.similarity import clipscore_per_pair

    return clipscore_per_pair(view.matched)


def _cka(view: View) -> float:
    from tli_bench.measures.geometry import debiased_cka

    return debiased_cka(view.source, view.target)


def _hub_skew(view: View, *, backward: bool) -> float:
    from tli_bench.measures.retrieval import hub_skew

    similarity = view.similarity.T if backward else view.similarity
    return hub_skew(similarity, neighbours=view.neighbours, tolerance=view.tolerance)


def _mexa(view: View) -> Any:
    from tli_bench.measures.retrieval import mexa_hits

    return mexa_hits(view.similarity, view.gold, tolerance=view.tolerance)


def _sink_ratio(view: View) -> float:
    from tli_bench.measures.geometry import sink_ratio

    positions = view.fact("positions")
    return sink_ratio(positions.first_norms, positions.other_norms)


Pick = Callable[["View", Any], Any]
"""Value per concept in one direction, `forward` or `backward`."""


def _both_ways(measure: Measure, pick: Pick) -> Iterator[Measure]:
    """`measure` as the mean of both directions, then each direction under its own name."""

    def mean(view: View) -> Any:
        return (pick(view, "forward") + pick(view, "backward")) / 2

    def one(side: str) -> Callable[[View], Any]:
        return lambda view: pick(view, side)

    yield replace(measure, definition=f"{measure.definition}, mean of both directions.", per_concept=mean)
    for side, arrow, said in (("forward", "→", "source to target"), ("backward", "←", "target to source")):
        yield replace(
            measure,
            name=f"{measure.name}_{side}",
            label=f"{measure.label} {arrow}",
            definition=f"{measure.definition}, {said}.",
            per_concept=one(side),
            places=NOWHERE,
            kept=False,
        )


def _precision(k: int, places: frozenset[Place]) -> Iterator[Measure]:
    measure = Measure(
        name=f"p{k}", label=f"P@{k}", definition=f"Share of words whose translation is among the {k} nearest",
        direction=Direction.UP, low=0, high=1, per_concept=lambda view: view, places=places, share=True, digits=2,
    )  # fmt: skip
    return _both_ways(measure, lambda view, side: view.hits(k, side))


def _retrieval() -> Iterator[Measure]:
    shown = _places(Place.METRIC, Place.CURVE, Place.TABLE, Place.SUMMARY, Place.COMPARED, Place.BOARD, Place.DEV)
    yield from _precision(1, shown)
    yield from _precision(5, _places(Place.METRIC))
    yield from _precision(10, NOWHERE)
    mrr = Measure(
        name="mrr", label="MRR", definition="Mean reciprocal rank of the translation", direction=Direction.UP, low=0,
        high=1, per_concept=lambda view: view, places=_places(Place.METRIC, Place.TABLE, Place.DEV), digits=2,
    )  # fmt: skip
    yield from _both_ways(mrr, lambda view, side: view.reciprocal_ranks(side))
    csls = Measure(
        name="csls_p1", label="CSLS P@1", definition="P@1 by CSLS, which corrects for hubs", direction=Direction.UP,
        low=0, high=1, per_concept=lambda view: view, places=_places(Place.BOARD), share=True,
    )  # fmt: skip
    yield from _both_ways(csls, lambda view, side: view.hits(1, side, by="csls"))


def _plain(name: str, label: str, definition: str, direction: Direction, **fields: Any) -> Measure:
    """A measure that is in records and on request only."""
    return Measure(
        name=name,
        label=label,
        definition=definition,
        direction=direction,
        **{"places": NOWHERE, "kept": False, **fields},
    )


def _last(measure: Measure) -> Measure:
    """The same measure of the vectors of last tokens, read in the same pass."""
    return replace(
        measure,
        name=f"{measure.name}_last",
        label=f"{measure.label}, last token",
        definition=f"{measure.definition.rstrip('.')}; of each word's last token alone.",
        needs=frozenset({"last"}),
        per_concept=lambda view: measure.column(view.fact("last")),
        places=NOWHERE,
        kept=False,
    )


def _position(name: str, label: str, definition: str, column: str) -> Measure:
    return _plain(
        name, label, definition, Direction.NEITHER, low=-1, high=1, needs=frozenset({"positions"}),
        per_concept=lambda view: getattr(view.fact("positions"), column), missing="have no vector without position 0",
    )  # fmt: skip


def built_in() -> Iterator[Measure]:
    """Every measure of the benchmark."""
    up, neither = Direction.UP, Direction.NEITHER
    yield COSINE
    yield MISMATCHED
    yield _plain(
        "mismatched_sd", "mismatched s.d.", "Standard deviation of the cosine of mismatched pairs.", neither, low=0,
        high=2, whole=_mismatched_sd,
    )  # fmt: skip
    yield GAP
    yield _plain(
        "gap_se", "gap s.e.", "Standard error of the gap over the pairs.", neither, low=0,
        per_concept=GAP.per_concept, aggregate=standard_error, column_of="gap",
    )  # fmt: skip
    yield _plain("z", "z", "Gap over the standard deviation of mismatched cosines.", up, whole=_z)
    yield _plain(
        "auc", "AUC", "Probability that a matched pair beats a mismatched one.", up, low=0, high=1, per_concept=_auc
    )
    centred = frozenset({"vectors", "centre"})
    yield _plain(
        "cosine_centred", "cosine, centred", "Mean cosine of matched pairs after removing each language's held-out mean.",
        neither, low=-1, high=1, needs=centred, per_concept=lambda view: view.matched_centred,
    )  # fmt: skip
    yield _plain(
        "gap_centred", "gap, centred", "Matched minus mismatched cosine after removing each language's held-out mean.",
        up, low=-2, high=2, needs=centred,
        per_concept=lambda view: view.matched_centred - view.mismatched_centred_per_pair,
    )  # fmt: skip
    retrieval = list(_retrieval())
    yield from retrieval
    for side, arrow, said in (
        ("forward", "→", "each target is among the nearest of a source"),
        ("backward", "←", "each source is among the nearest of a target"),
    ):
        yield _plain(
            f"hub_skew_{side}", f"hub skew {arrow}", f"Skewness of how often {said}.", Direction.DOWN,
            whole=lambda view, side=side: _hub_skew(view, backward=side == "backward"),
        )  # fmt: skip
    yield _plain(
        "mexa", "MEXA", "Share of pairs strictly above all others of their row and column.", up, low=0, high=1,
        per_concept=_mexa, places=_places(Place.BOARD), kept=True, share=True,
    )  # fmt: skip
    yield _plain("cka", "CKA", "Debiased linear CKA of the two languages' vectors.", up, high=1, whole=_cka)
    yield _plain(
        "clipscore", "CLIPScore", "Mean of 2.5 * max(cos, 0) over matched pairs.", neither, low=0, high=2.5,
        per_concept=_clipscore,
    )  # fmt: skip
    by_name = {measure.name: measure for measure in retrieval}
    for measure in (COSINE, MISMATCHED, GAP, by_name["p1"], by_name["mrr"]):
        yield _last(measure)
    yield _plain(
        "sink_ratio", "sink ratio", "Norm of position 0 over the median norm of the other positions.", neither, low=0,
        needs=frozenset({"positions"}), whole=_sink_ratio,
    )  # fmt: skip
    yield _position(
        "cosine_with_first", "cosine with position 0", "Matched cosine of the means over all positions.", "with_first"
    )
    yield _position(
        "cosine_without_first", "cosine without position 0", "Matched cosine of the means over all positions but the first.",
        "without_first",
    )  # fmt: skip
