"""The baseline without training: one orthogonal map per layer from source states to target states."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from tli_bench.base.errors import UnscorableError
from tli_bench.lexicon import Lexicon
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.geometry import centre
from tli_bench.models import LoadedModel
from tli_bench.training.budget import Budget
from tli_bench.training.data import split_data
from tli_bench.training.scoring import Curves, score, states_of
from tli_bench.vectors.protocols import Pooling


def procrustes(source: Tensor, target: Tensor) -> Tensor:
    """The orthogonal `[dim, dim]` matrix W that minimises `||source @ W - target||` (Schönemann 1966).

    source, target: `[n, dim]`, row i of both is the same concept. With n < dim the map is determined only on
    the span of the data.
    Raises UnscorableError for NaN or infinity.
    """
    product = source.double().T @ target.double()
    if not product.isfinite().all():
        raise UnscorableError("a linear map cannot be fitted to states that hold NaN or infinity")
    left, _, right = torch.linalg.svd(product)
    return (left @ right).to(source.dtype)


@dataclass(frozen=True, slots=True)
class LinearBaseline:
    """What a linear map fitted on the train split does to one split. base, mapped: measures by layer name."""

    split: Split
    base: Curves
    mapped: Curves
    budget: Budget


def linear_baseline(loaded: LoadedModel, lexicon: Lexicon, *, split: Split = Split.CONTROL) -> LinearBaseline:
    """Fit an orthogonal map per layer on the train split and score `split` with it and without.

    States are centred by the train means of their language and length-normalised before fitting and before mapping
    (Artetxe et al. 2018); the scores without the map use the states as they are.
    """
    train = split_data(lexicon, Split.TRAIN, loaded.tokenizer, at_least=2)
    held_out = split_data(lexicon, split, loaded.tokenizer, at_least=2)
    fit, n = states_of(loaded.model, train)
    test, m = states_of(loaded.model, held_out)
    base: Curves = {}
    mapped: Curves = {}
    fit_vectors, test_vectors = fit.vectors[Pooling.WORD_MEAN], test.vectors[Pooling.WORD_MEAN]
    for k, name in enumerate(fit.layers):
        means = fit_vectors[k, :n].mean(dim=0), fit_vectors[k, n:].mean(dim=0)
        sides = fit_vectors[k, :n] - means[0], fit_vectors[k, n:] - means[1]
        weight = procrustes(*(functional.normalize(side, dim=1) for side in sides))
        source, target = test_vectors[k, :m], test_vectors[k, m:]
        base[name] = score(source, target, held_out.gold, centre(fit_vectors[k, :n], fit_vectors[k, n:]))
        moved = functional.normalize(source - means[0], dim=1) @ weight
        aim = functional.normalize(target - means[1], dim=1)
        fitted = [functional.normalize(side, dim=1) for side in sides]
        mapped[name] = score(moved, aim, held_out.gold, centre(fitted[0] @ weight, fitted[1]))
    dim = fit_vectors.shape[-1]
    # An orthogonal matrix of width d has d (d - 1) / 2 degrees of freedom; the two means add 2 d.
    return LinearBaseline(split, base, mapped, Budget(dim * (dim - 1) // 2 + 2 * dim, 0, 2 * n))
