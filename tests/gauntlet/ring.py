"""What an attack is, what it is measured by, and the list of all of them: adding one is adding one function."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from tli_bench.lexicon.pairs import Split, WordPair
from tli_bench.measures import LayerView, centre, get_measure
from tli_bench.measures.centred import LOW_OVERLAP
from tli_bench.measures.roles import CHANCE, SUBSET, agreeing_with, headline_for
from tli_bench.stats import pseudo
from tli_bench.stats.verdict import Change, ChangeEvidence, StateEvidence, VerdictKind, change_verdicts, state_verdicts

CLAIMS = frozenset({VerdictKind.GENERALISES, VerdictKind.BETTER, VerdictKind.DAMAGE, VerdictKind.MEMORISES})
"""Verdicts that say that something changed."""
PRAISE = frozenset({VerdictKind.GENERALISES, VerdictKind.BETTER})


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Vectors of one layer of one model for one language pair: source and target `[n, d]`, gold `[n, n]`, one split per row.

    known: what was measured of it, as most attacks start from the same scenes.
    """

    name: str
    pairs: Sequence[WordPair]
    source: torch.Tensor
    target: torch.Tensor
    gold: torch.Tensor
    overlap: np.ndarray
    known: dict[tuple[str, Split], np.ndarray] = field(default_factory=dict)

    def rows(self, *splits: Split) -> list[int]:
        """Rows of these splits."""
        return [i for i, pair in enumerate(self.pairs) if pair.split in splits]

    def moved(self, source: torch.Tensor, target: torch.Tensor) -> "Scene":
        """The same words with other vectors."""
        return Scene(self.name, self.pairs, source, target, self.gold, self.overlap)

    def view(self, split: Split = Split.CONTROL) -> LayerView:
        """What measures see of one split, centred on the others."""
        here, fit = self.rows(split), self.rows(*(other for other in Split if other is not split))
        return LayerView(
            self.source[here],
            self.target[here],
            gold=self.gold[here][:, here],
            centre=centre(self.source[fit], self.target[fit]),
            facts={"overlap": self.overlap[here]},
        )

    def pseudo(self, names: Sequence[str], split: Split = Split.CONTROL) -> dict[str, np.ndarray]:
        """The pseudo-values of measures on one split."""
        missing = [name for name in names if (name, split) not in self.known]
        if missing:
            view = self.view(split)
            self.known.update({(name, split): get_measure(name).pseudo_values(view) for name in missing})
        return {name: self.known[name, split] for name in names}

    def headline(self) -> float:
        """The headline of the control words."""
        view = self.view()
        return get_measure(headline_for(view.n)).value(view)


@dataclass(frozen=True, slots=True)
class Judged:
    """old: what the first edition said, by the raw gap; ours; moved: how far the headline moved."""

    old: str
    ours: VerdictKind
    moved: float


def judge(
    before: Scene,
    after: Scene,
    *,
    twin: Scene | None = None,
    floors: Mapping[str, float] | None = None,
    trained: bool = True,
) -> Judged:
    """Both rules on the change from one scene to another.

    floors: least change worth a claim, where placebos say so, under `here`. trained: whether the change is, or could pass for, a
    training on the train split; where it is not, as between two ways of reading one model, no words are trained ones.
    """
    headline = headline_for(len(before.rows(Split.CONTROL)))
    names = [headline, *agreeing_with(headline), SUBSET]
    held = [_pseudo(scene, names) for scene in (before, after, *([twin] if twin else []))]
    changes = [_change(held[0], other, names) for other in held[1:]]
    train = None
    if trained and before.rows(Split.TRAIN):
        sides = [_pseudo(scene, [headline], Split.TRAIN)[headline] for scene in (before, after)]
        train = (sides[1] - sides[0])[:, None]
    evidence = ChangeEvidence(
        layers=["here"],
        label="x",
        control=changes[0],
        twin=changes[1] if twin else None,
        train=train,
        floors=floors or {},
    )
    found = change_verdicts(evidence)["here"].kind
    return Judged(old_rule(before, after), found, float(changes[0].headline.mean()))


def judge_state(scene: Scene, spelling: np.ndarray | None = None) -> Judged:
    """Both rules on a model as it is. spelling: pseudo-values of retrieval by spelling alone."""
    headline = headline_for(len(scene.rows(Split.CONTROL)))
    column = _pseudo(scene, [headline])[headline]
    evidence = StateEvidence(
        layers=["here"], label="x", headline=column[:, None], chance=CHANCE[headline], spelling=spelling
    )
    view = scene.view()
    gap, p1 = (get_measure(name).column(view) for name in ("gap", "p1"))
    chance = 1 / view.n + 1.96 * (1 / view.n) ** 0.5 / view.n**0.5
    low = pseudo.estimate(gap).low
    old = "aligned" if low is not None and low > 0 and p1.mean() > chance else "not aligned"
    return Judged(old, state_verdicts(evidence)["here"].kind, float(column.mean()))


def old_rule(before: Scene, after: Scene) -> str:
    """The first edition: mean change of matched minus mismatched cosine of the control words, and whether it is beyond doubt."""
    values = [get_measure("gap").column(scene.view()) for scene in (before, after)]
    found = pseudo.estimate(values[1] - values[0])
    if found.low is None or found.high is None or found.low <= 0 <= found.high:
        return "no claim"
    return f"{'generalises' if found.low > 0 else 'damage'} ({found.value:+.2f})"


def _pseudo(scene: Scene, names: Sequence[str], split: Split = Split.CONTROL) -> dict[str, np.ndarray]:
    few = (scene.overlap[scene.rows(split)] < LOW_OVERLAP).sum() < pseudo.MIN_WORDS
    return scene.pseudo([name for name in names if not (few and name == SUBSET)], split)


def _change(before: dict[str, np.ndarray], after: dict[str, np.ndarray], names: Sequence[str]) -> Change:
    columns = {name: (after[name] - before[name])[:, None] for name in names if name in before}
    headline, *agreeing = names[:3]
    subsets = {SUBSET: columns[SUBSET]} if SUBSET in columns else {}
    return Change(headline=columns[headline], agreeing={name: columns[name] for name in agreeing}, subsets=subsets)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attack came to. old, ours: in a few words; moved: largest move of the headline; passed; note: a stated exception."""

    old: str
    ours: str
    passed: bool
    moved: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack. what: in one sentence, what it does. slow: it trains or runs a model many times."""

    name: str
    what: str
    run: Callable[..., Outcome]
    slow: bool = False


@dataclass(slots=True)
class Ring:
    """Every attack, in the order in which they are shown."""

    attacks: list[Attack] = field(default_factory=list)

    def attack(
        self, name: str, what: str, *, slow: bool = False
    ) -> Callable[[Callable[..., Outcome]], Callable[..., Outcome]]:
        """Register a function of the arena as an attack."""

        def add(run: Callable[..., Outcome]) -> Callable[..., Outcome]:
            self.attacks.append(Attack(name, what, run, slow))
            return run

        return add


RING = Ring()
attack = RING.attack


def tally(found: Sequence[str]) -> str:
    """`no claim 5, damage 1`: how often each was said, without its figures."""
    names = [text.split(" (")[0] for text in found]
    counts = {name: names.count(name) for name in dict.fromkeys(names)}
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items(), key=lambda item: -item[1]))
