"""What a verdict is based on, read from scored words: pseudo-values of unseen words before and after, and what else is known."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from tli_bench.lexicon.pairs import Split
from tli_bench.measures.registry import get_measure
from tli_bench.measures.roles import CHANCE, SUBSET, agreeing_with
from tli_bench.records.controls import Controls
from tli_bench.records.framing import why_withheld
from tli_bench.records.scores import Scores
from tli_bench.stats.arrays import Floats
from tli_bench.stats.pseudo import MIN_WORDS
from tli_bench.stats.verdict import (
    Change,
    ChangeEvidence,
    StateEvidence,
    Verdict,
    change_verdicts,
    state_verdicts,
    withheld,
)

NARROW, WIDE = 0.5, 0.1
"""Mean cosine of wrong pairs from which on a cone is called narrow, and up to which it is called wide."""
SINK_RATIO = 10.0
"""Norm of position 0 over the median, from which on pooling that position dominates the mean."""


class Part(NamedTuple):
    """One state of scored words."""

    scores: Scores
    state: str

    def pseudo(self, measure: str, split: Split, layer: str) -> Floats | None:
        """Pseudo-values `[n]` of one measure at one layer; None where there are none or one is missing."""
        found = self.scores.pseudo_column(measure, split, self.state, layer)
        return None if found is None or np.isnan(found).any() else found


def verdicts_of_change(
    before: Part, after: Part, *, split: Split, layers: Sequence[str], twin: Part | None = None,
    controls: Controls | None = None, trained: bool = True,
) -> dict[str, Verdict]:  # fmt: skip
    """One verdict for each of `layers` at which every measure that decides was kept, before and after.

    trained: whether the train split was trained on; where it was not, as on another language pair, nothing is memorised.
    """
    headline = after.scores.headline_of(split)
    usable = [layer for layer in layers if _change(before, after, headline, split, [layer]) is not None]
    control = _change(before, after, headline, split, usable)
    if not usable or control is None:
        return {}
    if why := why_withheld(controls):
        return dict.fromkeys(usable, withheld(why))
    learnt = _change(before, after, headline, Split.TRAIN, usable) if trained and split is not Split.TRAIN else None
    evidence = ChangeEvidence(
        layers=usable,
        label=get_measure(headline).label,
        control=control,
        twin=None if twin is None else _change(before, twin, headline, split, usable),
        train=None if learnt is None else learnt.headline,
        floors=floors_of(controls),
    )
    return change_verdicts(evidence)


def verdicts_of_state(
    part: Part, *, split: Split, layers: Sequence[str], controls: Controls | None = None
) -> dict[str, Verdict]:
    """One verdict for each of `layers` at which the headline was kept."""
    headline = part.scores.headline_of(split)
    columns = {layer: part.pseudo(headline, split, layer) for layer in layers}
    usable = {layer: column for layer, column in columns.items() if column is not None}
    if not usable:
        return {}
    if why := why_withheld(controls):
        return dict.fromkeys(usable, withheld(why))
    spelling = controls.spelling.get(split) if controls else None
    evidence = StateEvidence(
        layers=list(usable),
        label=get_measure(headline).label,
        headline=np.stack(list(usable.values()), axis=1),
        chance=CHANCE[headline],
        spelling=np.array(spelling.pseudo) if spelling and spelling.pseudo else None,
        qualifiers={layer: qualifiers_of(part, split, layer, controls) for layer in usable},
    )
    return state_verdicts(evidence)


def floors_of(controls: Controls | None) -> Mapping[str, float]:
    """By layer, the least change worth a claim, where placebos were run."""
    return controls.placebo.floors if controls and controls.placebo else {}


def qualifiers_of(part: Part, split: Split, layer: str, controls: Controls | None) -> list[str]:
    """What else a reader of a state's score should know: the cone, and a sink in the pooled vectors."""
    found = []
    wrong = part.scores.value("mismatched", split, part.state, layer)
    if wrong is not None and (wrong >= NARROW or wrong <= WIDE):
        found.append(f"{'narrow' if wrong >= NARROW else 'wide'} cone (wrong pairs at {wrong:.2f})")
    ratio = part.scores.value("sink_ratio", split, part.state, layer)
    if controls is not None and controls.first_pooled and ratio is not None and ratio >= SINK_RATIO:
        found.append(f"sink in the pooled vectors (position 0 norm {ratio:.0f}x)")
    return found


def change_of(moved: Callable[[str], Floats | None], headline: str, *, subset: bool) -> Change | None:
    """Everything that decides about a change; None where something is missing.

    moved: from a measure to the pseudo-values of its change `[n, L]`, None where they are missing. subset: whether enough
    words are spelled unlike to be looked at apart.
    """
    columns: dict[str, Floats] = {}
    for measure in (headline, *agreeing_with(headline)):
        found = moved(measure)
        if found is None:
            return None
        columns[get_measure(measure).label] = found
    unlike = moved(SUBSET) if subset else None
    return Change(
        headline=columns.pop(get_measure(headline).label),
        agreeing=columns,
        subsets={} if unlike is None else {f"{get_measure(SUBSET).label} words": unlike},
    )


def spelled_unlike(scores: Scores, split: Split, state: str, layer: str) -> bool:
    """Whether spelling cannot have aligned so many of the words that they are looked at apart."""
    own = scores.column(SUBSET, split, state, layer)
    return own is not None and int(np.isfinite(own).sum()) >= MIN_WORDS


def _change(before: Part, after: Part, headline: str, split: Split, layers: Sequence[str]) -> Change | None:
    """Change over `layers` of everything that decides; None where something is missing."""
    if not layers:
        return None

    def moved(measure: str) -> Floats | None:
        pairs = [(before.pseudo(measure, split, layer), after.pseudo(measure, split, layer)) for layer in layers]
        found = [y - x for x, y in pairs if x is not None and y is not None and len(x) == len(y)]
        return np.stack(found, axis=1) if len(found) == len(layers) else None

    return change_of(moved, headline, subset=spelled_unlike(after.scores, split, after.state, layers[0]))
