"""Parallel-sentence retrieval: row i of both languages' files is the same sentence."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch

from tli_bench.base.errors import UnscorableError
from tli_bench.downstream.embedded import Item, Scores, cosines
from tli_bench.downstream.parallel import parallel_sets
from tli_bench.downstream.scorers.ranking import Floats, margin_error, rank_scores, xsim
from tli_bench.downstream.sentence_pairs import SentencePairs
from tli_bench.downstream.spec import Definition
from tli_bench.languages import DEFAULT_PAIRS
from tli_bench.measures import retrieval
from tli_bench.models.identity import State

BY_MARGIN = {
    "xsim": (xsim, False), "xsim_backward": (xsim, True), "margin_error_forward": (margin_error, False),
    "margin_error_backward": (margin_error, True),
}  # fmt: skip
"""Error rates, each with whether it is from target to source."""


class Bitext(SentencePairs):
    """Retrieval by cosine in the style of Tatoeba, FLORES or NTREX; the pool is the set's distinct sentences.

    Options: `source`, `target` (codes); `hub`, a set of `tasks/bitext/hub.yaml`, read from the Hub; `data_dir`, a folder
    with `<code>.txt`, FLORES' `<code>.devtest` or `<code>.dev`, or NTREX' `newstest2019-ref.<iso>.txt`, read in its place.
    With neither, it is the project's own sample of 102 sentences.
    """

    TITLE = "parallel sentences"
    MEASURES: ClassVar[dict[str, bool]] = {
        "p1": True, "mrr": True, "p1_forward": True, "p1_backward": True, "mexa": True, **dict.fromkeys(BY_MARGIN, False),
    }  # fmt: skip

    @classmethod
    def tasks(cls) -> list[Definition]:
        """For each default pair, one task on the project's sample and one per set of the Hub that has the pair."""
        found = []
        for pair in DEFAULT_PAIRS:
            source, target = pair.split("-")
            sides = {"source": source, "target": target}
            found.append(Definition(f"tli_bitext_{pair}", sides, suite=(source, target)))
            for name, known in parallel_sets().items():
                if known.has(source, target):
                    group = f"tli_bitext_{name}"
                    found.append(Definition(f"{group}_{pair}", {**sides, "hub": name}, offline=False, group=group))
        return found

    def score_layer(self, items: Sequence[Item], state: State, layer: int) -> Scores:
        """Both directions of one layer; equal sentences of the set accept each other's translations."""
        both = torch.stack([answers[0].at(state, layer) for _, answers in items])
        similarity = cosines(both[:, 0], both[:, 1])
        texts = [np.array([doc[side] for doc, _ in items]) for side in ("source", "target")]
        gold = (texts[0][:, None] == texts[0][None, :]) | (texts[1][:, None] == texts[1][None, :])
        forward, backward = rank_scores(similarity, gold), rank_scores(similarity.T, gold.T)
        return {
            "p1": (forward.p1 + backward.p1) / 2,
            "mrr": (forward.mrr + backward.mrr) / 2,
            "p1_forward": forward.p1,
            "p1_backward": backward.p1,
            "mexa": retrieval.mexa(torch.from_numpy(similarity), torch.from_numpy(gold), tolerance=1e-7),
            **_by_margin(similarity),
        }


def _by_margin(similarity: Floats) -> Scores:
    """Error rates by margin, NaN where a mean cosine is not positive: that leaves the other measures of the layer as they are."""
    try:
        return {name: rate(similarity.T if back else similarity) for name, (rate, back) in BY_MARGIN.items()}
    except UnscorableError:
        return dict.fromkeys(BY_MARGIN, float("nan"))
