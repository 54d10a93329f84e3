"""Hugging Face data sets by id, through `datasets`; no data set's code is ever run."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tli_bench.base.errors import LexiconError
from tli_bench.lexicon.pairs import Split
from tli_bench.lexicon.readers.base import RawPair, Request
from tli_bench.lexicon.readers.pairs_json import pair_of

_SPLIT_NAMES = {
    "train": Split.TRAIN,
    "dev": Split.DEV,
    "validation": Split.DEV,
    "control": Split.CONTROL,
    "test": Split.CONTROL,
}


def read_hub(name: str, request: Request) -> Iterator[RawPair]:
    """Rows of the data set `OWNER/NAME` or `OWNER/NAME:CONFIG`, at `revision`; a local folder works too.

    The data set's own splits are kept if one of them is `control` or `test`; otherwise, and where a column is named that
    holds the split, all rows are pooled.
    """
    import datasets

    identifier, _, config = name.partition(":")
    try:
        loaded = datasets.load_dataset(identifier, config or None, revision=request.reading.revision)
    except Exception as err:  # datasets and huggingface_hub raise many types, none of them ours
        reason = str(err).strip().splitlines()[0] if str(err).strip() else type(err).__name__
        raise LexiconError(
            f"cannot load the data set {name!r} (revision {request.reading.revision or 'main'}): {reason}; check the id, "
            "the network, or write hf:OWNER/NAME:CONFIG to choose a configuration"
        ) from err
    splits = {str(split): _SPLIT_NAMES.get(str(split)) for split in loaded}
    own = bool(request.reading.split_column)
    keep = Split.CONTROL in splits.values() and None not in splits.values() and not own
    for split, rows in loaded.items():
        yield from _pairs(rows, request, where=f"{name}/{split}", split=splits[str(split)] if keep else None)


def _pairs(
    rows: Iterable[Mapping[str, Any]], request: Request, *, where: str, split: Split | None
) -> Iterator[RawPair]:
    for number, row in enumerate(rows, start=1):
        pair = pair_of(row, request, where=f"{where}: row {number}")
        yield RawPair(
            pair.sources, pair.targets, pair.where, pair.concept, pair.pos, pair.field, split if split else pair.split
        )
