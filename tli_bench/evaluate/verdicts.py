"""Turn an analysis into one verdict for each layer shown."""

from tli_bench.evaluate.analysis import Analysis
from tli_bench.lexicon.pairs import Split
from tli_bench.records.evidence import Part, verdicts_of_change, verdicts_of_state
from tli_bench.stats.verdict import Verdict


def verdicts(analysis: Analysis) -> dict[str, Verdict]:
    """One verdict for each layer shown: about the change when there is an adapter, else about the base alone.

    It is about the control split where that was scored, else the train split. A layer that cannot be scored has none.
    """
    split = Split.CONTROL if Split.CONTROL in analysis.columns else Split.TRAIN
    layers, controls = analysis.kept_layers(split), analysis.controls
    base = Part(analysis, "base")
    if analysis.state == "base":
        return verdicts_of_state(base, split=split, layers=layers, controls=controls)
    twin = Part(analysis, "twin") if "twin" in analysis.best_layer else None
    adapted = Part(analysis, "adapted")
    return verdicts_of_change(
        base, adapted, split=split, layers=layers, twin=twin, controls=controls, trained=analysis.trained
    )
