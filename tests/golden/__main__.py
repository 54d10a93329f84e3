"""Write both golden files again: `python -m tests.golden`, after the model, its adapter or the lexicon changed.

A change of the code must leave them as they are, but for one of the order in which the model's own numbers are summed: near-ties of
ranks then fall the other way, and the commit says how many.
"""

import gzip
import json
import tempfile
from pathlib import Path

from tests.command import tli_bench
from tests.golden import ADAPTER, DOWNSTREAM, DOWNSTREAM_RUN, MEASURES, MEASURES_RUN
from tli_bench.records import RecordStore
from tli_bench.records.downstream import iter_downstream

FIELDS = ("source", "documents", "higher_is_better", "layers", "scores", "curves")


def measures(folder: Path) -> dict[str, object]:
    """Every curve of every pair that was run."""
    tli_bench("run", *MEASURES_RUN, "--adapter", ADAPTER, "--output", folder)
    records = {record.pair: record.model_dump(mode="json") for record in RecordStore(folder)}
    return {
        pair: {"layers": record["signature"]["layers"], "curves": record["curves"]} for pair, record in records.items()
    }


def downstream(folder: Path) -> dict[str, object]:
    """Scores and curves of every downstream task."""
    tli_bench("run", *DOWNSTREAM_RUN, "--adapter", ADAPTER, "--output", folder)
    records = {record.task: record.model_dump(mode="json") for record in iter_downstream(folder)}
    return {task: {field: record[field] for field in FIELDS} for task, record in records.items()}


def main() -> None:
    """Run both commands and write what they found."""
    for path, run in ((MEASURES, measures), (DOWNSTREAM, downstream)):
        with tempfile.TemporaryDirectory() as folder:
            text = json.dumps(run(Path(folder)), sort_keys=True, ensure_ascii=False)
        path.write_bytes(gzip.compress(text.encode(), mtime=0))
        print(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
