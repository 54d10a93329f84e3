"""Recipes on the embedded model, over seeds: what control words gain, and what ordinary text loses.

`python -m benchmarks.training_recipes [--pair swh-eng] [--seeds 5] [RECIPE ...]` trains each recipe from scratch for
each seed and prints, on control words at the output and at the base's best layer: gap, P@1, mismatched cosine, with 95 %
t-intervals over seeds; and perplexity of held-out generated text, base and adapted. Changes may follow the name:
`tli:retention=kl,retention_weight=10`.
"""

import argparse
import re
import statistics
import tempfile
from pathlib import Path
from typing import Any

import torch
from scipy import stats as sps

from tli_bench.lexicon.pairs import Split
from tli_bench.models import attach_adapter, inspect_adapter, load_model
from tli_bench.training import Recipe, load_recipe, train_adapter
from tools.tiny.__main__ import world_of
from tools.tiny.measure import PairFigures, pair_figures, perplexity
from tools.tiny.text import Recipe as TextRecipe


def recipe_of(text: str) -> Recipe:
    name, _, changes = text.partition(":")
    given = dict(change.split("=", 1) for change in re.split(r",(?=\w+=)", changes) if change)
    return load_recipe(name).with_options(**given)


def trained_model(folder: Path, recipe: Recipe) -> Any:
    if recipe.kind == "full":
        return load_model(str(folder)).model
    return attach_adapter(load_model("tiny"), inspect_adapter(str(folder)))[0]


def scores(figures: PairFigures, best: int) -> dict[str, float]:
    found = {}
    for label, layer in (("output", -1), ("best", best)):
        found[f"{label} gap"] = figures.cosine[layer] - figures.mismatched[layer]
        found[f"{label} P@1"] = figures.p1[layer]
        found[f"{label} mismatched"] = figures.mismatched[layer]
        found[f"{label} cosine"] = figures.cosine[layer]
    return found


def interval(values: list[float], *, digits: int = 3) -> str:
    mean = statistics.fmean(values)
    if len(values) < 2:
        return f"{mean:.{digits}f}"
    half = sps.t.ppf(0.975, len(values) - 1) * statistics.stdev(values) / len(values) ** 0.5
    return f"{mean:.{digits}f} ± {half:.{digits}f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="*", default=["tli-paper", "tli"])
    parser.add_argument("--pair", default="swh-eng")
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    world = world_of(TextRecipe())
    base = load_model("tiny")
    dev = pair_figures(base.model, base.tokenizer, options.pair, split=Split.DEV)
    before = pair_figures(base.model, base.tokenizer, options.pair)
    ppl = perplexity(base.model, base.tokenizer, world)
    columns = list(scores(before, dev.best))
    print(f"{options.pair}, {before.pool} control words, best layer {dev.layers[dev.best]} (of the base, on dev)")
    print("| recipe | " + " | ".join(columns) + " | perplexity | change |\n|---|" + "---|" * (len(columns) + 2))
    row = " | ".join(f"{value:.3f}" for value in scores(before, dev.best).values())
    print(f"| base | {row} | {ppl:.3f} | |", flush=True)
    with tempfile.TemporaryDirectory() as work:
        for name in options.recipes:
            recipe = recipe_of(name)
            rows: list[dict[str, float]] = []
            changes: list[float] = []
            for seed in range(options.seeds):
                torch.manual_seed(seed)
                folder = Path(work) / f"adapter-{len(list(Path(work).iterdir()))}"
                train_adapter(base, options.pair, recipe, folder, seed=seed)
                adapted = trained_model(folder, recipe)
                rows.append(scores(pair_figures(adapted, base.tokenizer, options.pair), dev.best))
                changes.append(perplexity(adapted, base.tokenizer, world) / ppl - 1)
            cells = " | ".join(interval([row[column] for row in rows]) for column in columns)
            worse = statistics.fmean(changes)
            percent = interval([100 * change for change in changes], digits=1)
            print(f"| {name} | {cells} | {ppl * (1 + worse):.5g} | {percent} % |", flush=True)


if __name__ == "__main__":
    main()
