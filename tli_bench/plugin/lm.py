"""The lm-eval model `tli`: an HFLM over our loader, with the `hidden_states` request type, base and adapter in one."""

from collections.abc import Sequence
from typing import Any

import lm_eval.models  # noqa: F401  built-in models register only while the registry is empty: import them first
import torch
from lm_eval.api.registry import register_model

from tli_bench.base.errors import InputError
from tli_bench.lexicon.unseen import trained_concepts
from tli_bench.models import LoadOptions, attach_adapter, inspect_adapter, load_model
from tli_bench.models.gate import require_sane
from tli_bench.models.identity import MeasuredModel
from tli_bench.plugin.answer_cache import require_own_answers
from tli_bench.plugin.counted import CountedHFLM
from tli_bench.vectors.answer import answer
from tli_bench.vectors.backend import DEFAULT_BATCH, Backend, Progress
from tli_bench.vectors.inputs import tokens_policy
from tli_bench.vectors.responses import PairStates


def _flag(value: Any) -> bool:
    """lm-eval hands model arguments over as parsed strings; accept the spellings people use."""
    return value if isinstance(value, bool) else str(value).strip().lower() in ("1", "true", "yes")


@register_model("tli")
class TLIModel(CountedHFLM):
    """Any causal LM or encoder, with an optional adapter that is never merged.

    pretrained: alias, folder or Hub id; adapter: folder or Hub id of a PEFT adapter. Every problem with either is an
    error; the base is never scored in an adapter's place.
    """

    def __init__(
        self,
        pretrained: str = "tiny",
        adapter: str | None = None,
        quantize: str | None = None,
        dtype: str | None = None,
        device: str | None = None,
        revision: str | None = None,
        batch_size: int | str | None = DEFAULT_BATCH,
        trust_remote_code: bool = False,
        any_base: bool = False,
        skip_gate: bool = False,
        progress: Progress | None = None,
        **kwargs: Any,
    ) -> None:
        unknown = set(kwargs) - {"max_batch_size"}
        if unknown:
            raise InputError(f"model 'tli' has no argument {sorted(unknown)[0]!r}; see `tli-bench run --help`")
        files = inspect_adapter(adapter) if adapter else None
        options = LoadOptions(
            dtype=None if dtype == "auto" else dtype,
            quantize=quantize,
            device=device,
            revision=revision,
            trust_remote_code=_flag(trust_remote_code),
        )
        loaded = load_model(pretrained, options)
        if not _flag(skip_gate):
            require_sane(loaded)
        model, reference = loaded.model, None
        if files is not None:
            model, reference = attach_adapter(loaded, files, any_base=_flag(any_base))
        tokens = tokens_policy(loaded.tokenizer)
        super().__init__(
            pretrained=model,
            tokenizer=loaded.tokenizer,
            backend="causal",
            batch_size=_batch(batch_size),
            max_length=None,
        )
        self.progress = progress
        self.vectors = Backend(model, loaded.tokenizer, batch_size=self.batch_size, progress=progress)
        self.adapter_files = files
        self.identity = MeasuredModel(
            id=loaded.id,
            revision=loaded.revision,
            dtype=loaded.dtype,
            quantization=loaded.quantization,
            tokens=tokens,
            adapter=reference,
            training=loaded.training,
            any_base=_flag(any_base),
            skip_gate=_flag(skip_gate),
            trained=trained_concepts(files.card if files else None) | trained_concepts(loaded.card),
        )

    @classmethod
    def create_from_arg_string(cls, arg_string: str, additional_config: dict[str, Any] | None = None) -> Any:
        """As lm-eval's own."""
        return super().create_from_arg_string(arg_string, _without_default_device(additional_config))

    @classmethod
    def create_from_arg_obj(cls, arg_dict: dict[str, Any], additional_config: dict[str, Any] | None = None) -> Any:
        """As lm-eval's own."""
        return super().create_from_arg_obj(arg_dict, _without_default_device(additional_config))

    def hidden_states(self, requests: Sequence[Any], **_: Any) -> list[PairStates]:
        """Answer requests of type `hidden_states`; see `tli_bench.vectors.answer.answer`."""
        return answer(requests, backend=self.vectors, identity=self.identity)

    def set_cache_hook(self, cache_hook: Any) -> None:
        """As lm-eval's own; raises InputError when `use_cache` names a file with another model's answers."""
        require_own_answers(cache_hook, self.identity)
        super().set_cache_hook(cache_hook)


def _without_default_device(config: dict[str, Any] | None) -> dict[str, Any]:
    """lm-eval's command line says `cuda:0` when the user says nothing; where there is no GPU that is no wish for one."""
    given = dict(config or {})
    if given.get("device") == "cuda:0" and not torch.cuda.is_available():
        del given["device"]
    return given


def _batch(value: int | str | None) -> int:
    """A batch size in words; lm-eval's default of 1 and `auto` mean ours."""
    if value in (None, 1, "1", "auto"):
        return DEFAULT_BATCH
    try:
        size = int(str(value))
    except ValueError as err:
        raise InputError(f"batch size {value!r} is not a number") from err
    if size < 1:
        raise InputError(f"batch size {value!r} is not positive")
    return size
