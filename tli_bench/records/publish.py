"""The results of a run as a data set of the Hub: its records, lm-eval's files, its recipe, and a card."""

from collections.abc import Sequence
from pathlib import Path

import yaml

from tli_bench.base.errors import ResultError
from tli_bench.base.wording import visible
from tli_bench.measures.registry import get_measure
from tli_bench.models.upload import Upload, require_hub_id
from tli_bench.records.schema import DownstreamRecord, RunRecord
from tli_bench.records.sources import iter_all, record_paths
from tli_bench.records.summary import summarise

BESIDE = ("results_*.json", "samples_*.jsonl", "run.yaml")


def plan_results(folder: Path, repository: str) -> Upload:
    """What would be uploaded of a run's folder; does not use the network.

    Records of audit words stay here. Raises ResultError for a folder without records and for one that was changed by hand, InputError for a
    repository that is not written as ORG/NAME.
    """
    require_hub_id(repository)
    kept: list[Path] = []
    records: list[RunRecord | DownstreamRecord] = []
    for path in record_paths(folder):
        found = [record for _, record in iter_all(path)]
        if not any(isinstance(record, RunRecord) and record.signature.audit for record in found):
            kept.append(path)
            records += found
    if not records:
        raise ResultError(f"{folder} holds no records; give the folder that `tli-bench run --output` wrote to")
    beside = [path for pattern in BESIDE for path in sorted(folder.glob(pattern)) if path.is_file()]
    return Upload(repository, folder, (*kept, *beside), "dataset", {"README.md": _card(repository, records)})


def _card(repository: str, records: Sequence[RunRecord | DownstreamRecord]) -> str:
    """A card: tags by which such data sets are found, what was scored, one line a record, and how to read them."""
    aligned = [summarise(record) for record in records if isinstance(record, RunRecord)]
    names = list(aligned[0].scores) if aligned else []
    models = sorted({visible(line.model, limit=80) for line in aligned})
    head = {"license": "apache-2.0", "tags": ["tli-bench", "lm-eval", "evaluation-results", "cross-lingual"]}
    lines = [
        f"---\n{yaml.safe_dump(head, sort_keys=False)}---",
        f"# Results of tli-bench: {', '.join(models) or repository}",
        "Cross-lingual lexical alignment, layer by layer: one JSON record for each pair, sealed by a hash, and lm-eval's own files next to "
        "them. Scores are of control words, which no training of the scored adapter saw, at the layer that the dev words chose.",
    ]
    if aligned:
        table = [
            f"| model | adapter | pair | protocol | layer | {' | '.join(get_measure(name).label for name in names)} |",
            "|---" * (5 + len(names)) + "|",
        ]
        for line in aligned:
            values = (get_measure(name).shown(line.scores[name]) for name in names)
            who = (line.model, line.adapter or "–", line.pair, line.protocol, line.layer)
            table.append(f"| {' | '.join((*(_cell(text) for text in who), *values))} |")
        lines.append("\n".join(table))
    lines.append(
        f"Read them with `tli_bench.read_records`, check them with `tli-bench results validate`, compare them with `tli-bench compare`, "
        f"after `hf download {repository} --repo-type dataset --local-dir results`."
    )
    return "\n\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return visible(text, limit=80).replace("|", "\\|")
