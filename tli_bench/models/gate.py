"""Sanity gate: refuse to score a base that is broken, before anything is scored.

Every model's weights must be finite. One with a language-modelling head passes when its logits on known text are finite
and when it finds sentences more likely than the same tokens shuffled: a model with wrong rotary scaling, wrong weights or a
foreign tokenizer cannot tell the two apart. For a causal LM the likelihood is used, for a masked LM the
pseudo-likelihood, with each token masked in turn (Salazar et al. 2020, arXiv 1910.14659). An encoder without a head, or with
one of another kind (XLNet's permutations, BERT's LM class without `is_decoder`), can only be checked for finite weights.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from tli_bench.base.errors import GateError
from tli_bench.base.paths import data_dir
from tli_bench.base.yamls import load_yaml
from tli_bench.languages import pivot
from tli_bench.models.body import family
from tli_bench.models.load import LoadedModel
from tli_bench.models.probe import is_causal

VERSION = 1
"""Of what the gate asks and demands: to be raised whenever another model could pass, since outcomes are kept."""
SHUFFLES = 8
# Random weights win half of the comparisons, by hundredths of a nat; sound models win all of them, by nats.
MIN_WON, MIN_MARGIN = 0.9, 0.1
_AT_ONCE = 1 << 22


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
    data = load_yaml(data_dir("tasks") / "gate.yaml")
    return list(data["models"].get(model_id, pivot().gate))


def sentences_for(loaded: LoadedModel) -> list[str]:
    """The sentences that this model is asked about: a fine-tuned one knows the text that its base knew."""
    return known_text(loaded.training.base if loaded.training else loaded.id)


@torch.no_grad()
def require_sane(loaded: LoadedModel) -> GateReport | None:
    """Check weights and, if there is a language-modelling head, the likelihood of known text; None without a head.

    Raises GateError naming what failed.
    """
    require_finite(loaded)
    likelihoods = _likelihoods(loaded)
    if likelihoods is None:
        return None
    generator = torch.Generator().manual_seed(0)
    variants = [_variants(loaded, sentence, generator) for sentence in sentences_for(loaded)]
    # A sentence of one or two tokens, or shuffles that changed nothing, say nothing.
    variants = [rows for rows in variants if len(rows) > 1]
    text, shuffled = [], []
    if variants:
        found = iter(likelihoods(loaded, [row for rows in variants for row in rows]))
        for rows in variants:
            own, *others = (next(found) for _ in rows)
            text += [own] * len(others)
            shuffled += others
    if not text:
        raise GateError(
            f"the sanity gate has no sentence of three tokens for {loaded.id}; pass --skip-gate to go without it"
        )
    won = sum(a < b for a, b in zip(text, shuffled, strict=True)) / len(text)
    report = GateReport(sum(text) / len(text), sum(shuffled) / len(shuffled), won)
    if not report.passed:
        raise GateError(
            f"{loaded.id} does not find ordinary sentences more likely than their shuffled tokens "
            f"({report.text:.2f} against {report.shuffled:.2f} nats per token, {report.won:.0%} of the shuffles beaten): "
            "the base is broken or its tokenizer belongs to another model. "
            "Check rope scaling, weights and revision; --skip-gate scores it anyway and says so"
        )
    return report


Likelihoods = Callable[[LoadedModel, Sequence[torch.Tensor]], list[float]]


def _likelihoods(loaded: LoadedModel) -> Likelihoods | None:
    """The function that gives this model's likelihood of token sequences; None if it has none."""
    head = family(loaded.model).head
    if head is None or loaded.model.get_output_embeddings() is None:
        return None
    if is_causal(loaded.model):
        return _nll
    mask = getattr(loaded.tokenizer, "mask_token_id", None)
    return _pseudo_nll if head == "masked" and mask is not None else None


def _variants(loaded: LoadedModel, sentence: str, generator: torch.Generator) -> torch.Tensor:
    """Token ids `[1 + shuffles, tokens]`: the sentence, and those of its `SHUFFLES` that differ from it.

    Of a tokenizer with BOS alone, or with nothing, the first token keeps its place; [CLS] and [SEP] keep theirs.
    """
    encoded = loaded.tokenizer(sentence, return_tensors="pt", return_special_tokens_mask=True)
    ids, special = encoded["input_ids"], encoded["special_tokens_mask"][0].bool()
    free = torch.arange(1, ids.shape[1])
    if special[-1] and ids.shape[1] > 1:
        free = free[~special[1:]]
    rows = [ids[0]]
    for _ in range(SHUFFLES):
        mixed = ids[0].clone()
        mixed[free] = ids[0, free[torch.randperm(len(free), generator=generator)]]
        if not torch.equal(mixed, ids[0]):
            rows.append(mixed)
    return torch.stack(rows)


def require_finite(loaded: LoadedModel) -> None:
    """Raise GateError naming a weight that is NaN or infinite."""
    for name, parameter in loaded.model.named_parameters():
        # In parts, since the check makes several copies of what it looks at.
        parts = parameter.detach().flatten().split(_AT_ONCE) if parameter.is_floating_point() else ()
        if not all(part.isfinite().all() for part in parts):
            raise GateError(f"{loaded.id} holds NaN or infinite weights in {name}; its files are damaged")


def _nll(loaded: LoadedModel, rows: Sequence[torch.Tensor]) -> list[float]:
    """Mean negative log-likelihood of each sequence `[tokens]`, in nats per token after the first, in one forward."""
    # No token of a causal model sees the padding after it.
    ids = pad_sequence(list(rows), batch_first=True)
    logits = _logits(loaded, ids)[:, :-1]
    losses = functional.cross_entropy(logits.transpose(1, 2), ids[:, 1:].to(logits.device), reduction="none").cpu()
    return [float(loss[: len(row) - 1].mean()) for loss, row in zip(losses, rows, strict=True)]


def _pseudo_nll(loaded: LoadedModel, rows: Sequence[torch.Tensor]) -> list[float]:
    """As `_nll`, but each token is masked in turn and predicted in its place; special tokens are left out."""
    found = []
    for row in rows:
        asked = (~torch.isin(row, torch.tensor(loaded.tokenizer.all_special_ids))).nonzero()[:, 0]
        masked = row.repeat(len(asked), 1)
        masked[torch.arange(len(asked)), asked] = cast(int, loaded.tokenizer.mask_token_id)
        logits = _logits(loaded, masked)[torch.arange(len(asked)), asked]
        found.append(float(functional.cross_entropy(logits, row[asked].to(logits.device))))
    return found


def _logits(loaded: LoadedModel, ids: torch.Tensor) -> torch.Tensor:
    logits: torch.Tensor = loaded.model(input_ids=ids.to(loaded.device)).logits.float()
    if not logits.isfinite().all():
        raise GateError(f"{loaded.id} returns NaN or infinite logits on ordinary text; try another dtype")
    return logits
