"""A run that was finished before, answered from its records: neither lm-eval nor torch is imported, and no model is loaded."""

import os
from dataclasses import dataclass
from typing import Any

from tli_bench.base.collection import collection_paused
from tli_bench.config.run import RunConfig
from tli_bench.evaluate.scored_words import TASK_VERSION, ScoredWords
from tli_bench.languages import DEFAULT_PAIRS
from tli_bench.models.expected import expected_device, expected_model
from tli_bench.models.identity import MeasuredModel
from tli_bench.plugin.results import asked_pairs, merge_results, resolved, results_of
from tli_bench.plugin.tasklist import alignment_task, resolved_pair
from tli_bench.records.schema import RunRecord
from tli_bench.records.store import RecordStore


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """What a run of word pairs came to. config: as `resolved` returns it; results: in lm-eval's layout; tasks: their number."""

    model: MeasuredModel
    config: RunConfig
    records: list[RunRecord]
    results: dict[str, Any]
    tasks: int


@collection_paused()
def finished_run(config: RunConfig) -> FinishedRun | None:
    """The run whose every unit has a record in the output folder, made under the same conditions with all that is asked for now.

    None where a unit is missing, where tasks are asked for by name, and where only a loaded model can tell. Raises what a run would
    raise for a model, adapter or lexicon that cannot be scored.
    """
    device = expected_device(config.device)
    if config.output is None or not os.path.isdir(config.output) or config.tasks or device is None:
        return None
    model = expected_model(config)
    if model is None:
        return None
    store = RecordStore(config.output)
    records: list[RunRecord] = []
    results: dict[str, Any] = {}
    pairs = list(dict.fromkeys(map(resolved_pair, asked_pairs(config) or DEFAULT_PAIRS)))
    for pair in pairs:
        name, told = alignment_task(pair), config.metadata() | {"pair": pair}
        words = ScoredWords(RunConfig.from_metadata(told), pair)
        kept = [record for record in words.finished(store, name, model, config.limit) if record is not None]
        if len(kept) < len(words.protocols):
            return None
        records += kept
        # Of the task's own configuration what it was told; the rest is the same for all of them.
        stated = {"task": name, "output_type": "hidden_states", "metadata": told | {"version": TASK_VERSION}}
        merge_results(results, results_of(kept, words, stated))
    return FinishedRun(model, resolved(config, model, device), records, results, len(pairs))
