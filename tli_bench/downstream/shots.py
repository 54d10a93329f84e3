"""Where few-shot examples are read from: the place that the scored documents came from, in another split."""

from tli_bench.downstream.sources import FIXTURES, HUB


def place_of(source: str, data_dir: str | None) -> str:
    """The folder, `hub` or `fixtures` that documents with this `source` were read from. data_dir: what was asked for."""
    return data_dir or (FIXTURES if source.startswith(f"{FIXTURES}:") else HUB)
