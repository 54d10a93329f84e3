"""What `tli-bench run` prints about the framing of words: the tokens, the own-sink probe, and the headline in a sentence."""

from collections.abc import Iterator

from tli_bench.lexicon.pairs import Split
from tli_bench.measures.measure import Measure
from tli_bench.measures.registry import get_measure
from tli_bench.records.schema import RunRecord
from tli_bench.report.terminal.parts import DASH, Cell, Column


def framing_line(record: RunRecord) -> str:
    """How words became tokens, and how many hold a sink of their own; empty for a record that does not say."""
    share = record.signature.own_sink
    if share is None:
        return ""
    return f"framing: {record.signature.tokens}; own sink on {share:.1%} of the words"


def framing_warnings(record: RunRecord) -> list[str]:
    """The record's sentences about its framing."""
    return record.controls.warnings if record.controls else []


def confirmation_heading(record: RunRecord) -> Iterator[Column]:
    """The column of confirmations; none where there are none."""
    if record.controls and record.controls.confirmation:
        label = _headline(record).label
        yield Column(
            f"{label} in a sentence", f"{label} in text", form="steps", parts=tuple(record.controls.confirmation)
        )


def confirmation_cell(record: RunRecord, layer: str, split: Split) -> Iterator[Cell]:
    """The headline of the control words inside a sentence, of every state at one layer; a dash for other words."""
    for _ in confirmation_heading(record):
        assert record.controls is not None
        depth, shown = record.layers.index(layer), _headline(record).shown
        values = tuple(shown(curve[depth]) for curve in record.controls.confirmation.values())
        yield values if split is Split.CONTROL else DASH


def _headline(record: RunRecord) -> Measure:
    return get_measure(record.headline_of(Split.CONTROL))
