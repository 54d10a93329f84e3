"""The objective: only the blocks below the loss run, anchors and positives in one batch, no LM head."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from tli_bench.base.errors import InputError
from tli_bench.models.body import blocks_of, body_of, text_config, unwrapped
from tli_bench.models.types import Model
from tli_bench.training.data import pad
from tli_bench.training.losses import LOSSES, LossOptions
from tli_bench.training.targets import Target
from tli_bench.vectors.inputs import Encoded
from tli_bench.vectors.protocols import Pooling


@contextmanager
def truncated(model: Model, depth: int) -> Iterator[None]:
    """Within the context the base model runs its first `depth` blocks only; the weights are shared, not copied.

    What the truncated model returns as its last state is not a state of the full model (the final norm follows block
    `depth`): read block outputs instead.
    """
    blocks = blocks_of(model)
    if not 1 <= depth <= len(blocks):
        raise InputError(f"cannot run {depth} blocks of a model that has {len(blocks)}")
    owner, name = _owner(body_of(model), blocks)
    setattr(owner, name, nn.ModuleList(list(blocks)[:depth]))
    try:
        yield
    finally:
        setattr(owner, name, blocks)


def _owner(body: nn.Module, blocks: nn.ModuleList) -> tuple[nn.Module, str]:
    for module in body.modules():
        for name, child in module.named_children():
            if child is blocks:
                return module, name
    raise InputError(f"the blocks of {type(body).__name__} belong to no module; it cannot be truncated")


def target_states(
    model: Model,
    ids: Tensor,
    mask: Tensor,
    targets: Sequence[Target],
    *,
    positions: Tensor | None = None,
    truncate: bool = True,
) -> list[Tensor]:
    """Hidden states `[batch, tokens, dim]` at each target, from one forward that stops at the deepest of them.

    mask, positions: as `hidden_states` takes them.
    """
    blocks = blocks_of(model)
    deepest = max(target.block for target in targets)
    seen: dict[int, Tensor] = {}

    def keep(block: int) -> Any:
        def hook(_module: nn.Module, _args: Any, output: Any) -> None:
            seen[block] = output[0] if isinstance(output, tuple) else output

        return hook

    handles = [blocks[t.block - 1].register_forward_hook(keep(t.block)) for t in targets if not t.after_norm]
    given: dict[str, Any] = {"use_cache": False} if hasattr(text_config(model), "use_cache") else {}
    if positions is not None:
        given["position_ids"], mask = positions, mask.to(model.dtype)
    try:
        with truncated(model, deepest if truncate else len(blocks)):
            output = body_of(model)(input_ids=ids, attention_mask=mask, **given)
    finally:
        for handle in handles:
            handle.remove()
    return [output.last_hidden_state if t.after_norm else seen[t.block] for t in targets]


def pool(states: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean over the tokens of `states` `[words, tokens, dim]`, or over the nodes of one tree, float32 `[words, dim]`."""
    weights = weights.to(states.device)
    if len(states) == 1 < len(weights):
        return weights @ states[0].float()
    return torch.einsum("bt,btd->bd", weights, states.float())


class PairObjective(nn.Module):
    """A model with the loss of a recipe around it; its state is that of the trainable parameters alone.

    truncate: run only the blocks below the loss (False is for proofs and comparisons).
    retention: a term on ordinary text, called with the model and the text batch, or None.
    """

    def __init__(
        self,
        model: Model,
        targets: Sequence[Target],
        *,
        loss: str,
        options: LossOptions | None = None,
        truncate: bool = True,
        retention: nn.Module | None = None,
        retention_weight: float = 0.0,
    ) -> None:
        super().__init__()
        self.model = model
        self.targets = tuple(targets)
        self.loss = loss
        self.options = options or LossOptions()
        self.truncate = truncate
        self.retention = retention
        self.retention_weight = retention_weight
        self.trainable = frozenset(name for name, p in self.named_parameters() if p.requires_grad)
        # By it accelerate sees where the model may be cut, for FSDP.
        self._no_split_modules = sorted({type(block).__name__ for block in blocks_of(model)})
        spread = getattr(unwrapped(model), "hf_device_map", None) or {}
        if len(set(spread.values())) > 1:
            # By it the trainer sees that the model is spread over several GPUs, and leaves it there.
            self.hf_device_map: dict[str, Any] = spread

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        weights: Tensor,
        negatives: Tensor,
        positions: Tensor | None = None,
        text_ids: Tensor | None = None,
        text_mask: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """The loss of one batch: rows 0..B-1 are anchors, B..2B-1 their positives; negatives is bool `[B, B]`.

        positions: of the nodes, `[1, nodes]`, where the words are one tree; weights are then `[2B, nodes]`. A batch in which no
        anchor has a negative contributes nothing (a loss of zero with zero gradient).
        """
        states = target_states(
            self.model, input_ids, attention_mask, self.targets, positions=positions, truncate=self.truncate
        )
        spec = LOSSES[self.loss]
        total = states[0].float().sum() * 0.0
        if negatives.any() or not spec.needs_batch:
            for state in states:
                anchors, positives = pool(state, weights).chunk(2)
                loss = spec.call(anchors, positives, negatives.to(anchors.device), self.options)
                total = total + loss.to(total.device) / len(states)
        if self.retention is not None and text_ids is not None and text_mask is not None:
            held = self.retention(self.model, self.targets, text_ids, text_mask)
            total = total + self.retention_weight * held.to(total.device)
        return {"loss": total}

    @torch.no_grad()
    def embed(self, encoded: Sequence[Encoded], pooling: Pooling, *, batch_size: int = 128) -> list[Tensor]:
        """Pooled states `[words, dim]` of each target, in evaluation mode, on the CPU; words of about one length run side by side."""
        device, was_training = next(self.model.parameters()).device, self.training
        self.eval()
        parts: list[list[Tensor]] = [[] for _ in self.targets]
        order = sorted(range(len(encoded)), key=lambda row: len(encoded[row].ids))
        try:
            for start in range(0, len(encoded), batch_size):
                batch = pad([encoded[row] for row in order[start : start + batch_size]], pooling, pad_id=0)
                ids, mask = batch["input_ids"].to(device), batch["attention_mask"].to(device)
                states = target_states(self.model, ids, mask, self.targets, truncate=self.truncate)
                for part, state in zip(parts, states, strict=True):
                    part.append(pool(state, batch["weights"]).cpu())
        finally:
            self.train(was_training)
        back = torch.tensor(order).argsort()
        return [torch.cat(part)[back] for part in parts]

    def state_dict(self, *args: Any, **kwargs: Any) -> dict[str, Any]:  # type: ignore[override]
        """The trainable parameters: what a checkpoint needs in addition to the base, which does not change."""
        full = super().state_dict(*args, **kwargs)
        return {name: tensor for name, tensor in full.items() if name in self.trainable}

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """Restore the trainable parameters; a missing or foreign tensor is an error whatever `strict` says."""
        if set(state_dict) != self.trainable:
            differing = sorted(set(state_dict) ^ self.trainable)
            raise InputError(
                f"the checkpoint belongs to another training run: {len(differing)} tensors differ, first {differing[0]}"
            )
        super().load_state_dict(state_dict, strict=False, assign=assign)
        return nn.modules.module._IncompatibleKeys([], [])
