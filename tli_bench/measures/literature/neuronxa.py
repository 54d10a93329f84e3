"""NeuronXA: whether a word and its translation excite the same feed-forward neurons (Huang et al. 2025, arXiv 2507.14900)."""

from typing import TYPE_CHECKING, Any

from tli_bench.measures import pool
from tli_bench.measures.measure import Direction, Measure

if TYPE_CHECKING:
    from tli_bench.measures.similarity import Cosines
    from tli_bench.measures.view import LayerView as View


def neuronxa(view: "View") -> Any:
    """1 for each pair `[n]` whose neuron states are closer than every wrong entry of their row and column, else 0.

    The paper's score on neuron activation states (NASCA): MEXA on vectors that say which neurons of a block's feed-forward part
    are active, averaged over positions t = 1 ... T with weights t / (1 + ... + T). A neuron is active where its activation
    function gives more than 0. Ours are the word's own tokens, not a sentence's, and one layer at a time, not the mean
    over layers. The variant on absolute activations (NAVCA) is not computed. We know the definition from summaries.

    Ties are not hits and accepted variants no rivals, as in `mexa`. Time O(n^2 m) for m neurons, memory O(n^2 + n m).
    Raises UnscorableError where the view has no neuron states, and for a word that excites none.
    """
    from tli_bench.measures.retrieval import mexa_hits

    similarity = _similarity(view)
    return mexa_hits(similarity.values, view.gold, tolerance=similarity.tolerance)


def neuronxa_pseudo(view: "View") -> Any:
    """Pseudo-values `[n]` of the mean of `neuronxa`: a concept that leaves is no rival of the others any more."""
    similarity = _similarity(view)
    return pool.mexa_pseudo(similarity.values.cpu().numpy(), view.gold.cpu().numpy(), tolerance=similarity.tolerance)


def _similarity(view: "View") -> "Cosines":
    from tli_bench.measures.similarity import cosine_matrix, require_scorable

    states = [x.float() for x in view.fact("neurons")]
    for name, x in zip(("neuron states of the source", "neuron states of the target"), states, strict=True):
        require_scorable(x, name=name)
    return cosine_matrix(*states)


MEASURES = (
    Measure(
        name="neuronxa", label="NeuronXA", definition="Share of pairs that excite the same neurons more than any wrong pair does.",
        direction=Direction.UP, low=0, high=1, needs=frozenset({"neurons"}), per_concept=neuronxa, pseudo=neuronxa_pseudo,
        places=frozenset(), share=True, optional=True,
    ),
)  # fmt: skip
