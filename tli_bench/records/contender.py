"""Whose score it is: weights by their fingerprint, and a name for people that gives away nobody's folders."""

import re
from collections.abc import Iterable, Mapping

from tli_bench.models.fingerprint import is_fingerprint
from tli_bench.records.run_record import RunRecord
from tli_bench.records.signature import Signature

_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_DEEP = re.compile(r"[\w.+-]+([\\/][\w.+-]+){2,}")


def weights_of(signature: Signature) -> tuple[str, str]:
    """What all scores of one set of weights share: their fingerprint, or name and revision where that is not one."""
    return ("" if is_fingerprint(signature.revision) else signature.model, signature.revision)


def runs_of(records: Iterable[RunRecord]) -> list[str]:
    """Who was scored in records, each contender once: model, revision, adapter, and what else tells them apart."""
    found = {}
    for record in records:
        signature, adapter = record.signature, record.signature.adapter
        who = (
            signature.model,
            signature.revision,
            adapter.sha256 if adapter else "",
            signature.dtype,
            signature.quantization,
        )
        precision = "" if signature.dtype == "float32" else signature.dtype
        told = (
            signature.model,
            signature.revision,
            adapter.name if adapter else "",
            precision,
            signature.quantization or "",
        )
        found[who] = " ".join(part for part in told if part)
    return sorted(found.values())


def is_local(model: str) -> bool:
    """Whether the name of a model is a path on somebody's machine: absolute, from `.` or `~`, or deeper than a Hub id."""
    return model.startswith(("/", "\\", ".", "~")) or bool(_DRIVE.match(model) or _DEEP.fullmatch(model))


def display_name(model: str) -> str:
    """The name of a model for people: of a path its last part, `x` for `/home/me/models/x`."""
    if not is_local(model):
        return model
    parts = [part for part in model.replace("\\", "/").split("/") if part not in ("", ".", "..", "~")]
    return parts[-1] if parts else "unnamed"


def name_for(names: Mapping[str, int]) -> str:
    """One name for weights that records call by several, from how many do: a name rather than a path, then the most frequent."""
    best = min(names, key=lambda name: (is_local(name), -names[name], display_name(name)))
    return display_name(best)
