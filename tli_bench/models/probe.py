"""What one tiny forward pass says about a model: whether it sees both ways, and whether the blocks found produce its hidden states."""

from dataclasses import dataclass
from typing import Any

import torch

from tli_bench.base.errors import ModelError
from tli_bench.models.adapters import adapter_disabled
from tli_bench.models.body import block_outputs, body_of, depth_of, hidden_states, text_config
from tli_bench.models.trees import CHECKED_IDS, why_apart
from tli_bench.models.types import Model

TOKENS = 4
# Experts and kernels may round an earlier position differently when a later token changes: below this value, relative to the
# largest number of the state, the configuration decides. A model that sees both ways changes it by one percent or more.
ROUNDING = {torch.float32: 1e-4, torch.bfloat16: 3e-2, torch.float16: 4e-3}


@dataclass(frozen=True, slots=True)
class Probed:
    """causal: no position sees a later one. chain: the output of each block is the next hidden state."""

    causal: bool
    chain: bool


def probe_sharing(model: Model, probed: Probed) -> str:
    """Why each text has to run for itself in this model as it is now, adapter included; empty where prefixes can be shared.

    See `trees.why_apart`. The model is put in evaluation mode for it.
    """
    if not probed.causal:
        return "it sees both ways"
    training = model.training
    model.eval()
    try:
        return why_apart(
            model, _ordinary_ids(model, CHECKED_IDS)[0].tolist(), tolerance=ROUNDING.get(model.dtype, 1e-4)
        )
    finally:
        model.train(training)


def declares_causal(config: Any) -> bool:
    """What a text configuration says about causality: `use_bidirectional_attention`, `is_causal`, `causal`, `is_decoder`.

    A configuration that says nothing counts as causal if its type has a causal-LM class and no masked-LM class.
    """
    if getattr(config, "use_bidirectional_attention", None):
        return False
    for name in ("is_causal", "causal"):
        if isinstance(getattr(config, name, None), bool):
            return bool(getattr(config, name))
    if getattr(config, "is_decoder", False):
        return True
    from transformers.models.auto import modeling_auto as auto

    kind = getattr(config, "model_type", "")
    return kind in auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES and kind not in auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES


def is_causal(model: Model) -> bool:
    """Whether a position sees only itself and the ones before it; see `probe`."""
    return probe(model).causal


@torch.no_grad()
def probe(model: Model) -> Probed:
    """Run two sequences that differ only in their last token through the base, in evaluation mode.

    Raises ModelError if the model does not run on token ids alone, or if it does not have one hidden state for each token
    in each layer.
    """
    ids = _ordinary_ids(model)
    last = ids.clone()
    last[0, -1] = ids[0, 0]
    training = model.training
    model.eval()
    try:
        with adapter_disabled(model):
            with block_outputs(model) as outputs:
                states = hidden_states(model, ids)
            other = hidden_states(model, last)
    except (AttributeError, IndexError, KeyError, NotImplementedError, TypeError, ValueError) as err:
        reason = (str(err).strip().splitlines() or [type(err).__name__])[0]
        raise ModelError(f"{type(body_of(model)).__name__} does not run on token ids alone: {reason}") from err
    finally:
        model.train(training)
    before, after = states[-1][0, :-1].float(), other[-1][0, :-1].float()
    moved = float((before - after).abs().max() / before.abs().max().clamp(min=1e-30))
    rounding = ROUNDING.get(states[-1].dtype, 1e-4)
    # States that overflow say nothing (NaN is above nothing); the sanity gate refuses them.
    clear = moved == 0.0 or moved >= rounding
    causal = moved == 0.0 if clear else declares_causal(text_config(model))
    whole = len(outputs) == depth_of(model)
    if whole and all(map(_same, outputs, states)):
        raise ModelError(
            f"{type(body_of(model)).__name__} counts its hidden states from the first block on and does not return one for its embeddings, "
            "so its layers do not line up with those of other models; this architecture is not supported"
        )
    return Probed(causal, whole and all(map(_same, outputs[:-1], states[1:])))


def _same(block: torch.Tensor, state: torch.Tensor) -> bool:
    return block.shape == state.shape and torch.equal(block, state)


def _ordinary_ids(model: Model, count: int = TOKENS) -> torch.Tensor:
    """A few ids `[1, count]` from the middle of the vocabulary, none of which has a special meaning in the configuration."""
    configs = (model.config, text_config(model))
    special = {
        value
        for config in configs
        for name, value in vars(config).items()
        if name.endswith(("_token_id", "_token_index", "_id")) and isinstance(value, int)
    }
    weight = model.get_input_embeddings().weight
    rows = int(getattr(text_config(model), "vocab_size", None) or weight.shape[0])
    ids = [index for index in range(rows // 2, rows) if index not in special][:count]
    ids = ids if len(ids) == count else [index for index in range(rows) if index not in special][:count]
    device = next(model.parameters()).device
    return torch.tensor([ids], device=device)
