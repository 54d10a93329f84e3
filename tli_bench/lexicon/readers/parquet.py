"""Local parquet files, as the Hub keeps data sets: a few bytes of one can say millions of rows, so that rows and values are bounded."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tli_bench.base.errors import LexiconError, reason_of
from tli_bench.lexicon.readers.base import RawPair, Request
from tli_bench.lexicon.readers.pairs_json import pair_of

MOST_ROWS = 5_000_000
MOST_BYTES = 1 << 30
"""Of all values once they are unpacked."""
_ROWS_AT_ONCE = 1000


def read_parquet(path: Path, request: Request) -> Iterator[RawPair]:
    """Rows of a local `.parquet` file; `columns` names those that are not named after a language."""
    for number, row in enumerate(_rows(path), start=1):
        yield pair_of(row, request, where=f"{path}: row {number}")


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    from pyarrow import ArrowException, parquet

    # Of a damaged file pyarrow also raises what is no error of its own.
    broken = (ArrowException, OSError, ValueError, TypeError, LookupError, RecursionError, OverflowError)
    try:
        with parquet.ParquetFile(path) as file:
            rows, taken = file.metadata.num_rows, 0
            if rows > MOST_ROWS:
                raise LexiconError(
                    f"{path} says {rows:,} rows; at most {MOST_ROWS:,} are read: keep those that are words"
                )
            for batch in file.iter_batches(_ROWS_AT_ONCE, use_threads=False):
                taken += batch.nbytes
                if taken > MOST_BYTES:
                    raise LexiconError(
                        f"{path}: its values take more than {MOST_BYTES >> 20:,} MiB; keep the columns that hold words"
                    )
                yield from batch.to_pylist()
    except broken as err:
        raise LexiconError(f"{path}: not a readable parquet file: {reason_of(err)}") from err
