"""The controls of one unit: spelling, strata, permutation nulls, contrasts, power and the tests over all layers."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tli_bench.base.errors import UnscorableError
from tli_bench.lexicon.pairs import Split, WordPair
from tli_bench.lexicon.similarity import similarity
from tli_bench.measures import pool
from tli_bench.measures.centred import LOW_OVERLAP, headline_parts
from tli_bench.measures.confounds import (
    SpellingBaseline,
    edit_baseline,
    letter_baseline,
    strata,
    tokens_per_word_bins,
)
from tli_bench.measures.geometry import cka_permutation_p, debiased_cka
from tli_bench.measures.registry import get_measure
from tli_bench.measures.roles import CHANCE, headline_for, size_for
from tli_bench.measures.view import LayerView
from tli_bench.models.identity import State
from tli_bench.records.schema import Contrast, Family, LayerTest, PermutationNull, Power, Spelling, StratumScore
from tli_bench.stats import minimum_detectable_effect
from tli_bench.stats.pseudo import MIN_WORDS, estimate, two_sample

Floats = NDArray[np.float64]

ALIKE = 0.75
"""Edit similarity from which two forms count as a loan or a cognate, as in `tli-bench lexicon check`."""
PERMUTATIONS = 200
DIGITS = 7
"""Decimal places of the pseudo-values that records keep."""


def spelling(pairs: Sequence[WordPair], gold: NDArray[np.bool_], others: Sequence[WordPair] = ()) -> Spelling:
    """Retrieval among `pairs` by spelling alone: by edit similarity or by letter groups, whichever finds more.

    others: pairs that are not being scored, on which the means of the letter groups are fitted, as those of vectors are.
    Raises UnscorableError for fewer than two pairs.
    """
    words = [p.source for p in pairs], [p.target for p in pairs]
    fit = ([p.source for p in others], [p.target for p in others]) if others else None
    known = edit_baseline(*words, gold), letter_baseline(*words, gold, fit=fit)
    return max((_spelled(found, gold) for found in known), key=lambda found: (found.value or 0.0, found.p1))


def _spelled(found: SpellingBaseline, gold: NDArray[np.bool_]) -> Spelling:
    m, value, pseudo = size_for(found.n), None, None
    if found.n > m:
        sides = pool.both_sides(found.similarity, gold, tolerance=found.tolerance)
        value = float(pool.own_values(sides, pool.found_among(m)).mean())
        pseudo = pool.pool_pseudo(sides, pool.found_among(m)).round(DIGITS).tolist()
    return Spelling(
        by=found.by,
        n=found.n,
        value=value,
        pseudo=pseudo,
        p1=(found.p1_forward + found.p1_backward) / 2,
        p1_forward=found.p1_forward,
        p1_backward=found.p1_backward,
        mrr=(found.mrr_forward + found.mrr_backward) / 2,
    )


def overlap_of(pairs: Sequence[WordPair]) -> list[float]:
    """Edit similarity `[n]` of the two forms of each pair."""
    return [similarity(*(unicodedata.normalize("NFC", form) for form in (p.source, p.target))) or 0.0 for p in pairs]


def labels_of(pairs: Sequence[WordPair], tokens: Sequence[tuple[int, int]]) -> dict[str, list[str]]:
    """What the pairs are grouped by: labels `[n]` by kind. tokens: own tokens of source and target; may be empty."""
    alike = overlap_of(pairs)
    found = {
        "overlap": [f"low (< {LOW_OVERLAP})" if value < LOW_OVERLAP else "high" for value in alike],
        "form": [_form(value) for value in alike],
    }
    if any(pair.pos for pair in pairs):
        found["pos"] = [pair.pos or "none given" for pair in pairs]
    phrases = [" " in pair.source or " " in pair.target for pair in pairs]
    if any(phrases):
        found["parts"] = ["phrase" if phrase else "one word" for phrase in phrases]
    if any(pair.band for pair in pairs):
        found["frequency"] = [pair.band or "none given" for pair in pairs]
    if any(pair.loan is not None for pair in pairs):
        found["origin"] = ["loan" if pair.loan else "inherited" for pair in pairs]
    if tokens:
        found["source tokens"] = tokens_per_word_bins([source for source, _ in tokens])
        found["target tokens"] = tokens_per_word_bins([target for _, target in tokens])
    return found


def _form(alike: float) -> str:
    if alike == 1:
        return "same string"
    return "loan or cognate" if alike >= ALIKE else "different"


def strata_of(
    view: LayerView, labels: Mapping[str, Sequence[str]], *, split: Split, state: State, layer: str
) -> Iterator[StratumScore]:
    """The headline and P@1 of every part of the split; the pool of candidates is still the whole split.

    Raises UnscorableError where the headline cannot be given.
    """
    sides, score = headline_parts(view)
    own = pool.own_values(sides, score)
    hits, quantity = get_measure("p1").column(view), get_measure(headline_for(view.n)).label
    parts: dict[tuple[str, str], NDArray[np.intp]] = {}
    means: dict[tuple[str, str], float] = {}
    for kind, names in labels.items():
        found = strata(hits, names)
        for label in sorted(found, key=str):
            means[kind, str(label)] = found[label].mean
            parts[kind, str(label)] = np.flatnonzero(np.array([name == label for name in names]))
    large = {key: rows for key, rows in parts.items() if len(rows) >= MIN_WORDS}
    pseudo = dict(zip(large, pool.pools_pseudo(sides, score, list(large.values())), strict=True)) if large else {}
    for (kind, label), rows in parts.items():
        yield StratumScore(
            split=split,
            state=state,
            layer=layer,
            kind=kind,
            label=label,
            n=len(rows),
            quantity=quantity,
            value=float(own[rows].mean()),
            ci=estimate(pseudo[kind, label]).ci if (kind, label) in pseudo else None,
            p1=means[kind, label],
        )


def null_of(view: LayerView, *, split: Split, state: State, layer: str, seed: int) -> PermutationNull:
    """CKA of one view and its permutation p-value; raises UnscorableError where CKA is undefined."""
    return PermutationNull(
        split=split,
        state=state,
        layer=layer,
        cka=debiased_cka(view.source, view.target),
        p=cka_permutation_p(view.source, view.target, permutations=PERMUTATIONS, seed=seed),
        permutations=PERMUTATIONS,
    )


def contrast_of(layer: str, changes: Mapping[Split, Floats | None], label: str) -> Contrast | None:
    """Difference in differences, trained against control words; None where either side is not scored.

    changes: pseudo-values of the headline's change `[n]` by split; label: what the headline is called.
    """
    train, control = changes.get(Split.TRAIN), changes.get(Split.CONTROL)
    if train is None or control is None:
        return None
    apart, trained, unseen = two_sample(train, control), estimate(train), estimate(control)
    return Contrast(
        layer=layer,
        quantity=f"{label} change",
        n_train=trained.n,
        n_control=unseen.n,
        train=trained.value,
        train_ci=trained.ci,
        control=unseen.value,
        control_ci=unseen.ci,
        difference=apart.value,
        ci=apart.ci,
    )


def power_of(values: Floats, *, split: Split, layer: str, quantity: str) -> Power:
    """What a test of pseudo-values `[n]` against zero can detect; raises UnscorableError when they do not vary."""
    sd = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    detectable = minimum_detectable_effect(len(values), sd)
    return Power(split=split, layer=layer, quantity=quantity, n=len(values), sd=sd, detectable=detectable)


def family_of(
    layers: Sequence[str],
    columns: Mapping[State, Mapping[str, Floats]],
    *,
    split: Split,
    words: int,
    reasons: list[str],
) -> Family:
    """Student's t-tests over all layers. columns: the headline's pseudo-values `[n]` by state and layer; a layer without is left out."""
    headline = headline_for(words)
    label = get_measure(headline).label
    adapted = columns.get("adapted")
    tests = []
    for layer in layers:
        base, after = columns["base"].get(layer), None if adapted is None else adapted.get(layer)
        if base is None or (adapted is not None and after is None):
            continue
        try:
            found = estimate(base - CHANCE[headline] if after is None else after - base)
        except UnscorableError as err:
            reasons.append(f"test of layer {layer}: {err}")
            continue
        tests.append(LayerTest(layer=layer, n=found.n, difference=found.value, t=found.t, p=found.p))
    return Family(split=split, quantity=f"{label} {'over chance' if adapted is None else 'change'}", tests=tests)
