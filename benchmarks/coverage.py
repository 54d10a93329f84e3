"""How often the 95 % intervals hold: by simulation, and by drawing concepts from real vectors of the embedded model.

`python -m benchmarks.coverage [--draws N]` prints the table and writes it into docs/explanation/verdicts.md (`make coverage`).

A draw of n concepts without replacement from N is less spread than from an endless population, by the root of 1 - n / N: the
intervals are narrowed by the same factor before they are judged. What an interval must hold is the mean over all draws, since
P@1 and MEXA depend on the size of the pool.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch

from tli_bench.base.errors import UnscorableError
from tli_bench.evaluate.controls import overlap_of
from tli_bench.languages import DEFAULT_PAIRS
from tli_bench.measures import LayerView, centre, get_measure, list_measures
from tli_bench.measures.measure import Place
from tli_bench.measures.roles import DESCRIPTIONS
from tli_bench.plugin.lm import TLIModel
from tli_bench.plugin.tasks import AlignmentTask
from tli_bench.stats.pseudo import Estimate, estimate, over_pairs

SIZES = (24, 60, 120)
LAYER = "3"
PAGE = Path(__file__).parents[1] / "docs" / "explanation" / "verdicts.md"
START, END = "<!-- table: coverage, written by make coverage -->", "<!-- end of table -->"
HEADER = ("quantity", "population", *(f"n = {n}" for n in SIZES))

Draw = Callable[[int, np.random.Generator], Mapping[str, LayerView]]
"""From a size and a generator to views of the same concepts: `base`, and `adapted` where there is one."""


def quantities() -> list[str]:
    """Every measure that is shown with an interval."""
    return [*(m.name for m in list_measures(Place.COMPARED) if not m.optional), *DESCRIPTIONS[1:]]


class Words:
    """All words of one pair: vectors `[2, n, dim]` by state at one layer, gold, spelling, and the row of each concept."""

    def __init__(self, pair: str, model: TLIModel) -> None:
        task = AlignmentTask({"metadata": {"pair": pair, "confirm": False}})
        requests = [SimpleNamespace(args=(p.source, p.target, task.protocols, task.pair)) for p in task.pairs]
        answers = model.hidden_states(requests)
        at, name = answers[0].layers.index(LAYER), task.protocols[0].id
        self.states = {
            state: torch.stack([a.protocols[name].vectors[state][at] for a in answers], dim=1)
            for state in answers[0].states
        }
        self.gold = torch.from_numpy(task.lexicon.gold(task.pairs))
        self.overlap = np.array(overlap_of(task.pairs))
        self.row = {p.concept: i for i, p in enumerate(task.pairs)}

    def views(self, here: np.ndarray, fit: np.ndarray) -> dict[str, LayerView]:
        """Views of some rows in every state; others fit the centre."""
        return {state: _view(x, self.gold, self.overlap, here, fit) for state, x in self.states.items()}

    def draw(self, n: int, rng: np.random.Generator) -> dict[str, LayerView]:
        """Views of `n` words; all the others fit the centre."""
        order = rng.permutation(len(self.row))
        return self.views(order[:n], order[n:])


def simulated(n: int, rng: np.random.Generator) -> dict[str, LayerView]:
    """Translations that share a meaning and differ by noise, which the change makes a little smaller."""
    dim, fit = 32, 200
    meaning, noise = rng.normal(size=(n + fit, dim)), [rng.normal(size=(n + fit, dim)) for _ in range(2)]
    found = {}
    for state, size in (("base", 1.2), ("adapted", 1.1)):
        x = torch.tensor(np.stack([meaning + size * side for side in noise]), dtype=torch.float32)
        rows = np.arange(n + fit)
        found[state] = _view(x, torch.eye(n + fit, dtype=torch.bool), np.zeros(n + fit), rows[:n], rows[n:])
    return found


def _view(x: torch.Tensor, gold: torch.Tensor, overlap: np.ndarray, here: np.ndarray, fit: np.ndarray) -> LayerView:
    around = centre(x[0, fit], x[1, fit])
    return LayerView(x[0, here], x[1, here], gold=gold[here][:, here], centre=around, facts={"overlap": overlap[here]})


def single(draw: Draw, n: int, names: Sequence[str], *, draws: int, population: int | None) -> dict[str, float]:
    """Coverage of each quantity of one pair, values and changes."""
    found: dict[str, list[Estimate]] = {}
    for seed in range(draws):
        views = draw(n, np.random.default_rng(seed))
        for name in names:
            measure = get_measure(name)
            try:
                phis = {state: measure.pseudo_values(view) for state, view in views.items()}
            except UnscorableError:  # too few words for this one
                continue
            if np.isnan(list(phis.values())).any():
                continue
            found.setdefault(measure.label, []).append(estimate(phis["base"], logit=measure.logit))
            if "adapted" in phis:
                found.setdefault(f"{measure.label}, change", []).append(estimate(phis["adapted"] - phis["base"]))
    return {name: _held(items, n, population) for name, items in found.items() if len(items) == draws}


class Pairs:
    """The headline of several pairs at once: concepts are drawn, and each pair takes part with those that it has."""

    def __init__(self, model: TLIModel, pairs: Sequence[str]) -> None:
        self.held = {pair: Words(pair, model) for pair in pairs}
        self.concepts = sorted({concept for words in self.held.values() for concept in words.row})

    def coverage(self, n: int, name: str, *, draws: int) -> dict[str, float]:
        """Coverage of the mean over pairs, of the value and of the change."""
        measure, values, changes = get_measure(name), [], []
        for seed in range(draws):
            order = np.random.default_rng(seed).permutation(len(self.concepts))
            chosen = {self.concepts[i] for i in order[:n]}
            before, change = {}, {}
            for pair, words in self.held.items():
                names = [concept for concept in words.row if concept in chosen]
                here = np.array([words.row[concept] for concept in names])
                fit = np.array([i for concept, i in words.row.items() if concept not in chosen])
                phi = {state: measure.pseudo_values(view) for state, view in words.views(here, fit).items()}
                before[pair] = dict(zip(names, phi["base"], strict=True))
                change[pair] = dict(zip(names, phi["adapted"] - phi["base"], strict=True))
            values.append(estimate(over_pairs(before)[1]))
            changes.append(estimate(over_pairs(change)[1]))
        total = len(self.concepts)
        return {measure.label: _held(values, n, total), f"{measure.label}, change": _held(changes, n, total)}


def _held(items: Sequence[Estimate], n: int, population: int | None) -> float:
    narrowed = 1.0 if population is None else (1 - n / population) ** 0.5
    truth = float(np.mean([item.value for item in items]))
    inside = [
        item.value - narrowed * (item.value - item.low) <= truth <= item.value + narrowed * (item.high - item.value)
        for item in items
        if item.low is not None and item.high is not None
    ]
    return float(np.mean(inside))


def table(draws: int) -> str:
    """Coverage of every quantity, one line each."""
    model = TLIModel(pretrained="tiny", adapter="adapters/tiny-swh-eng-tli")
    rows: dict[tuple[str, str], dict[int, float]] = {}
    sources: list[tuple[str, Draw, int | None]] = [("simulated", simulated, None)]
    for pair in ("swh-eng", "tur-azj"):
        words = Words(pair, model)
        sources.append((f"tiny, {pair}", words.draw, len(words.row)))
    for where, draw, total in sources:
        for n in SIZES:
            for name, value in single(draw, n, quantities(), draws=draws, population=total).items():
                rows.setdefault((name, where), {})[n] = value
    pairs = Pairs(model, [str(pair) for pair in DEFAULT_PAIRS])
    for n in SIZES:
        for name, value in pairs.coverage(n, "p1_of_50" if n > 50 else "p1_of_20", draws=max(100, draws // 3)).items():
            rows.setdefault((name, f"tiny, mean over {len(pairs.held)} pairs"), {})[n] = value
    lines = [f"| {' | '.join(HEADER)} |", "|---|---|" + "---:|" * len(SIZES)]
    for (name, where), found in rows.items():
        cells = [f"{found[n]:.3f}" if n in found else "–" for n in SIZES]
        lines.append(f"| {name} | {where} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Print the table and write it into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=400, help="Draws for each size and population.")
    found = table(parser.parse_args().draws)
    print(found)
    if PAGE.is_file() and START in (page := PAGE.read_text(encoding="utf-8")):
        PAGE.write_text(f"{page.split(START)[0]}{START}\n{found}\n{END}{page.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
