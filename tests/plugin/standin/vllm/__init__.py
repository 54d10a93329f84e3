"""A stand-in for vLLM in tests, not vLLM: what lm-eval's model `vllm` calls, with the same names and arguments.

Where vLLM's kernels would run, a transformers model does, with the adapter that a request names loaded by stock PEFT. So what
is tested is what is asked and what becomes of the answers; that vLLM itself gives them is tested in `test_real_engine.py`.
"""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import torch

_ENGINE_ARGUMENTS = {
    "revision", "dtype", "tokenizer", "tokenizer_mode", "tokenizer_revision", "trust_remote_code", "tensor_parallel_size", "max_model_len",
    "max_num_seqs", "quantization", "seed", "enable_lora", "max_lora_rank", "lora_target_modules", "use_tqdm_on_load",
}  # fmt: skip
_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)


@dataclass
class TokensPrompt:
    prompt_token_ids: list[int]


@dataclass
class SamplingParams:
    temperature: float = 1.0
    max_tokens: int = 16
    stop: list[str] = field(default_factory=list)
    prompt_logprobs: int | None = None
    detokenize: bool = True
    skip_special_tokens: bool = True
    spaces_between_special_tokens: bool = True


class LLM:
    def __init__(self, model: str, **arguments: Any) -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        unknown = arguments.keys() - _ENGINE_ARGUMENTS
        if unknown:
            raise TypeError(f"EngineArgs.__init__() got an unexpected keyword argument {min(unknown)!r}")
        if arguments["max_lora_rank"] not in _RANKS:
            raise ValueError(f"max_lora_rank must be one of {_RANKS}")
        if arguments["max_model_len"] != -1:
            raise ValueError("the test asks for as much as fits")
        self.arguments = arguments
        # The adapter goes onto a base of its own: PEFT changes the one that it is given.
        self._load = lambda: AutoModelForCausalLM.from_pretrained(
            model, dtype=getattr(torch, arguments["dtype"]), revision=arguments["revision"]
        ).eval()
        self._base, self._adapted = self._load(), None
        self._tokenizer = AutoTokenizer.from_pretrained(model)
        length = self._base.config.max_position_embeddings
        self.llm_engine = SimpleNamespace(model_config=SimpleNamespace(max_model_len=length))

    @torch.no_grad()
    def generate(
        self, prompts: list[TokensPrompt], *, sampling_params: list[SamplingParams], use_tqdm: bool, lora_request: Any
    ) -> list[Any]:
        model = self._model_for(lora_request)
        return [
            self._answer(model, one.prompt_token_ids, how) for one, how in zip(prompts, sampling_params, strict=True)
        ]

    def _model_for(self, request: Any) -> Any:
        if request is None:
            return self._base
        if not self.arguments["enable_lora"]:
            raise ValueError("LoRA is not enabled")
        if self._adapted is None:
            from peft import PeftModel

            self._adapted = PeftModel.from_pretrained(self._load(), request.lora_path).eval()
        return self._adapted

    def _answer(self, model: Any, ids: list[int], how: SamplingParams) -> Any:
        assert how.temperature == 0
        if how.prompt_logprobs is not None:
            scores = model(torch.tensor([ids])).logits[0].float().log_softmax(-1)
            rows: list[dict[int, float] | None] = [None]
            for row, token in zip(scores, ids[1:], strict=False):
                best = int(row.argmax())
                rows.append({best: float(row[best]), token: float(row[token])})
            return SimpleNamespace(prompt_logprobs=rows, outputs=[SimpleNamespace(text="")])
        new, text, told, cache = [], "", ids, None
        for _ in range(how.max_tokens):
            output = model(torch.tensor([told]), past_key_values=cache, use_cache=True)
            told, cache = [int(output.logits[0, -1].argmax())], output.past_key_values
            new += told
            text = self._tokenizer.decode(new, skip_special_tokens=how.skip_special_tokens)
            ends = [text.index(stop) for stop in how.stop if stop in text]
            if ends:
                text = text[: min(ends)]
                break
        return SimpleNamespace(prompt_logprobs=None, outputs=[SimpleNamespace(text=text)])
