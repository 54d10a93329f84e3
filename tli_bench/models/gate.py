"""Sanity gate: refuse to score a base that is broken, before anything is scored.

A causal LM passes when its logits on known text are finite and when it finds sentences more likely than the same tokens
shuffled: a model with wrong rotary scaling, wrong weights or a foreign tokenizer cannot tell the two apart.
"""

from dataclasses import dataclass
from typing import Any

import torch
import yaml

from tli_bench.base.errors import GateError
from tli_bench.base.paths import data_dir
from tli_bench.languages import pivot
from tli_bench.models.load import LoadedModel

SHUFFLES = 8
# Random weights win half of the comparisons, by hundredths of a nat; sound models win all of them, by nats.
MIN_WON, MIN_MARGIN = 0.9, 0.1


@dataclass(frozen=True, slots=True)
class GateReport:
    """How known text compares with its shuffled tokens.

    text, shuffled: mean negative log-likelihood in nats per token. won: share of shuffles that are less likely than
    their sentence.
    """

    text: float
    shuffled: float
    won: float

    @property
    def passed(self) -> bool:
        """Whether the model tells the two apart beyond chance."""
        return self.won >= MIN_WON and self.shuffled - self.text >= MIN_MARGIN


def known_text(model_id: str) -> list[str]:
    """Sentences written by the project that any language model should find more likely than their shuffles."""
    data = yaml.safe_load((data_dir("tasks") / "gate.yaml").read_text(encoding="utf-8"))
    return list(data["models"].get(model_id, pivot().gate))


@torch.no_grad()
def require_sane(loaded: LoadedModel) -> GateReport | None:
    """Check weights and, for a causal LM, its likelihood of known text; None for encoders.

    Raises GateError naming what failed.
    """
    require_finite(loaded)
    if loaded.model.get_output_embeddings() is None or not hasattr(loaded.model, "generate"):
        return None
    generator = torch.Generator().manual_seed(0)
    text, shuffled, won = [], [], []
    # A fine-tuned model knows the text that its base knew.
    for sentence in known_text(loaded.training.base if loaded.training else loaded.id):
        ids = loaded.tokenizer(sentence, return_tensors="pt")["input_ids"]
        likelihood = _nll(loaded, ids)
        for _ in range(SHUFFLES):
            order = 1 + torch.randperm(ids.shape[1] - 1, generator=generator)
            mixed = torch.cat([ids[:, :1], ids[:, order]], dim=1)
            if torch.equal(mixed, ids):
                continue  # a sentence of one or two tokens, or a shuffle that changed nothing, says nothing
            text.append(likelihood)
            shuffled.append(_nll(loaded, mixed))
            won.append(likelihood < shuffled[-1])
    if not won:
        raise GateError(f"the sanity gate has no sentence of three tokens for {loaded.id}; pass --skip-gate to score it without the gate")
    report = GateReport(sum(text) / len(text), sum(shuffled) / len(shuffled), sum(won) / len(won))
    if not report.passed:
        raise GateError(
            f"{loaded.id} does not find ordinary sentences more likely than their shuffled tokens "
            f"({report.text:.2f} against {report.shuffled:.2f} nats per token, {report.won:.0%} of the shuffles beaten): "
            "the base is broken or its tokenizer belongs to another model. "
            "Check rope scaling, weights and revision; --skip-gate scores it anyway and says so"
        )
    return report


def require_finite(loaded: LoadedModel) -> None:
    """Raise GateError naming a weight that is NaN or infinite."""
    for name, parameter in loaded.model.named_parameters():
        if parameter.is_floating_point() and not parameter.isfinite().all():
            raise GateError(f"{loaded.id} holds NaN or infinite weights in {name}; its files are damaged")


def _nll(loaded: LoadedModel, ids: Any) -> float:
    ids = ids.to(loaded.device)
    logits = loaded.model(input_ids=ids).logits.float()
    if not logits.isfinite().all():
        raise GateError(f"{loaded.id} returns NaN or infinite logits on ordinary text; try another dtype")
    return float(torch.nn.functional.cross_entropy(logits[0, :-1], ids[0, 1:]))
