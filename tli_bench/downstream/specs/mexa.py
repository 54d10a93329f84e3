"""MEXA of parallel sentences (Kargaran et al. 2024): does a translation lie nearer than every other sentence, layer by layer?"""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch

from tli_bench.downstream.datasets import named_in
from tli_bench.downstream.embedded import Item, Measured, Scores, cosines
from tli_bench.downstream.sentence_pairs import SentencePairs
from tli_bench.downstream.spec import Definition
from tli_bench.languages import pivot
from tli_bench.measures import retrieval
from tli_bench.models.identity import State

SENTENCES = 100
"""How many sentences MEXA compares; the share of hits falls as there are more."""
SUMMARIES = ("mexa_mean", "mexa_max")


class MEXA(SentencePairs):
    """MEXA at every layer over the first 100 pairs of FLORES, and its mean and maximum over embeddings and layers.

    A sentence is the mean of all its tokens, what the tokenizer adds included, weighted by position as in MEXA's own code where
    the model reads left to right, and plain where it sees both ways: there no position has seen more than another. No layer is
    chosen, so all pairs count everywhere. Options: `source`, `target` (codes), `hub` (a set of `tasks/bitext/hub.yaml`), `data_dir`.
    """

    TITLE = "sentence alignment (MEXA)"
    MEASURES: ClassVar[dict[str, bool]] = {"mexa": True}
    CHOICE = "mexa"
    PROTOCOLS = ("mexa", "tli-pilot")
    FIRST = SENTENCES

    @classmethod
    def tasks(cls) -> list[Definition]:
        """Each language of FLORES with the pivot."""
        main = pivot().code
        return [
            Definition(f"tli_mexa_{code}", {"source": code, "target": main, "hub": "flores"}, offline=False)
            for code in named_in("flores")
            if code != main
        ]

    def score_layer(self, items: Sequence[Item], state: State, layer: int) -> Scores:
        """The share of pairs nearer than every other pair of their row and column."""
        both = torch.stack([answers[0].at(state, layer) for _, answers in items])
        similarity = torch.from_numpy(cosines(both[:, 0], both[:, 1]))
        return {"mexa": retrieval.mexa(similarity, torch.eye(len(items), dtype=torch.bool), tolerance=1e-9)}

    def measure(self, pool: Sequence[Item]) -> Measured:
        """As for every task, with the summaries over layers in place of a headline at a chosen one."""
        found = super().measure(pool)
        headlines = {name: value for name, value in found.headlines.items() if _of_all(name)}
        # What `transformers` calls hidden states: the last block's output is among them after the final norm alone, not before it too.
        kept = [number for number, layer in enumerate(found.layers) if not layer.endswith("p")]
        by_layer = {state: np.array(curves["mexa"])[kept] for state, curves in found.curves.items()}
        for name in SUMMARIES:
            values = {state: float(x.mean() if name == "mexa_mean" else x.max()) for state, x in by_layer.items()}
            headlines[name] = values[next(reversed(values))]
            if len(values) > 1:
                headlines[f"{name}_base"] = values["base"]
                headlines[f"{name}_change"] = headlines[name] - values["base"]
        return Measured(found.layers, found.curves, found.best, headlines)

    def directions(self, layers: tuple[str, ...], states: tuple[State, ...]) -> dict[str, bool]:
        """As for every task, with the summaries."""
        suffixes = ("", *(("_base", "_change") if len(states) > 1 else ()))
        kept = {name: better for name, better in super().directions(layers, states).items() if _of_all(name)}
        return {**{name + suffix: True for name in SUMMARIES for suffix in suffixes}, **kept}


def _of_all(name: str) -> bool:
    """Whether a metric is over all sentence pairs and at no chosen layer."""
    return name not in ("best_layer", "mexa", "mexa_base", "mexa_change")
