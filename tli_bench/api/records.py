"""`read_records`: the scores of a folder of records as a table."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tli_bench.records.run_record import RunRecord

if TYPE_CHECKING:
    import pandas as pd

ABOUT = ("model", "adapter", "precision", "lexicon", "flags", "audit", "best")
COLUMNS = ("task", "pair", "protocol", "split", "state", "layer", "measure", "value")


def read_records(source: str | Path) -> "pd.DataFrame":
    """Every score of the records in a folder, a file or a submission as one row.

    Columns: model, adapter (empty without one), precision (`bfloat16 nf4`), lexicon, flags (what keeps the record out of the ranks,
    such as `limit 40`; empty without), audit (whether the words are audit words), best (whether the layer is the one that the dev
    words chose for this state), then those of `Report.to_pandas`; value is NaN where nothing was scored. Records of downstream tasks
    have no layers and are left out.

    >>> import tli_bench
    >>> frame = tli_bench.read_records("leaderboards/records/minilm")
    >>> frame.query("split == 'control' and measure == 'p1_of_50' and best and not audit").shape[0]
    15

    Raises ResultError for what is not a record, or was changed by hand.
    """
    import pandas as pd

    from tli_bench.config.facts import flags_of
    from tli_bench.records.schema import RunRecord as Alignment
    from tli_bench.records.sources import iter_all
    from tli_bench.records.summary import precision_of

    rows: list[tuple[Any, ...]] = []
    for _, record in iter_all(Path(source)):
        if isinstance(record, Alignment):
            signature = record.signature
            who = (
                signature.model, signature.adapter.name if signature.adapter else "", precision_of(signature), signature.lexicon,
                ", ".join(flags_of(signature)), signature.audit,
            )  # fmt: skip
            best = record.best_layer
            rows += [(*who, row[5] == best.get(row[4]), *row) for row in score_rows([record])]
    return pd.DataFrame(rows, columns=[*ABOUT, *COLUMNS]).astype({"value": float})


def score_rows(records: Iterable[RunRecord]) -> list[tuple[Any, ...]]:
    """One row for each score, with the values of COLUMNS; layers in the model's order."""
    return [
        (record.task, record.pair, record.signature.protocol, split.value, state, layer, measure, value)
        for record in records
        for split, states in record.curves.items()
        for state, curves in states.items()
        for measure, curve in curves.items()
        for layer, value in zip(record.signature.layers, curve, strict=True)
    ]
