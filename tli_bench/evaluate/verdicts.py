"""Turn an analysis into one verdict line per chosen layer."""

from collections.abc import Sequence

import numpy as np

from tli_bench.evaluate.analysis import Analysis
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.verdict import VerdictInput, verdict
from tli_bench.records.comparison import change
from tli_bench.stats import bootstrap_ci


def verdicts(analysis: Analysis, *, seed: int = 0) -> dict[str, str]:
    """One line a layer shown: about the change when there is an adapter, else about the base alone.

    The control split speaks where it was scored, else the train split. A layer with no scored pair has no line.
    """
    splits = {value.split for value in analysis.values}
    split = Split.CONTROL if Split.CONTROL in splits else Split.TRAIN
    layers = dict.fromkeys(value.layer for value in analysis.values)
    found = {}
    for layer in layers:
        data = _input(analysis, split, layer, seed)
        if data is not None:
            found[layer] = verdict(data).text
    return found


def _input(analysis: Analysis, split: Split, layer: str, seed: int) -> VerdictInput | None:
    state = "adapted" if "adapted" in analysis.best_layer else "base"
    rows = [v for v in analysis.values if (v.split, v.layer, v.state) == (split, layer, state)]
    gaps = [v.cosine - v.mismatched for v in rows if v.mismatched is not None]
    if len(gaps) < 2:
        return None
    curves = analysis.curves[split][state]
    depth = analysis.layers.index(layer)
    ratios = curves.get("sink_ratio")
    return VerdictInput(
        n=len(rows),
        raw=float(np.mean([v.cosine for v in rows])),
        mismatched=float(np.mean([v.mismatched for v in rows])),
        gap_ci=_pair(bootstrap_ci(np.array(gaps), seed=seed)),
        p1=curves["p1"][depth],
        sink_ratio=ratios[depth] if ratios else None,
        sink_pooled=analysis.controls.first_pooled,
        control=change(analysis.comparisons, split, layer),
        train=change(analysis.comparisons, Split.TRAIN, layer),
    )


def _pair(interval: Sequence[float]) -> tuple[float, float]:
    return float(interval[0]), float(interval[1])
