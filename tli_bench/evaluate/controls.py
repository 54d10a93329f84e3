"""The controls of one unit: spelling, strata, permutation nulls, contrasts, power and the tests over all layers."""

import unicodedata
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tli_bench.base.errors import UnscorableError
from tli_bench.lexicon.pairs import Split, WordPair
from tli_bench.lexicon.similarity import similarity
from tli_bench.measures.confounds import edit_baseline, strata, tokens_per_word_bins
from tli_bench.measures.geometry import cka_permutation_p, debiased_cka
from tli_bench.measures.registry import get_measure
from tli_bench.measures.roles import HEADLINE
from tli_bench.measures.view import LayerView
from tli_bench.models.identity import State
from tli_bench.records.schema import Contrast, Family, LayerTest, PermutationNull, Power, Spelling, StratumScore
from tli_bench.stats import GapValues, difference_in_differences, minimum_detectable_effect, paired

Floats = NDArray[np.float64]

LOW_OVERLAP = 0.5
"""Edit similarity below which spelling cannot have aligned a pair."""
ALIKE = 0.75
"""Edit similarity from which two forms count as a loan or a cognate, as in `tli-bench lexicon check`."""
PERMUTATIONS = 200
CONTRAST_RESAMPLES = 2000
_UNSHOWN_RESAMPLES = 20


def spelling(pairs: Sequence[WordPair], gold: NDArray[np.bool_]) -> Spelling:
    """Retrieval among `pairs` by edit similarity alone; raises UnscorableError for fewer than two pairs."""
    found = edit_baseline([p.source for p in pairs], [p.target for p in pairs], gold)
    return Spelling(
        n=found.n,
        p1=(found.p1_forward + found.p1_backward) / 2,
        p1_forward=found.p1_forward,
        p1_backward=found.p1_backward,
        mrr=(found.mrr_forward + found.mrr_backward) / 2,
    )


def labels_of(pairs: Sequence[WordPair], tokens: Sequence[tuple[int, int]]) -> dict[str, list[str]]:
    """What the pairs are grouped by: labels `[n]` by kind. tokens: own tokens of source and target; may be empty."""
    alike = [similarity(*(unicodedata.normalize("NFC", form) for form in (p.source, p.target))) or 0.0 for p in pairs]
    found = {
        "overlap": [f"low (< {LOW_OVERLAP})" if value < LOW_OVERLAP else "high" for value in alike],
        "form": [_form(value) for value in alike],
    }
    if any(pair.pos for pair in pairs):
        found["pos"] = [pair.pos or "none given" for pair in pairs]
    if tokens:
        found["source tokens"] = tokens_per_word_bins([source for source, _ in tokens])
        found["target tokens"] = tokens_per_word_bins([target for _, target in tokens])
    return found


def _form(alike: float) -> str:
    if alike == 1:
        return "same string"
    return "loan or cognate" if alike >= ALIKE else "different"


def strata_of(
    view: LayerView, labels: Mapping[str, Sequence[Hashable]], *, split: Split, state: State, layer: str
) -> Iterator[StratumScore]:
    """Gap and P@1 of every part of the split; the pool of mismatched words and of candidates is still the whole split."""
    hits = get_measure("p1").column(view)
    for kind, names in labels.items():
        gaps, found = strata(view.gap_per_pair.numpy(), names), strata(hits, names)
        for label in sorted(gaps, key=str):
            yield StratumScore(
                split=split,
                state=state,
                layer=layer,
                kind=kind,
                label=str(label),
                n=gaps[label].n,
                gap=gaps[label].mean,
                p1=found[label].mean,
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


def contrast_of(
    layer: str,
    views: Callable[[Split, State], LayerView | None],
    concepts: Mapping[Split, Sequence[str]],
    *,
    seed: int,
) -> Contrast | None:
    """Difference in differences, trained against control, clustered by concept; None where either side is not scored."""
    sides: dict[Split, GapValues] = {}
    for split in (Split.TRAIN, Split.CONTROL):
        base, adapted = views(split, "base"), views(split, "adapted")
        if base is None or adapted is None:
            return None
        sides[split] = GapValues(
            base.matched.numpy(),
            base.mismatched_per_pair.numpy(),
            adapted.matched.numpy(),
            adapted.mismatched_per_pair.numpy(),
            concepts[split],
        )
    found = difference_in_differences(
        train=sides[Split.TRAIN], control=sides[Split.CONTROL], seed=seed, resamples=CONTRAST_RESAMPLES
    )
    return Contrast(
        layer=layer,
        n_train=found.train.n,
        n_control=found.control.n,
        train=found.train.difference,
        train_ci=(found.train.ci.low, found.train.ci.high),
        control=found.control.difference,
        control_ci=(found.control.ci.low, found.control.ci.high),
        difference=found.difference,
        ci=(found.ci.low, found.ci.high),
    )


def power_of(values: Floats, *, split: Split, layer: str, quantity: str) -> Power:
    """What a test of `values` `[n]` against zero can detect; raises UnscorableError when they do not vary."""
    sd = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    detectable = minimum_detectable_effect(len(values), sd)
    return Power(split=split, layer=layer, quantity=quantity, n=len(values), sd=sd, detectable=detectable)


def family_of(
    layers: Sequence[str], columns: Mapping[State, Mapping[str, Floats]], *, split: Split, reasons: list[str]
) -> Family:
    """Paired t-tests over all layers. columns: the headline `[n]` by state and layer; a layer without one is left out."""
    quantity = f"{HEADLINE} change" if "adapted" in columns else HEADLINE
    tests = []
    for layer in layers:
        base, adapted = columns["base"].get(layer), columns.get("adapted", {}).get(layer)
        if base is None or ("adapted" in columns and adapted is None):
            continue
        before, after = (base, adapted) if adapted is not None else (np.zeros_like(base), base)
        try:
            # Only the t-test is kept; intervals and sign flips are for the layers shown.
            found = paired(before, after, resamples=_UNSHOWN_RESAMPLES)
        except UnscorableError as err:
            reasons.append(f"test of layer {layer}: {err}")
            continue
        tests.append(LayerTest(layer=layer, n=found.n, difference=found.difference, t=found.t, p=found.p))
    return Family(split=split, quantity=quantity, tests=tests)
