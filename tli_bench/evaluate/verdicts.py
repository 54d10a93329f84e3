"""Turn an analysis into one verdict line per chosen layer."""

from tli_bench.evaluate.analysis import Analysis
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.verdict import verdict
from tli_bench.records.comparison import verdict_input


def verdicts(analysis: Analysis, *, seed: int = 0) -> dict[str, str]:
    """One line for each layer shown: about the change when there is an adapter, else about the base alone.

    It is about the control split where that was scored, else the train split. A layer with no scored pair has no line.
    """
    split = Split.CONTROL if Split.CONTROL in analysis.columns else Split.TRAIN
    found = {}
    for layer in analysis.kept_layers():
        data = verdict_input(
            analysis,
            analysis.comparisons,
            split=split,
            state=analysis.state,
            layer=layer,
            first_pooled=analysis.controls.first_pooled,
            seed=seed,
        )
        if data is not None:
            found[layer] = verdict(data).text
    return found
