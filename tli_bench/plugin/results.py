"""The results of a run in lm-eval's layout, and the files that a run leaves besides its records; lm-eval is not imported."""

import json
import math
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tli_bench.base.files import write_text
from tli_bench.config.loading import QUANTIZATIONS
from tli_bench.config.options import plain
from tli_bench.config.run import NO_ADAPTER, RunConfig
from tli_bench.config.saved import write_config
from tli_bench.evaluate.corrections import as_json as tests_as_json
from tli_bench.evaluate.corrections import corrected
from tli_bench.evaluate.headline import protocol_directions, protocol_headlines
from tli_bench.evaluate.overall import as_json, overall
from tli_bench.evaluate.scored_words import TASK_VERSION, ScoredWords
from tli_bench.languages import DEFAULT_PAIRS
from tli_bench.lexicon.readers.names import pair_in_name
from tli_bench.models.identity import MeasuredModel
from tli_bench.records import write_json
from tli_bench.records.lm_eval import RUN
from tli_bench.records.names import safe_name
from tli_bench.records.schema import RunRecord

NO_ERROR = "N/A"
"""What lm-eval writes, and its viewers expect, where a score has no standard error."""
_SECTIONS = ("results", "group_subtasks", "configs", "versions", "n-shot", "higher_is_better", "n-samples")


def results_of(records: Sequence[RunRecord], words: ScoredWords, config: Mapping[str, Any]) -> dict[str, Any]:
    """The part of an lm-eval results dictionary that a task's records, one per protocol, determine. config: of the task."""
    first = records[0]
    layers, name = first.signature.layers, first.task
    scored = {record.signature.protocol: record for record in records}
    values = protocol_headlines(words.protocols, scored, words.splits, layers)
    adapted = "adapted" in first.best_layer
    return {
        "results": {name: {"alias": name, **{f"{metric},none": value for metric, value in values.items()}}},
        "versions": {name: TASK_VERSION},
        "n-shot": {name: 0},
        "higher_is_better": {name: protocol_directions(words.protocols, words.splits, layers, adapted=adapted)},
        "n-samples": {name: {"original": len(words.pairs), "effective": sum(first.signature.n.values())}},
        "configs": {name: dict(config)},
    }


def write_run(config: RunConfig, results: Mapping[str, Any], records: Sequence[RunRecord], folder: Path) -> Path:
    """Write lm-eval's results, with what is concluded over all `records`, and the run's recipe; returns the path of the results.

    config: as returned by `resolved`. Who was scored is stated as `lm_eval --model tli` states it, whatever was read back.
    """
    path = _unused(folder / f"results_{time.strftime('%Y-%m-%dT%H-%M-%S')}.json")
    recipe = replace(config, output=folder)
    concluded = {"tli_overall": as_json(overall(records)), "tli_corrections": tests_as_json(corrected(records))}
    write_json(
        path, tidy({"group_subtasks": {}, **results, **_told(config, results), **concluded, RUN: recipe.to_dict()})
    )
    write_config(recipe, folder)
    return path


def _told(config: RunConfig, results: Mapping[str, Any]) -> dict[str, Any]:
    """What lm-eval's viewers ask about a run as a whole, under lm-eval's own names."""
    arguments = {name: plain(value) for name, value in config.arguments().items() if value not in (None, (), False)}
    name = str(arguments.get("adapter") or config.model)
    own = {
        "model": "tli", "model_args": arguments, "batch_size": config.batch_size, "device": config.device, "limit": config.limit,
    }  # fmt: skip
    versions = {f"{package.replace('-', '_')}_version": version(package) for package in ("lm-eval", "transformers")}
    return {
        **{key: value for key, value in versions.items() if key not in results},
        "config": {**results.get("config", {}), **own},
        "date": results.get("date", time.time()),
        "model_source": "tli",
        "model_name": name,
        "model_name_sanitized": re.sub(r'[\\"<>|:/?*\[\]]+', "__", name),
        "system_instruction": config.system_prompt,
    }


def write_samples(folder: Path, results: Path, samples: Mapping[str, Iterable[Mapping[str, Any]]]) -> list[Path]:
    """Write each task's samples as JSON lines, called as lm-eval calls them, with the time of the results; their paths."""
    stamp = results.stem.removeprefix("results_")
    paths = []
    for task, rows in samples.items():
        path = folder / f"samples_{safe_name(task)}_{stamp}.jsonl"
        write_text(path, "".join(json.dumps(tidy(row), ensure_ascii=False, allow_nan=False) + "\n" for row in rows))
        paths.append(path)
    return paths


def _unused(path: Path) -> Path:
    """The path, numbered where there is a file: two runs may end within a second, and clocks are set back."""
    found, number = path, 1
    while found.exists():
        number += 1
        found = path.with_stem(f"{path.stem}-{number}")
    return found


def resolved(config: RunConfig, model: MeasuredModel, device: str) -> RunConfig:
    """The configuration with everything filled in that was left to the machine or to a default, so that the run can be repeated."""
    chosen = config.chosen()
    return replace(
        chosen,
        adapter=chosen.adapter or NO_ADAPTER,
        pairs=asked_pairs(chosen) or (() if chosen.tasks else tuple(DEFAULT_PAIRS)),
        dtype=model.dtype,
        # A GGUF file is quantised by itself, which is not an option.
        quantize=model.quantization if model.quantization in QUANTIZATIONS else "none",
        device=None if chosen.device_map else device,
        # The fingerprint of a folder's files is not a revision that can be asked for.
        revision=chosen.revision if ":" in model.revision else model.revision,
    )


def asked_pairs(config: RunConfig) -> tuple[str, ...]:
    """The pairs that were asked for, else the one that the name of the list states; none for the default pairs."""
    stated = None if config.pairs or config.tasks else pair_in_name(config.lexicon)
    return (stated,) if stated else config.pairs


def merge_results(into: dict[str, Any], new: dict[str, Any]) -> None:
    """Add one `simple_evaluate` result to another; whatever does not belong to a task comes from the first."""
    for key, value in new.items():
        if key in _SECTIONS and isinstance(value, dict):
            into.setdefault(key, {}).update(value)
        else:
            into.setdefault(key, value)


def tidy(value: Any) -> Any:
    """Results ready for strict JSON: NaN becomes None, as a standard error lm-eval's `N/A`, and values that JSON does not have text."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (bool, int, str)) or value is None:
        return value
    if isinstance(value, dict):
        items = ((str(key), tidy(item)) for key, item in value.items())
        return {key: NO_ERROR if item is None and "_stderr," in key else item for key, item in items}
    if isinstance(value, (list, tuple)):
        return [tidy(item) for item in value]
    return tidy(value.item()) if hasattr(value, "item") else str(value)
