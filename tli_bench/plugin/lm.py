"""The lm-eval model `tli`: an HFLM over our loader, with the `hidden_states` request type, base and adapter in one."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

import lm_eval.models  # noqa: F401  built-in models register only while the registry is empty: import them first
import torch
from lm_eval.api.model import LM
from lm_eval.api.registry import register_model

from tli_bench.config.run import RunConfig
from tli_bench.models import LoadedModel, LoadOptions, attach_adapter, inspect_adapter, load_model
from tli_bench.models.adapters import adapter_disabled, read_weights, require_finite
from tli_bench.models.expected import note_of_whole_model, trained_of, twin_of
from tli_bench.models.identity import MeasuredModel
from tli_bench.models.live import tokenizer_fingerprint
from tli_bench.models.passed import require_sane_once
from tli_bench.models.types import Model, Tokenizer
from tli_bench.models.variants import Weights
from tli_bench.plugin.answer_cache import require_own_answers
from tli_bench.plugin.asking import fitting
from tli_bench.plugin.counted import CountedHFLM
from tli_bench.vectors.answer import answer
from tli_bench.vectors.backend import Backend, Progress
from tli_bench.vectors.inputs import tokens_policy
from tli_bench.vectors.placebos import Placebos
from tli_bench.vectors.responses import PairStates


@register_model("tli")
class TLIModel(CountedHFLM):
    """Any causal LM or encoder, with an optional adapter that is never merged.

    The arguments are the options of `tli-bench run` that concern the model, under the same names (`config.run`), except
    pretrained: alias, folder or Hub id, or a loaded base. adapter: None scores the base alone. Every problem with
    either is an error; the base is never scored in an adapter's place.
    """

    batch_size_per_gpu: int

    def __init__(
        self,
        pretrained: str | LoadedModel = "tiny",
        adapter: str | None = None,
        *,
        progress: Progress | None = None,
        **arguments: object,
    ) -> None:
        name = pretrained.id if isinstance(pretrained, LoadedModel) else pretrained
        config = RunConfig.from_arguments(
            {"pretrained": name, "adapter": adapter, **_without_automatic(arguments)}
        ).chosen()
        files = inspect_adapter(config.adapter) if config.adapter else None
        twin, missing = twin_of(files, config.twin)
        if twin is not None:
            require_finite(twin)
        options = LoadOptions(**{field.name: getattr(config, field.name) for field in fields(LoadOptions)})
        loaded = pretrained if isinstance(pretrained, LoadedModel) else load_model(name, options)
        if not config.skip_gate:
            require_sane_once(loaded)
        tokens, parameters = tokens_policy(loaded.tokenizer), loaded.parameters
        # Without the adapter: lm-eval ties the tables of tokens again, also those that were trained apart.
        super().__init__(
            pretrained=loaded.model,
            tokenizer=loaded.tokenizer,
            backend="causal",
            batch_size=config.batch_size,
            max_length=None,
            # Templates that let the model think first would spend the few tokens of an answer on it.
            enable_thinking=False,
        )
        other = read_weights(loaded, twin, any_base=config.any_base) if twin else None
        model, reference = loaded.model, None
        if files is not None:
            model, reference = attach_adapter(loaded, files, any_base=config.any_base)
        self._model = model
        self.progress = progress
        self.vectors = self._backend(model, loaded.tokenizer, other)
        self.placebos: Placebos | None = Placebos(self.vectors, config.placebo) if files else None
        self.adapter_files = files
        self.identity = MeasuredModel(
            id=loaded.id,
            revision=loaded.revision,
            dtype=loaded.dtype,
            quantization=loaded.quantization,
            tokens=tokens,
            adapter=reference,
            training=loaded.training,
            any_base=config.any_base and files is not None,
            skip_gate=config.skip_gate,
            trained=trained_of(config, files, loaded.card),
            twin=twin.sha256 if twin else None,
            placebo=config.placebo if files else 0,
            package=loaded.package,
            parameters=parameters,
            first_blocks=loaded.first.blocks if loaded.first else None,
            tokenizer=tokenizer_fingerprint(loaded.tokenizer)[:12] if config.tokenizer else None,
            notes=tuple(note for note in (missing, note_of_whole_model(loaded.id, loaded.card, files)) if note),
        )

    @classmethod
    def create_from_arg_string(cls, arg_string: str, additional_config: dict[str, Any] | None = None) -> Any:
        """As lm-eval's own."""
        return super().create_from_arg_string(arg_string, _without_defaults(additional_config))

    @classmethod
    def create_from_arg_obj(cls, arg_dict: dict[str, Any], additional_config: dict[str, Any] | None = None) -> Any:
        """As lm-eval's own."""
        return super().create_from_arg_obj(arg_dict, _without_defaults(additional_config))

    def _backend(self, model: Model, tokenizer: Tokenizer, twin: Weights | None) -> Backend:
        return Backend(model, tokenizer, batch_size=self.batch_size, progress=self.progress, twin=twin)

    @contextmanager
    def bare(self) -> Iterator[None]:
        """Inside the `with` block texts and log-likelihoods are the base's: the adapter is switched off, never merged."""
        with adapter_disabled(self.model):
            yield

    @contextmanager
    def for_prompts(self, size: int) -> Iterator[None]:
        """Inside the `with` block at most `size` prompts make a batch."""
        kept = self.batch_size_per_gpu
        self.batch_size_per_gpu = min(kept, size)
        try:
            yield
        finally:
            self.batch_size_per_gpu = kept

    def watched(self, progress: Progress | None) -> None:
        """Call `progress(done, total)` from now on, in words, texts and requests."""
        self.progress = self.vectors.progress = progress

    def generate_until(self, requests: Sequence[Any], disable_tqdm: bool = False) -> Any:
        """As lm-eval's own, but a prompt of our tasks that is too long keeps what is asked; see `downstream.fitting`."""
        return super().generate_until([fitting(self, request) for request in requests], disable_tqdm=disable_tqdm)

    def hidden_states(self, requests: Sequence[Any], **_: Any) -> list[PairStates]:
        """Answer requests of type `hidden_states`; see `tli_bench.vectors.answer.answer`."""
        return answer(requests, backend=self.vectors, identity=self.identity, placebos=self.placebos)

    def for_words(self) -> LM:
        """What lm-eval is given to score words."""
        return self

    def set_cache_hook(self, cache_hook: Any) -> None:
        """As lm-eval's own; raises InputError when `use_cache` names a file with another model's answers."""
        require_own_answers(cache_hook, self.identity)
        super().set_cache_hook(cache_hook)


def _without_defaults(given: dict[str, Any] | None) -> dict[str, Any]:
    """What the user chose on lm-eval's command line: its own defaults (one text at a time, on `cuda:0`) are not choices."""
    said = _without_automatic(dict(given or {}))
    if said.get("device") == "cuda:0" and not torch.cuda.is_available():
        del said["device"]
    if str(said.get("batch_size")) == "1":
        del said["batch_size"]
    return said


def _without_automatic(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments without those that leave the choice to us, and without the one that only lm-eval's `auto` needs."""
    automatic = {"batch_size": (None, "auto"), "dtype": ("auto",)}
    return {
        name: value
        for name, value in arguments.items()
        if name != "max_batch_size" and value not in automatic.get(name, ())
    }
