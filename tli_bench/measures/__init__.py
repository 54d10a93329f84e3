"""Measures of lexical alignment: pure functions of two languages' vectors, or of their words, and nothing else.

Names load on first use, so that the string measures (`confounds`, `distance`) never load torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

# Part of every score's signature: raise it whenever a measure changes its value on the same vectors.
MEASURES_VERSION = "2"

if TYPE_CHECKING:
    from tli_bench.measures.confounds import edit_baseline as edit_baseline
    from tli_bench.measures.confounds import edit_similarity as edit_similarity
    from tli_bench.measures.confounds import letter_baseline as letter_baseline
    from tli_bench.measures.confounds import low_overlap as low_overlap
    from tli_bench.measures.confounds import strata as strata
    from tli_bench.measures.confounds import tokens_per_word_bins as tokens_per_word_bins
    from tli_bench.measures.distance import lexical_distance as lexical_distance
    from tli_bench.measures.geometry import Centre as Centre
    from tli_bench.measures.geometry import centre as centre
    from tli_bench.measures.geometry import cka_permutation_p as cka_permutation_p
    from tli_bench.measures.geometry import sink_ratio as sink_ratio
    from tli_bench.measures.measure import Direction as Direction
    from tli_bench.measures.measure import Measure as Measure
    from tli_bench.measures.measure import Place as Place
    from tli_bench.measures.registry import Measured as Measured
    from tli_bench.measures.registry import compute as compute
    from tli_bench.measures.registry import get_measure as get_measure
    from tli_bench.measures.registry import list_measures as list_measures
    from tli_bench.measures.registry import register_measure as register_measure
    from tli_bench.measures.view import LayerView as LayerView
    from tli_bench.measures.view import Positions as Positions

_ROOMS = {
    "confounds": (
        "edit_baseline",
        "edit_similarity",
        "letter_baseline",
        "low_overlap",
        "strata",
        "tokens_per_word_bins",
    ),
    "distance": ("lexical_distance",),
    "geometry": ("Centre", "centre", "cka_permutation_p", "sink_ratio"),
    "measure": ("Direction", "Measure", "Place"),
    "registry": ("Measured", "compute", "get_measure", "list_measures", "register_measure"),
    "view": ("LayerView", "Positions"),
}
_FACADE = {name: f"tli_bench.measures.{room}" for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a facade name on first use (PEP 562)."""
    if name in _FACADE:
        return getattr(import_module(_FACADE[name]), name)
    raise AttributeError(f"module 'tli_bench.measures' has no attribute {name!r}")
