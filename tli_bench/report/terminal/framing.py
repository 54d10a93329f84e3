"""What `tli-bench run` prints about the framing of words: the tokens, the own-sink probe, and the headline in a sentence."""

from collections.abc import Iterator

from tli_bench.lexicon.pairs import Split
from tli_bench.measures.measure import Measure
from tli_bench.measures.registry import get_measure
from tli_bench.records.schema import RunRecord


def framing_line(record: RunRecord) -> str:
    """How words became tokens, and how many hold a sink of their own; empty for a record that does not say."""
    share = record.signature.own_sink
    if share is None:
        return ""
    return f"framing: {record.signature.tokens}; own sink on {share:.1%} of the words"


def framing_warnings(record: RunRecord) -> list[str]:
    """The record's sentences about its framing."""
    return record.controls.warnings if record.controls else []


def confirmation_heading(record: RunRecord) -> Iterator[str]:
    """The heading of the column of confirmations; none where there are none."""
    if record.controls and record.controls.confirmation:
        yield f"{_headline(record).label} in a sentence"


def confirmation_cell(record: RunRecord, layer: str, split: Split) -> Iterator[str]:
    """The headline of the control words inside a sentence, of every state at one layer; `–` for other words."""
    for _ in confirmation_heading(record):
        assert record.controls is not None
        depth, shown = record.layers.index(layer), _headline(record).shown
        values = [curve[depth] for curve in record.controls.confirmation.values()]
        yield " → ".join(shown(value) for value in values) if split is Split.CONTROL else "–"


def _headline(record: RunRecord) -> Measure:
    return get_measure(record.headline_of(Split.CONTROL))
