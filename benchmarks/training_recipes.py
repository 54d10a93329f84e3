"""Recipes on the embedded model, over seeds: what control words gain, and what ordinary text loses.

`python -m benchmarks.training_recipes [--pair swh-eng] [--seeds 5] [RECIPE ...]` trains each recipe from scratch for
each seed and prints, on control words at the output and at the layer that the base's dev words choose: P@1 of 50 and P@1,
with 95 % t-intervals over seeds; and perplexity of held-out generated text, base and adapted. It reports recipes that are
settled; `tli-bench sweep` chooses between them, on dev words. Changes may follow the name:
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

from tli_bench.lexicon import load_lexicon
from tli_bench.lexicon.pairs import SHOWN
from tli_bench.measures.measure import Place
from tli_bench.models import attach_adapter, inspect_adapter, load_model
from tli_bench.training import Recipe, load_recipe, train_adapter
from tli_bench.training.data import split_data
from tli_bench.training.figures import dev_measures
from tli_bench.training.scoring import Curves, best_layer, layer_curves
from tools.tiny.__main__ import world_of
from tools.tiny.measure import perplexity
from tools.tiny.text import Recipe as TextRecipe


def recipe_of(text: str) -> Recipe:
    name, _, changes = text.partition(":")
    given = dict(change.split("=", 1) for change in re.split(r",(?=\w+=)", changes) if change)
    return load_recipe(name).with_options(**given)


def trained_model(folder: Path, recipe: Recipe) -> Any:
    if recipe.kind == "full":
        return load_model(str(folder)).model
    return attach_adapter(load_model("tiny"), inspect_adapter(str(folder)))[0]


def scores(curves: Curves, best: str) -> dict[str, float]:
    shown = [measure for measure in dev_measures() if Place.SUMMARY in measure.places]
    places = {"output": list(curves)[-1], "best": best}
    return {f"{label} {m.label}": curves[layer][m.name] for label, layer in places.items() for m in shown}


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
    lexicon = load_lexicon(pair=options.pair)
    train, dev, control = (split_data(lexicon, split, base.tokenizer, at_least=2) for split in SHOWN)
    best = best_layer(layer_curves(base.model, dev, train))
    before = scores(layer_curves(base.model, control, train, dev), best)
    ppl = perplexity(base.model, base.tokenizer, world)
    columns = list(before)
    print(f"{options.pair}, {len(control)} control words, best layer {best} (of the base, on dev)")
    print("| recipe | " + " | ".join(columns) + " | perplexity | change |\n|---|" + "---|" * (len(columns) + 2))
    row = " | ".join(f"{value:.3f}" for value in before.values())
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
                rows.append(scores(layer_curves(adapted, control, train, dev), best))
                changes.append(perplexity(adapted, base.tokenizer, world) / ppl - 1)
            cells = " | ".join(interval([row[column] for row in rows]) for column in columns)
            worse = statistics.fmean(changes)
            percent = interval([100 * change for change in changes], digits=1)
            print(f"| {name} | {cells} | {ppl * (1 + worse):.5g} | {percent} % |", flush=True)


if __name__ == "__main__":
    main()
