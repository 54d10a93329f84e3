"""What was measured and how, as one title: only records that share it are related to each other."""

from typing import Protocol

from tli_bench.config.facts import flags_of
from tli_bench.records.run_record import RunRecord

USUAL_DTYPE = "float32"


def title_of(record: RunRecord, *, adapter: bool) -> str:
    """Model, precision, protocol, task and list, and whatever is unusual about the scores: limit, leaking words, part of the model.

    adapter: with what only concerns the adapter; without it, a base has the same title as the records of its adapters.
    """
    signature = record.signature
    seed = [f"split seed {signature.split_seed}"] if signature.split_seed else []
    how = [signature.protocol, record.kind, signature.lexicon, *seed, *flags_of(signature, adapter=adapter)]
    return ", ".join([signature.model, signature.revision, *unusual_precision(signature), *how])


def adapter_flags(record: RunRecord) -> tuple[str, ...]:
    """What is unusual about the adapter alone: words of its training that nobody states, another base."""
    base = flags_of(record.signature, adapter=False)
    return tuple(flag for flag in flags_of(record.signature) if flag not in base)


def again(count: int) -> str:
    """The sentence about records that a later one of the same unit replaces."""
    what = "1 record is of a unit that occurs" if count == 1 else f"{count} records are of units that occur"
    return f"{what} more than once in the folder; the latest counts"


class _Precise(Protocol):
    @property
    def dtype(self) -> str: ...
    @property
    def quantization(self) -> str | None: ...


def unusual_precision(run: _Precise) -> list[str]:
    """The dtype where it is not float32, and the quantisation where there is one."""
    return [run.dtype] * (run.dtype != USUAL_DTYPE) + ([run.quantization] if run.quantization else [])
