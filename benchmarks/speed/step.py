"""One training step in three ways: as published, with the blocks below the loss alone, and with each shared prefix once.

The published step (arXiv 2506.15415) runs anchors and positives separately through the whole causal LM with all hidden states
kept; ours runs the blocks below the loss once. At least 2 of the `depth` blocks have to run, so that without sharing prefixes
the ceiling of the speed-up is depth / 2. All three losses have to agree.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from benchmarks.speed.models import random_llama
from tli_bench.lexicon import load_lexicon
from tli_bench.lexicon.pairs import Split
from tli_bench.models import LoadedModel
from tli_bench.models.load import load_tokenizer
from tli_bench.training import Recipe
from tli_bench.training.adapt import adapted
from tli_bench.training.data import Collator, split_data
from tli_bench.training.losses import LossOptions, triplet
from tli_bench.training.objective import PairObjective, pool
from tli_bench.training.targets import resolve_targets

LAYER, PAIRS = 2, 8


def ratios(depth: int, width: int, rounds: int) -> dict[str, Any]:
    """Median CPU seconds of each way on a random Llama."""
    tokenizer = load_tokenizer("tiny")
    model = random_llama(depth, width, len(tokenizer))
    loaded = LoadedModel(model, tokenizer, "random", "0", "random", "float32", None, "cpu")
    return {"depth": depth, "width": width, "ceiling": depth / LAYER} | measure(loaded, rounds, clock=time.process_time)


def measure(
    loaded: LoadedModel, rounds: int, *, tolerance: float = 1e-4, clock: Callable[[], float] = time.perf_counter
) -> dict[str, Any]:
    """Median seconds of each way over rounds in which each has its turn. tolerance: of the losses, relative."""
    data = split_data(load_lexicon("core", pair="swh-eng"), Split.TRAIN, loaded.tokenizer, at_least=2)
    recipe = Recipe.model_validate({"layer": (str(LAYER),), "loss": "triplet", "blocks": "all", "batch_size": PAIRS})
    apart, tree = (_batch(loaded, Collator(data, recipe.pooling, 0, share=share)) for share in (False, True))
    targets = resolve_targets(loaded.model, (str(LAYER),))
    spent: dict[str, list[float]] = {}
    with adapted(loaded, recipe, depth=LAYER, seed=0) as part:
        objective = PairObjective(part.model, targets, loss="triplet", options=LossOptions(margin=0.4))
        optimizer = torch.optim.AdamW([p for p in part.model.parameters() if p.requires_grad], lr=0.0)
        ways = {
            "published": lambda: _published(part.model, apart),
            "truncated": lambda: objective(**apart)["loss"],
            "tree": lambda: objective(**tree)["loss"],
        }
        for _ in range(rounds + 1):
            losses = {}
            for name, loss_of in ways.items():
                start = clock()
                optimizer.zero_grad()
                loss = loss_of()
                loss.backward()
                optimizer.step()
                losses[name] = loss.item()  # waits for the device
                spent.setdefault(name, []).append(clock() - start)
            low, high = min(losses.values()), max(losses.values())
            if high - low > tolerance * abs(high):
                raise SystemExit(f"the steps disagree: {losses}")
    tokens = {"tokens": int(apart["attention_mask"].sum()), "nodes": tree["input_ids"].numel()}
    return {name: statistics.median(times[1:]) for name, times in spent.items()} | tokens


def _batch(loaded: LoadedModel, collator: Collator) -> dict[str, torch.Tensor]:
    return {name: part.to(loaded.device) for name, part in collator(list(range(PAIRS))).items()}


def _published(model: nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    sides = []
    for half in (slice(0, PAIRS), slice(PAIRS, None)):
        output = model(
            input_ids=batch["input_ids"][half],
            attention_mask=batch["attention_mask"][half],
            output_hidden_states=True,
        )
        sides.append(pool(output.hidden_states[LAYER], batch["weights"][half]))
    return triplet(*sides, batch["negatives"], margin=0.4)
