"""Fingerprints of what is in memory: whatever changes a hidden state changes one of them, however it was changed.

Version counters and addresses are not enough (`parameter.data.copy_` moves neither), so the bytes themselves are summed
in place: words of 64 bits, with their bits mixed, each times a random number of its own, modulo 2**64. This is exact on
every device, whatever the order of the additions, and any change, or a swap of two words, gives a different sum. The cost
is reading the weights once for each call of `Backend.unchanged`: on one CPU core about half a second per GB.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import torch
from torch import nn

from tli_bench.models.body import body_of, is_wrapped, text_config, unwrapped
from tli_bench.models.types import Model, Tokenizer, Wrapped

_CHUNK = {"cpu": 1 << 15}
_LARGE_CHUNK = 1 << 22
"""Words of 8 bytes summed at once: on a CPU as many as its cache holds, elsewhere enough to keep the number of calls small."""
_MIX = -7046029254386353131
"""An odd number with mixed bits: 2**64 over the golden ratio, as a signed word."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Hex digests of everything that determines a hidden state. adapter: empty without one."""

    weights: str
    tokenizer: str
    adapter: str = ""


def fingerprint(model: Model, tokenizer: Tokenizer) -> Fingerprint:
    """Fingerprints of a model's text body and configuration, of its tokenizer and of its adapter."""
    adapters = set(cast(Wrapped, model).peft_config) if is_wrapped(model) else set()
    base, adapter = hashlib.sha256(), hashlib.sha256()
    body = body_of(model)
    for name, tensor in _tensors(body):
        # PEFT keeps an adapter's tensors under the adapter's name: `q_proj.lora_A.default.weight`.
        part = base if adapters.isdisjoint(name.split(".")) else adapter
        own = name.replace(".base_layer.", ".").replace(".original_module.", ".")  # its name without an adapter
        part.update(_line(own, tensor))
    config = text_config(model)
    base.update(f"{type(body).__name__} {getattr(config, '_attn_implementation', '')}".encode())
    base.update(_json(_fields(config)))
    if not adapters:
        return Fingerprint(base.hexdigest(), tokenizer_fingerprint(tokenizer))
    adapter.update(_of_adapters(model, body))
    return Fingerprint(base.hexdigest(), tokenizer_fingerprint(tokenizer), adapter.hexdigest())


def whole_fingerprint(model: Model, tokenizer: Tokenizer) -> str:
    """One hex digest of all that decides a model's outputs: heads as well as body, adapter, configuration and tokenizer."""
    digest, inner = hashlib.sha256(), unwrapped(model)
    for name, tensor in _tensors(model):
        digest.update(_line(name, tensor))
    attention = getattr(text_config(model), "_attn_implementation", "")
    digest.update(f"{type(inner).__module__} {type(inner).__name__} {attention}".encode())
    digest.update(_json(_fields(inner.config)))
    if is_wrapped(model):
        digest.update(_of_adapters(model, body_of(model)))
    digest.update(tokenizer_fingerprint(tokenizer).encode())
    return digest.hexdigest()


def _line(name: str, tensor: torch.Tensor) -> bytes:
    return f"{name} {tensor.dtype} {tuple(tensor.shape)} {tensor.device.type} {_checksum(tensor)}\n".encode()


def _fields(config: Any) -> Any:
    return config.to_dict() if hasattr(config, "to_dict") else vars(config)


def _of_adapters(model: Model, body: nn.Module) -> bytes:
    """What is not a tensor of them: settings, which are active, scales."""
    settings = _json([_settings(model, name) for name in sorted(cast(Wrapped, model).peft_config)])
    return settings + _json([sorted(map(str, getattr(model, "active_adapters", ()))), _scalings(body)])


def tokenizer_fingerprint(tokenizer: Tokenizer) -> str:
    """Digest of everything that determines which ids a text becomes."""
    digest = hashlib.sha256(type(tokenizer).__name__.encode())
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        digest.update(_json(sorted(tokenizer.get_vocab().items())))
        digest.update(_json(getattr(tokenizer, "init_kwargs", {})))
    else:
        # Not its whole JSON: that includes the padding and truncation set by the last caller.
        for part in (backend.normalizer, backend.pre_tokenizer, backend.model, backend.post_processor):
            digest.update(part.__getstate__() if part is not None else b"-")
    added = getattr(tokenizer, "added_tokens_decoder", {})
    digest.update(_json({index: repr(token) for index, token in added.items()}))
    digest.update(_json(getattr(tokenizer, "special_tokens_map", {})))
    return digest.hexdigest()


def _settings(model: Model, name: str) -> dict[str, Any]:
    config = cast(Wrapped, model).peft_config[name]
    return {key: value for key, value in config.to_dict().items() if key != "base_model_name_or_path"}


def _scalings(body: nn.Module) -> list[Any]:
    """Numbers of PEFT's layers that are not tensors."""
    found = ((name, getattr(part, "scaling", None)) for name, part in body.named_modules())
    return [(name, scaling) for name, scaling in found if isinstance(scaling, dict)]


def _tensors(body: nn.Module | Model) -> Iterator[tuple[str, torch.Tensor]]:
    yield from body.named_parameters()
    yield from body.named_buffers()


@cache
def _multipliers(device: torch.device) -> torch.Tensor:
    size = _CHUNK.get(device.type, _LARGE_CHUNK)
    generator = torch.Generator().manual_seed(0)
    return torch.randint(-(2**63), 2**63 - 1, (size,), generator=generator, dtype=torch.int64).to(device)


@torch.no_grad()
def _checksum(tensor: torch.Tensor) -> str:
    """Checksum of a tensor's bytes in order; a dash for a tensor that has no bytes here (meta device, empty)."""
    if tensor.is_meta or not tensor.numel():
        return "-"
    data = tensor.detach().contiguous().reshape(-1).view(torch.uint8)
    whole = data.numel() // 8 * 8
    found = [bytes(data[whole:].tolist()).hex()]
    if whole:
        # A view of 8-byte words needs an aligned start: a tensor that is not aligned is copied.
        aligned = data[:whole] if data.data_ptr() % 8 == 0 else data[:whole].clone()
        multipliers = _multipliers(tensor.device)
        sums = []
        for part in aligned.view(torch.int64).split(multipliers.numel()):
            mixed = part * _MIX  # low bits reach the high ones
            mixed.bitwise_xor_(mixed >> 32)  # and these the low ones
            sums.append(mixed.mul_(multipliers[: part.numel()]).sum())
        found += map(str, torch.stack(sums).tolist())
    return " ".join(found)


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, default=_plain).encode()


def _plain(value: Any) -> Any:
    """What JSON does not have, the same in every process: a set's own order is not (PEFT's target modules are one)."""
    return sorted(value, key=repr) if isinstance(value, set | frozenset) else repr(value)
