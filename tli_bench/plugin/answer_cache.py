"""lm-eval's `--use_cache`: its file is keyed by the question alone, so we write into it which model's answers it holds."""

import hashlib
import json
from collections.abc import MutableMapping
from typing import Any, Protocol

from tli_bench.base.errors import InputError
from tli_bench.models.identity import MeasuredModel

OWNER = "tli-bench: answers of"


class CacheHook(Protocol):
    """What lm-eval hands a model when `use_cache` is set; without it, `dbdict` is None."""

    dbdict: MutableMapping[str, Any] | None


def require_own_answers(hook: CacheHook, model: MeasuredModel) -> None:
    """Mark a new file of cached answers as this model's; raises InputError for one with another model's answers.

    A file that holds answers but no mark counts as another model's: nobody knows whose they are.
    """
    cached = hook.dbdict
    if cached is None:
        return
    ours = answers_digest(model)
    owner = cached.get(OWNER)
    if owner is None and not len(cached):
        cached[OWNER] = {"digest": ours, "name": _name(model)}
        return
    if owner is None or owner["digest"] != ours:
        whose = f"those of {owner['name']}" if owner else "those of a model it does not name"
        raise InputError(
            f"the answers kept by --use_cache are {whose}, and this model is {_name(model)}: lm-eval would return them as "
            f"this model's; give --use_cache a different path for each model and adapter (file: {getattr(cached, 'filename', '?')})"
        )


def _name(model: MeasuredModel) -> str:
    adapter = f" with adapter {model.adapter.name} ({model.adapter.sha256[:12]})" if model.adapter else ""
    return f"{model.id} ({model.revision}{', ' + model.quantization if model.quantization else ''}, {model.dtype}){adapter}"


def answers_digest(model: MeasuredModel) -> str:
    """SHA-256 of everything about a model that its answers depend on."""
    adapter = model.adapter.sha256 if model.adapter else None
    others = [fact for fact in (model.twin, model.engine) if fact]
    facts = (model.id, model.revision, model.dtype, model.quantization, model.tokens, adapter, *others)
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
