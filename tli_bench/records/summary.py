"""One line that says what a record is and how it came out."""

from typing import NamedTuple

from tli_bench.config.facts import flags_of
from tli_bench.lexicon.pairs import Split
from tli_bench.records.schema import DownstreamRecord, RunRecord


class Summary(NamedTuple):
    """gap, p1: of the control split (or the first one there is) at the layer that dev chose; None: unscored."""

    task: str
    pair: str
    model: str
    revision: str
    adapter: str | None
    protocol: str
    created: str
    split: str
    layer: str
    gap: float | None
    p1: float | None
    flags: tuple[str, ...]


def downstream_flags(record: DownstreamRecord) -> tuple[str, ...]:
    """What keeps a downstream score out of the tables: the small samples that ship with the project, a limit."""
    return (*(["fixtures"] if record.fixtures else []), *flags_of(record))


def summarise(record: RunRecord) -> Summary:
    """The summary of a record, of its adapted state where there is one."""
    signature = record.signature
    state = "adapted" if "adapted" in record.best_layer else "base"
    split = Split.CONTROL if Split.CONTROL in record.curves else next(iter(record.curves), Split.CONTROL)
    layer = record.best_layer.get(state, signature.layers[-1])
    curves = record.curves.get(split, {}).get(state, {})
    depth = signature.layers.index(layer)
    found = {name: curves[name][depth] if name in curves else None for name in ("gap", "p1")}
    return Summary(
        task=record.task,
        pair=record.pair,
        model=signature.model,
        revision=signature.revision,
        adapter=signature.adapter.name if signature.adapter else None,
        protocol=signature.protocol,
        created=record.created,
        split=split.value,
        layer=layer,
        gap=found["gap"],
        p1=found["p1"],
        flags=flags_of(signature),
    )
