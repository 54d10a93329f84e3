"""One training step, truncated compared with published: `python benchmarks/training_step.py [--rounds 5]`.

Both steps are measured in turn, in one process, on one random Llama, and the median of the ratios is shown: seconds
depend on the machine, ratios on the method. The published step (arXiv 2506.15415) runs anchors and positives
separately through the whole causal LM with all hidden states kept; ours runs the blocks below the loss once. At least
2 of the `depth` blocks have to run, so the ceiling of the speed-up is depth / 2.
"""

import argparse
import statistics
import time

import torch
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM

from tli_bench.models import LoadedModel
from tli_bench.training import Recipe
from tli_bench.training.adapt import adapted
from tli_bench.training.losses import LossOptions, triplet
from tli_bench.training.objective import PairObjective, pool
from tli_bench.training.targets import resolve_targets

LAYER, PAIRS, TOKENS, VOCABULARY = 2, 8, 8, 32_000


def _model(depth: int, width: int) -> LoadedModel:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=width,
        intermediate_size=width * 11 // 4,
        num_hidden_layers=depth,
        num_attention_heads=8,
        num_key_value_heads=4,
    )
    return LoadedModel(LlamaForCausalLM(config), None, "random", "0", "random", "float32", None, "cpu")


def _batch(loaded: LoadedModel) -> dict[str, torch.Tensor]:
    vocabulary = loaded.model.config.vocab_size
    generator = torch.Generator().manual_seed(0)
    batch = {
        "input_ids": torch.randint(3, vocabulary, (2 * PAIRS, TOKENS), generator=generator),
        "attention_mask": torch.ones(2 * PAIRS, TOKENS, dtype=torch.long),
        "weights": torch.full((2 * PAIRS, TOKENS), 1 / TOKENS),
        "negatives": ~torch.eye(PAIRS, dtype=torch.bool),
    }
    return {name: part.to(loaded.device) for name, part in batch.items()}


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


def measure(loaded: LoadedModel, rounds: int, *, tolerance: float = 1e-4) -> tuple[float, float, float]:
    """Median seconds of the published and of the truncated step, and the median of their ratios; tolerance: of the two losses."""
    batch = _batch(loaded)
    targets = resolve_targets(loaded.model, (str(LAYER),))
    recipe = Recipe(layer=(str(LAYER),), loss="triplet", blocks="all", batch_size=PAIRS)
    with adapted(loaded, recipe, depth=LAYER, seed=0) as part:
        objective = PairObjective(part.model, targets, loss="triplet", options=LossOptions(margin=0.4))
        optimizer = torch.optim.AdamW([p for p in part.model.parameters() if p.requires_grad], lr=0.0)

        def step(loss_of):
            start = time.perf_counter()
            optimizer.zero_grad()
            loss = loss_of()
            loss.backward()
            optimizer.step()
            value = loss.item()  # waits for the device
            return time.perf_counter() - start, value

        seconds: dict[str, list[float]] = {"published": [], "truncated": []}
        for round_ in range(rounds + 1):
            published, first = step(lambda: _published(part.model, batch))
            truncated, second = step(lambda: objective(**batch)["loss"])
            if abs(first - second) > tolerance * abs(first):
                raise SystemExit(f"the two steps disagree: loss {first} and {second}")
            if round_:
                seconds["published"].append(published)
                seconds["truncated"].append(truncated)
    ratios = [a / b for a, b in zip(seconds["published"], seconds["truncated"], strict=True)]
    return statistics.median(seconds["published"]), statistics.median(seconds["truncated"]), statistics.median(ratios)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    print(f"loss at hidden state {LAYER}, LoRA r=16 on q_proj,v_proj, {PAIRS} pairs of {TOKENS} tokens, fp32 CPU")
    print("| model | published step | truncated step | speed-up | ceiling (depth/2) | reached |")
    print("|---|---:|---:|---:|---:|---:|")
    for depth, width in ((16, 512), (32, 512)):
        published, truncated, ratio = measure(_model(depth, width), rounds)
        print(
            f"| {depth} blocks x {width} | {1000 * published:.0f} ms | {1000 * truncated:.1f} ms | {ratio:.1f}x | "
            f"{depth / 2:.0f}x | {ratio / (depth / 2):.0%} |"
        )


if __name__ == "__main__":
    main()
