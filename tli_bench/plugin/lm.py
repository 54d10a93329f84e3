"""The lm-eval model `tli`: an HFLM over our loader, with the `hidden_states` request type, base and adapter in one."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import lm_eval.models  # noqa: F401  built-in models register only while the registry is empty: import them first
import torch
from lm_eval.api.registry import register_model
from lm_eval.models.huggingface import HFLM

from tli_bench.config.options import settings
from tli_bench.config.run import RunConfig
from tli_bench.lexicon.unseen import trained_concepts
from tli_bench.models import LoadedModel, LoadOptions, attach_adapter, inspect_adapter, load_model
from tli_bench.models.fingerprint import hub_commit, model_fingerprint
from tli_bench.models.gate import require_sane
from tli_bench.models.identity import AdapterRef, MeasuredModel
from tli_bench.models.tuned import hub_model_card, read_model_card, training_of
from tli_bench.plugin.counted import CountedHFLM
from tli_bench.vectors import answer as hidden_requests
from tli_bench.vectors.inputs import tokens_policy
from tli_bench.vectors.responses import PairStates

DEFAULT_BATCH: int = settings(RunConfig)["batch_size"].default


@register_model("tli")
class TLIModel(CountedHFLM):
    """Any causal LM or encoder, with an optional adapter that is never merged.

    The arguments are the options of `tli-bench run` that concern the model, under the same names (`config.run`), but
    for pretrained: alias, folder or Hub id, or a loaded base. adapter: None scores the base alone. Every problem with
    either is an error; the base is never scored in an adapter's place.
    """

    def __init__(
        self,
        pretrained: str | LoadedModel = "tiny",
        adapter: str | None = None,
        *,
        progress: hidden_requests.Progress | None = None,
        **arguments: object,
    ) -> None:
        name = pretrained.id if isinstance(pretrained, LoadedModel) else pretrained
        config = RunConfig.from_arguments(
            {"pretrained": name, "adapter": adapter, **_without_automatic(arguments)}
        ).chosen()
        files = inspect_adapter(config.adapter) if config.adapter else None
        options = LoadOptions(**{field.name: getattr(config, field.name) for field in fields(LoadOptions)})
        loaded = pretrained if isinstance(pretrained, LoadedModel) else load_model(name, options)
        if not config.skip_gate:
            require_sane(loaded)
        model, reference = loaded.model, None
        if files is not None:
            model, reference = attach_adapter(loaded, files, any_base=config.any_base)
        tokens = tokens_policy(loaded.tokenizer)
        super().__init__(
            pretrained=model,
            tokenizer=loaded.tokenizer,
            backend="causal",
            batch_size=config.batch_size,
            max_length=None,
        )
        self.progress = progress
        self.adapter_files = files
        self.identity = MeasuredModel(
            id=loaded.id,
            revision=loaded.revision,
            dtype=loaded.dtype,
            quantization=loaded.quantization,
            tokens=tokens,
            adapter=reference,
            training=loaded.training,
            any_base=config.any_base,
            skip_gate=config.skip_gate,
            trained=trained_concepts(files.card if files else None) | trained_concepts(loaded.card),
        )

    @classmethod
    def create_from_arg_string(cls, arg_string: str, additional_config: dict[str, Any] | None = None) -> Any:
        """As lm-eval's own."""
        return super().create_from_arg_string(arg_string, _without_defaults(additional_config))

    @classmethod
    def create_from_arg_obj(cls, arg_dict: dict[str, Any], additional_config: dict[str, Any] | None = None) -> Any:
        """As lm-eval's own."""
        return super().create_from_arg_obj(arg_dict, _without_defaults(additional_config))

    def hidden_states(self, requests: Sequence[Any], **_: Any) -> list[PairStates]:
        """Answer requests of type `hidden_states`; see `tli_bench.vectors.answer.answer`."""
        return hidden_requests.answer(
            requests,
            model=self._model,
            tokenizer=self.tokenizer,
            identity=self.identity,
            batch_size=self.batch_size,
            progress=self.progress,
        )


def _without_defaults(given: dict[str, Any] | None) -> dict[str, Any]:
    """What the user said on lm-eval's command line: its own defaults (one text at a time, on `cuda:0`) are not wishes."""
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


def _stock_identity(lm: Any) -> MeasuredModel:
    """Identity of a stock HFLM (`lm_eval run --model hf`), as far as it can be known from outside."""
    name = str(lm.pretrained if isinstance(lm.pretrained, str) else lm.config._name_or_path)
    folder = Path(name)
    local = folder.is_dir()
    revision = model_fingerprint(folder) if local else hub_commit(name, lm.revision) or "unknown"
    card = read_model_card(folder) if local else hub_model_card(name, revision)
    adapter, trained = None, trained_concepts(card)
    if hasattr(lm._model, "peft_config"):
        files = inspect_adapter(lm.peft)
        adapter = AdapterRef(name=files.path.name, sha256=files.sha256, rank=files.config.get("r"))
        trained |= trained_concepts(files.card)
    return MeasuredModel(
        id=name,
        revision=revision,
        dtype=str(lm._model.dtype).removeprefix("torch."),
        quantization=None,
        tokens=tokens_policy(lm.tokenizer),
        adapter=adapter,
        training=training_of(card),
        trained=trained,
    )


def attach_to_stock() -> None:
    """Give lm-eval's own HFLM the `hidden_states` request, so that stock `lm_eval run --model hf` runs our tasks."""
    if not hasattr(HFLM, "hidden_states"):
        HFLM.hidden_states = _stock_hidden_states


def _stock_hidden_states(self: Any, requests: Sequence[Any], **_: Any) -> list[PairStates]:
    return hidden_requests.answer(
        requests, model=self._model, tokenizer=self.tokenizer, identity=_stock_identity(self), batch_size=DEFAULT_BATCH
    )
