"""One line that says what a record is and how it came out."""

from typing import NamedTuple

from tli_bench.config.facts import flags_of
from tli_bench.measures.measure import Place
from tli_bench.measures.registry import list_measures
from tli_bench.records.schema import DownstreamRecord, RunRecord, Signature
from tli_bench.records.scores import BEST


class Summary(NamedTuple):
    """scores: by measure, on the control split (or the first one there is) at the layer that dev chose; None: unscored."""

    task: str
    pair: str
    model: str
    revision: str
    adapter: str | None
    protocol: str
    precision: str
    lexicon: str
    created: str
    split: str
    layer: str
    scores: dict[str, float | None]
    flags: tuple[str, ...]


def downstream_flags(record: DownstreamRecord) -> tuple[str, ...]:
    """What keeps a downstream score out of the tables: the small samples that ship with the project, a limit."""
    return (*(["fixtures"] if record.fixtures else []), *flags_of(record))


def precision_of(run: Signature | DownstreamRecord) -> str:
    """The dtype, and the quantisation where there is one: `bfloat16 nf4`."""
    return f"{run.dtype} {run.quantization}" if run.quantization else run.dtype


def summarise(record: RunRecord) -> Summary:
    """The summary of a record: of its adapted state where there is one."""
    signature = record.signature
    layer = record.layer(BEST, record.state) if record.best_layer else record.layers[-1]
    return Summary(
        task=record.task,
        pair=record.pair,
        model=signature.model,
        revision=signature.revision,
        adapter=signature.adapter.name if signature.adapter else None,
        protocol=signature.protocol,
        precision=precision_of(signature),
        lexicon=signature.lexicon,
        created=record.created,
        split=record.split.value,
        layer=layer,
        scores={m.name: record.value(m.name, record.split, record.state, layer) for m in list_measures(Place.SUMMARY)},
        flags=(*flags_of(signature), *(["audit words"] if signature.audit else [])),
    )
