"""How often a board of equal models claims that any two of them differ: at most 5 % of boards may, however many models they have.

Every model draws its scores from the same distribution: a share between 0 and 1 for each word, which depends on the concept (hard for all
models alike), on the pair, on what the model happens to know of the concept in every pair, and on chance. Pairs are the default ones, and
each lacks a tenth of the concepts. Both averages of a board are tried. Then every model has luck of its own with each pair, and is equal to
the others only over all pairs there might be: of the ranks with pairs drawn too, at most 5 % of boards may be wrong about that.

Usage: python -m benchmarks.rank_null [--boards N] [--words N] [--models K [K ...]]
"""

import argparse
import itertools
import sys

import numpy as np
from numpy.typing import NDArray
from scipy import special
from scipy import stats as sps

from tli_bench.languages import DEFAULT_PAIRS
from tli_bench.report.scopes import FAMILIES, Scope, scopes_for
from tli_bench.stats.pseudo import clustered
from tli_bench.stats.ranks import pair_parts, separated

LUCK = 0.5
"""Standard deviation, on the scale of logits, of what a model happens to know of a pair."""


def board(
    rng: np.random.Generator, models: int, words: int, scope: Scope, *, luck: float = 0.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pseudo-values `[concepts, models]` of one board of equal models, and the parts of its pairs `[pairs, models]`."""
    hard, known = rng.normal(0, 1, (words, 1)), rng.normal(0, 0.7, (words, models))
    values, concepts = [], []
    for _ in scope.pairs:
        kept = np.sort(rng.choice(words, size=words * 9 // 10, replace=False))
        noise = rng.normal(0, 1.5, (len(kept), models))
        if luck:
            noise += rng.normal(0, luck, models)
        values.append(special.expit(rng.normal(-0.5, 1) + hard[kept] + known[kept] + noise))
        concepts.append([f"{k:05}" for k in kept])
    return clustered(values, concepts, weights=scope.weights)[1], pair_parts(values, scope.shares)


def false_boards(models: int, boards: int, words: int, scope: Scope, *, luck: float = 0.0, drawn: bool = False) -> int:
    """How many of `boards` boards of equal models claim a difference; drawn: with the pairs drawn too."""
    wrong = 0
    for seed in range(boards):
        columns, parts = board(np.random.default_rng((models, seed)), models, words, scope, luck=luck)
        wrong += bool(separated(columns, parts=parts if drawn else None, seed=seed).any())
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--boards", type=int, default=400)
    parser.add_argument("--words", type=int, default=166)
    parser.add_argument("--models", type=int, nargs="+", default=[2, 5, 9, 20, 50])
    options = parser.parse_args()
    too_many = []
    scopes = [s for s in scopes_for(DEFAULT_PAIRS) if s.id in ("overall", FAMILIES)]
    for scope, drawn, models in itertools.product(scopes, (False, True), options.models):
        label = f"{scope.label}{', pairs drawn too' if drawn else ''}, {models} equal models"
        wrong = false_boards(models, options.boards, options.words, scope, luck=LUCK if drawn else 0.0, drawn=drawn)
        low, high = sps.binomtest(wrong, options.boards).proportion_ci()
        print(f"{label}: {wrong / options.boards:.3f} [{low:.3f}, {high:.3f}]", flush=True)
        if sps.binomtest(wrong, options.boards, 0.05, alternative="greater").pvalue < 0.01:
            too_many.append(label)
    if too_many:
        sys.exit(f"more than 5 % of boards claim a difference: {'; '.join(too_many)}")


if __name__ == "__main__":
    main()
