"""The model of a run whose prompts vLLM answers, through lm-eval's own model `vllm`; it reads no hidden states."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from lm_eval.api.model import LM

from tli_bench.base.errors import InputError, ModelError
from tli_bench.config.run import RunConfig
from tli_bench.models.adapter_files import WEIGHTS
from tli_bench.models.adapters import inspect_adapter, reference_of, require_own_base, tensor_shapes
from tli_bench.models.catalog import resolve_model
from tli_bench.models.expected import expected_model
from tli_bench.models.families import family_of
from tli_bench.models.fingerprint import hub_commit
from tli_bench.models.hub import first_line
from tli_bench.models.identity import MeasuredModel
from tli_bench.models.load import LoadOptions, device_of, load_config, load_tokenizer
from tli_bench.models.served import OTHERWISE, Served, served
from tli_bench.models.skeleton import skeleton
from tli_bench.plugin.answer_cache import require_own_answers
from tli_bench.plugin.asking import fitting
from tli_bench.plugin.checks import require_engine
from tli_bench.vectors.backend import Progress
from tli_bench.vectors.inputs import tokens_policy


class EngineModel(LM):
    """A causal LM with an optional LoRA adapter, served by vLLM, which starts at the first prompt.

    Both states come from one engine: each prompt says whether the adapter is to be applied. identity: as of `TLIModel`, with the engine and
    its version. Raises as `load_model` and `attach_adapter` do, InputError for an option that vLLM has no equivalent of, and AdapterError
    for an adapter that it cannot serve.
    """

    def __init__(self, config: RunConfig) -> None:
        super().__init__()
        config = config.chosen()
        self._device = torch.device(device_of(None))
        engine = require_engine(config)
        if config.device not in (None, self.device.type):
            raise InputError(
                f"--device {config.device}: vLLM runs on what CUDA_VISIBLE_DEVICES shows, here {self.device.type}; leave it out"
            )
        source = resolve_model(config.model)
        options = LoadOptions(revision=config.revision, trust_remote_code=config.trust_remote_code)
        shape = load_config(source, options)
        if family_of(shape).head != "causal":
            raise InputError(f"{source.id} is not a causal language model, so vLLM can ask it nothing; {OTHERWISE}")
        if source.path is None:
            config = replace(config, revision=hub_commit(source.target, config.revision))
            options = replace(options, revision=config.revision)
        found = expected_model(config, device=self.device.type)
        assert found is not None, "the revision is a commit or a fingerprint, and the file is not GGUF"
        self.tokenizer = load_tokenizer(config.model, options)
        self.progress: Progress | None = None
        self._config, self._target, self._bare = config, source.target, False
        self._started: Any = None
        self._lora: Any = None
        self._served: Served | None = None
        reference = None
        if config.adapter:
            files = inspect_adapter(config.adapter)
            if not config.any_base:
                require_own_base(files, id=source.id, revision=found.revision, path=source.target)
            shapes = tensor_shapes(files.path / WEIGHTS)
            self._served, self._folder = served(files, shapes, skeleton(shape)), str(files.path)
            reference = reference_of(files, shapes)
        self.identity: MeasuredModel = replace(
            found, tokens=tokens_policy(self.tokenizer), adapter=reference, engine=engine
        )

    @property
    def engine(self) -> Any:
        """lm-eval's model, started on first use; raises ModelError where vLLM cannot start."""
        if self._started is None:
            # Before vLLM is imported: it logs every step, and tells its makers what is run.
            os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
            os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
            from lm_eval.models.vllm_causallms import VLLM

            try:
                self._started = VLLM(**self._arguments())
            except Exception as err:  # what vLLM raises has no common base
                raise ModelError(f"vLLM cannot start {self.identity.id}: {first_line(err)}; {OTHERWISE}") from err
            # -1 was for vLLM: lm-eval, too, is to read how much of a text fits from the engine.
            self._started._max_length = None
            self._lora = self._started.lora_request
        return self._started

    def _arguments(self) -> dict[str, Any]:
        config, lora = self._config, {}
        if self._served:
            lora = {
                "lora_local_path": self._folder,
                "max_lora_rank": self._served.rank,
                # Without the head, whose LoRA breaks the log-likelihoods of prompts on a CPU (vLLM 0.32).
                "lora_target_modules": list(self._served.modules),
            }
        return lora | {
            "pretrained": self._target,
            "revision": None if os.path.isdir(self._target) else config.revision,
            "dtype": self.identity.dtype,
            "trust_remote_code": config.trust_remote_code,
            "tensor_parallel_size": max(torch.cuda.device_count(), 1) if config.device_map else 1,
            "batch_size": config.batch_size,
            # As much text as the model reads, or as its cache has memory for.
            "max_model_len": -1,
            "enable_thinking": False,
            "use_tqdm_on_load": False,
        }

    @property
    def max_length(self) -> int:
        """How many tokens are read at once."""
        return int(self.engine.max_length)

    @property
    def max_gen_toks(self) -> int:
        """How many tokens are generated if a task does not say."""
        return int(self.engine.max_gen_toks)

    @property
    def tokenizer_name(self) -> str:
        """As lm-eval's own."""
        return str(self.engine.tokenizer_name)

    def tok_encode(self, string: str) -> list[int]:
        """Token ids of a prompt, as the engine reads it."""
        return list(self.engine.tok_encode(string))

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        """As lm-eval's own."""
        return str(self.engine.apply_chat_template(chat_history, add_generation_prompt))

    @contextmanager
    def bare(self) -> Iterator[None]:
        """Inside the `with` block texts and log-likelihoods are the base's."""
        self._bare = True
        try:
            yield
        finally:
            self._bare = False

    @contextmanager
    def for_prompts(self, size: int) -> Iterator[None]:
        """As of `TLIModel`; vLLM makes its own batches."""
        yield

    def watched(self, progress: Progress | None) -> None:
        """As of `TLIModel`."""
        self.progress = progress

    def set_cache_hook(self, cache_hook: Any) -> None:
        """As of `TLIModel`."""
        require_own_answers(cache_hook, self.identity)
        super().set_cache_hook(cache_hook)

    def loglikelihood(self, requests: Sequence[Any], disable_tqdm: bool = False) -> Any:
        """As lm-eval's own."""
        return self._answers("loglikelihood", requests)

    def loglikelihood_rolling(self, requests: Sequence[Any], disable_tqdm: bool = False) -> Any:
        """As lm-eval's own."""
        return self._answers("loglikelihood_rolling", requests)

    def generate_until(self, requests: Sequence[Any], disable_tqdm: bool = False) -> Any:
        """As `TLIModel.generate_until`."""
        return self._answers("generate_until", requests)

    def _answers(self, kind: str, requests: Sequence[Any]) -> list[Any]:
        """The answers in order, those of `batch_size` requests at a time, which are kept as they come."""
        engine, found = self.engine, []
        engine.lora_request = None if self._bare else self._lora
        for start in range(0, len(requests), self._config.batch_size):
            part = requests[start : start + self._config.batch_size]
            asked = [fitting(self, request) for request in part] if kind == "generate_until" else part
            try:
                answers = getattr(engine, kind)(asked, disable_tqdm=True)
            except Exception as err:  # a dead engine says so in many ways
                raise ModelError(
                    f"vLLM stopped answering: {first_line(err)}; the same command goes on from here"
                ) from err
            for request, answer in zip(part, answers, strict=True):
                self.cache_hook.add_partial(kind, request.args, answer)
            found += answers
            if self.progress:
                self.progress(len(found), len(requests))
        return found
