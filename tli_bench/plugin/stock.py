"""Stock lm-eval models answer our tasks: `lm_eval run --model hf --include_path tasks --tasks tli_...`."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from lm_eval.models.huggingface import HFLM

from tli_bench.lexicon.trained import NOTHING, UNKNOWN, trained_by
from tli_bench.models.adapters import inspect_adapter
from tli_bench.models.fingerprint import hub_commit, model_fingerprint
from tli_bench.models.identity import AdapterRef, MeasuredModel
from tli_bench.models.live import Fingerprint
from tli_bench.models.tuned import hub_model_card, read_model_card, training_of
from tli_bench.models.types import Wrapped
from tli_bench.vectors.answer import answer
from tli_bench.vectors.backend import Backend
from tli_bench.vectors.inputs import tokens_policy
from tli_bench.vectors.responses import PairStates


def answer_from_stock_models() -> None:
    """Let lm-eval's own HFLM answer `hidden_states` requests; called when one of our tasks builds such requests.

    The evaluator asks `getattr(lm, "hidden_states")` and gives a task access to neither the model nor a hook before that, so
    the class is the only place where the method can be added (lm-eval 0.4.13). Nothing of HFLM's own is replaced, a second
    call changes nothing, and a process that builds none of our requests is not affected. What an answer needs is kept on
    the instance that was asked.
    """
    if not hasattr(HFLM, "hidden_states"):
        HFLM.hidden_states = _hidden_states


def _hidden_states(self: HFLM, requests: Sequence[Any], **_: Any) -> list[PairStates]:
    backend: Backend | None = vars(self).get("tli_backend")
    if backend is None or backend.model is not self._model or backend.tokenizer is not self.tokenizer:
        backend = self.tli_backend = Backend(self._model, self.tokenizer)
    with backend.unchanged() as held:
        return answer(requests, backend=backend, identity=stock_identity(self, held))


def stock_identity(lm: HFLM, held: Fingerprint) -> MeasuredModel:
    """Identity of a stock HFLM, as far as it can be known from outside.

    held: fingerprint of what is in memory. It is the revision of a model that was given as an object: its files, if it
    came from any, say nothing of what was done to it since.
    """
    given = lm.pretrained
    in_memory = not isinstance(given, str)
    name = given if isinstance(given, str) else str(lm.config._name_or_path or type(lm._model).__name__)
    if in_memory:
        revision, card = f"memory:{held.weights[:16]}", None
    elif os.path.isdir(name):
        revision, card = model_fingerprint(Path(name)), read_model_card(Path(name))
    else:
        revision = hub_commit(name, lm.revision) or "unknown"
        card = hub_model_card(name, revision)
    # Weights in memory may have changed since they were read, but what their folder says was trained was trained.
    tuned = read_model_card(Path(name)) if in_memory and os.path.isdir(name) else card
    adapter, trained = None, NOTHING if tuned is None else trained_by(tuned)
    if held.adapter and in_memory:
        wrapped = cast(Wrapped, lm._model)
        active = next(iter(wrapped.active_adapters))
        trained |= UNKNOWN
        adapter = AdapterRef(name=active, sha256=held.adapter, rank=getattr(wrapped.peft_config[active], "r", None))
    elif held.adapter:
        files = inspect_adapter(str(lm.peft))
        adapter = AdapterRef(name=files.path.name, sha256=files.sha256, rank=files.config.get("r"))
        trained |= trained_by(files.card)
    return MeasuredModel(
        id=name,
        revision=revision,
        dtype=str(lm._model.dtype).removeprefix("torch."),
        quantization=None,
        tokens=tokens_policy(lm.tokenizer),
        adapter=adapter,
        training=training_of(card),
        trained=trained,
        parameters=None if held.adapter else lm._model.num_parameters(),
    )
