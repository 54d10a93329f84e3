"""The measures by name: one number for one layer, each a short function of a `LayerView`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from tli_bench.base.errors import InputError, UnknownNameError, UnscorableError
from tli_bench.measures import geometry, retrieval, similarity
from tli_bench.measures.view import LayerView

Function = Callable[[LayerView], float]


@dataclass(frozen=True, slots=True)
class Measure:
    """A named measure.

    higher_is_better: None for what is neither good nor bad by itself. needs: what the view must hold.
    """

    name: str
    function: Function
    higher_is_better: bool | None
    needs: Literal["centre"] | None

    @property
    def summary(self) -> str:
        """First line of the function's docstring."""
        return (self.function.__doc__ or "").strip().split("\n")[0]


@dataclass(frozen=True, slots=True)
class Measured:
    """Values by measure, None where a measure cannot be given, and for each None the reason."""

    values: dict[str, float | None]
    reasons: dict[str, str]


_MEASURES: dict[str, Measure] = {}


def register_measure(
    name: str, *, higher_is_better: bool | None, needs: Literal["centre"] | None = None
) -> Callable[[Function], Function]:
    """Register the decorated `LayerView -> float` function as `name`; InputError when the name is taken."""

    def register(function: Function) -> Function:
        if name in _MEASURES:
            raise InputError(f"a measure called {name!r} exists already; choose another name")
        _MEASURES[name] = Measure(name, function, higher_is_better, needs)
        return function

    return register


def get_measure(name: str) -> Measure:
    """The measure called `name`; raises UnknownNameError with suggestions."""
    try:
        return _MEASURES[name]
    except KeyError:
        raise UnknownNameError("measure", name, _MEASURES, hint="docs/measures.md describes them") from None


def list_measures() -> list[Measure]:
    """All measures, in the order in which tables show them."""
    return list(_MEASURES.values())


def compute(view: LayerView, names: Iterable[str] | None = None) -> Measured:
    """Compute the measures called `names` (default: all); one that cannot be scored is None, with its reason."""
    chosen = list_measures() if names is None else [get_measure(name) for name in names]
    values: dict[str, float | None] = {}
    reasons: dict[str, str] = {}
    for measure in chosen:
        try:
            if measure.needs == "centre" and view.centre is None:
                raise UnscorableError("needs a centre fitted on held-out words, and none was given")
            values[measure.name] = measure.function(view)
        except UnscorableError as err:
            values[measure.name] = None
            reasons[measure.name] = str(err)
    return Measured(values, reasons)


@register_measure("cosine", higher_is_better=None)
def _cosine(view: LayerView) -> float:
    """Mean cosine of matched pairs."""
    return float(view.matched.mean())


@register_measure("mismatched", higher_is_better=None)
def _mismatched(view: LayerView) -> float:
    """Mean cosine of mismatched pairs."""
    return float(view.mismatched_per_pair.mean())


@register_measure("mismatched_sd", higher_is_better=None)
def _mismatched_sd(view: LayerView) -> float:
    """Standard deviation of the cosine of mismatched pairs."""
    if view.wrong.numel() < 2:
        raise UnscorableError("a standard deviation needs at least 2 mismatched pairs")
    return float(view.wrong.std())


@register_measure("gap", higher_is_better=True)
def _gap(view: LayerView) -> float:
    """Matched minus mismatched cosine."""
    return float(view.gap_per_pair.mean())


@register_measure("gap_se", higher_is_better=None)
def _gap_se(view: LayerView) -> float:
    """Standard error of the gap over the pairs."""
    values = view.gap_per_pair
    if values.numel() < 2:
        raise UnscorableError("a standard error needs at least 2 pairs")
    return float(values.std() / values.numel() ** 0.5)


@register_measure("z", higher_is_better=True)
def _z(view: LayerView) -> float:
    """Gap over the standard deviation of mismatched cosines."""
    spread = _mismatched_sd(view)
    if spread <= view.tolerance:
        raise UnscorableError("z is undefined: all mismatched pairs have the same cosine")
    return _gap(view) / spread


@register_measure("auc", higher_is_better=True)
def _auc(view: LayerView) -> float:
    """Probability that a matched pair beats a mismatched one."""
    return similarity.auc(view.matched, view.wrong, tolerance=view.tolerance)


@register_measure("cosine_centred", higher_is_better=None, needs="centre")
def _cosine_centred(view: LayerView) -> float:
    """Mean cosine of matched pairs after removing each language's held-out mean."""
    return float(view.matched_centred.mean())


@register_measure("gap_centred", higher_is_better=True, needs="centre")
def _gap_centred(view: LayerView) -> float:
    """Matched minus mismatched cosine after removing each language's held-out mean."""
    return float((view.matched_centred - view.mismatched_centred_per_pair).mean())


def _register_both_ways(
    name: str, forward: Function, backward: Function, *, summary: str, higher_is_better: bool | None
) -> None:
    """Register `name_forward`, `name_backward` and, under `name`, the mean of both."""

    def mean(view: LayerView) -> float:
        return (forward(view) + backward(view)) / 2

    for key, function, direction in (
        (name, mean, "mean of both directions"),
        (f"{name}_forward", forward, "source to target"),
        (f"{name}_backward", backward, "target to source"),
    ):
        function.__doc__ = f"{summary}, {direction}."
        register_measure(key, higher_is_better=higher_is_better)(function)


def _register_precision(k: int) -> None:
    _register_both_ways(
        f"p{k}",
        lambda view: retrieval.precision_at(view.ranks_forward, k),
        lambda view: retrieval.precision_at(view.ranks_backward, k),
        summary=f"Share of words whose translation is among the {k} nearest",
        higher_is_better=True,
    )


for _k in (1, 5, 10):
    _register_precision(_k)

_register_both_ways(
    "mrr",
    lambda view: retrieval.mean_reciprocal_rank(view.ranks_forward),
    lambda view: retrieval.mean_reciprocal_rank(view.ranks_backward),
    summary="Mean reciprocal rank of the translation",
    higher_is_better=True,
)
_register_both_ways(
    "csls_p1",
    lambda view: retrieval.precision_at(view.csls_ranks_forward, 1),
    lambda view: retrieval.precision_at(view.csls_ranks_backward, 1),
    summary="P@1 by CSLS, which corrects for hubs",
    higher_is_better=True,
)


@register_measure("hub_skew_forward", higher_is_better=False)
def _hub_skew_forward(view: LayerView) -> float:
    """Skewness of how often each target is among the nearest of a source."""
    return retrieval.hub_skew(view.similarity, neighbours=view.neighbours, tolerance=view.tolerance)


@register_measure("hub_skew_backward", higher_is_better=False)
def _hub_skew_backward(view: LayerView) -> float:
    """Skewness of how often each source is among the nearest of a target."""
    return retrieval.hub_skew(view.similarity.T, neighbours=view.neighbours, tolerance=view.tolerance)


@register_measure("mexa", higher_is_better=True)
def _mexa(view: LayerView) -> float:
    """Share of pairs strictly above all others of their row and column."""
    return retrieval.mexa(view.similarity, view.gold, tolerance=view.tolerance)


@register_measure("cka", higher_is_better=True)
def _cka(view: LayerView) -> float:
    """Debiased linear CKA of the two languages' vectors."""
    return geometry.debiased_cka(view.source, view.target)


@register_measure("clipscore", higher_is_better=None)
def _clipscore(view: LayerView) -> float:
    """Mean of 2.5 * max(cos, 0) over matched pairs."""
    return similarity.clipscore(view.matched)
