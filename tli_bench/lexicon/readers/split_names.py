"""What lists call their splits."""

from collections.abc import Sequence

from tli_bench.base.errors import LexiconError
from tli_bench.lexicon.core import parse_split
from tli_bench.lexicon.pairs import Split

_CALLED = {
    Split.TRAIN: ("train", "training", "trn"),
    Split.DEV: ("dev", "development", "valid", "validation", "val"),
    Split.CONTROL: ("control", "test", "testing", "heldout", "held-out", "held_out", "eval", "evaluation"),
}
_BY_NAME = {name: split for split, names in _CALLED.items() for name in names}


def split_called(name: str, *, where: str, own: bool) -> Split:
    """The split called `name`: one of ours, or with `own`, in a column that the user named as the list's, also `test` and others.

    Raises LexiconError at `where` with the names that are valid.
    """
    text = name.strip()
    if own:
        split = _BY_NAME.get(text.lower())
        if split is None:
            raise LexiconError(f"{where}: split {name!r} is not one of {', '.join(_BY_NAME)}")
        return split
    hint = "; --split-column reads it as the list's own" if text.lower() in _BY_NAME else ""
    return parse_split(text, where=where, hint=hint)


def is_split(name: str) -> bool:
    """Whether some list calls a split so."""
    return name.lower() in _BY_NAME


def looks_like_splits(cells: Sequence[str]) -> bool:
    """Whether a column of a list holds nothing but names of splits, at least two of them."""
    found = {cell.lower() for cell in cells}
    return len(found) >= 2 and found <= _BY_NAME.keys()
