"""Attacks on a model's own score: vectors that hold something other than meaning, and words that the tokenizer loses."""

import hashlib

import numpy as np
import torch

from tests.gauntlet.arena import Arena, scenes
from tests.gauntlet.ring import Outcome, Scene, attack, judge, judge_state, tally
from tli_bench.evaluate.controls import spelling
from tli_bench.lexicon.pairs import Split
from tli_bench.stats.verdict import VerdictKind

WIDTH = 256


def _spelling(scene: Scene) -> np.ndarray:
    rows = scene.rows(Split.CONTROL)
    others = [pair for pair in scene.pairs if pair.split is not Split.CONTROL]
    found = spelling([scene.pairs[i] for i in rows], scene.gold[rows][:, rows].numpy(), others)
    return np.array(found.pseudo)


def _grams(word: str) -> torch.Tensor:
    """Counts of hashed letter groups of one to three letters `[WIDTH]`."""
    vector = torch.zeros(WIDTH)
    for size in (1, 2, 3):
        for i in range(len(word) + 2 - size):
            gram = f"<{word}>"[i : i + size]
            vector[int(hashlib.sha256(gram.encode()).hexdigest(), 16) % WIDTH] += 1.0
    return vector


@attack("spelling-only vectors", "Gives each word the counts of its letter groups: no meaning, only look.")
def letters(arena: Arena) -> Outcome:
    found = []
    for scene in arena.scenes[::3]:
        sides = [torch.stack([_grams(getattr(p, side)) for p in scene.pairs]) for side in ("source", "target")]
        spelled = scene.moved(sides[0], sides[1])
        found.append(judge_state(spelled, _spelling(scene)))
    passed = all(item.ours is not VerdictKind.ALIGNED for item in found)
    return Outcome(tally([i.old for i in found]), tally([str(i.ours) for i in found]), passed)


@attack("token counts", "Encodes nothing but the length of each word, with a little noise.")
def counts(arena: Arena) -> Outcome:
    return _encoded(arena, lambda word, rank: float(len(word)))


@attack("frequency", "Encodes nothing but a common frequency rank of each concept, coarsely, with a little noise.")
def frequency(arena: Arena) -> Outcome:
    return _encoded(arena, lambda word, rank: float(rank * 4 // 800))


def _encoded(arena: Arena, number) -> Outcome:  # type: ignore[no-untyped-def]
    """One direction holds the number, the others small noise."""
    found = []
    for scene in arena.scenes[::3]:
        sides = []
        for side, seed in (("source", 1), ("target", 2)):
            noise = 0.3 * torch.randn(len(scene.pairs), 32, generator=torch.Generator().manual_seed(seed))
            noise[:, 0] += torch.tensor([number(getattr(p, side), rank) for rank, p in enumerate(scene.pairs)])
            sides.append(noise + 5)
        found.append(judge_state(scene.moved(sides[0], sides[1]), _spelling(scene)))
    passed = all(item.ours is not VerdictKind.ALIGNED for item in found)
    return Outcome(
        tally([i.old for i in found]), tally([str(i.ours) for i in found]), passed, max(i.moved for i in found)
    )


@attack(
    "identical sequences",
    "Gives 63 % of the words of both languages one and the same vector, as `[UNK]` = `[UNK]` does.",
)
def unknown(arena: Arena) -> Outcome:
    found = []
    for scene in arena.scenes[::3]:
        lost = torch.rand(len(scene.pairs), generator=torch.Generator().manual_seed(0)) < 0.63
        sides = []
        for seed, x in enumerate((scene.source, scene.target)):
            other = torch.randn(x.shape, generator=torch.Generator().manual_seed(seed))
            other[lost] = torch.ones(x.shape[1])
            sides.append(other)
        found.append(judge_state(scene.moved(sides[0], sides[1]), _spelling(scene)))
    passed = all(item.ours is not VerdictKind.ALIGNED and item.moved < 0.05 for item in found)
    return Outcome(
        tally([i.old for i in found]), tally([str(i.ours) for i in found]), passed, max(i.moved for i in found)
    )


@attack("BOS pooled", "Pools the first position too, where the attention sink sits: raw cosine rises towards 1.")
def sink(arena: Arena) -> Outcome:
    found, cosines = [], []
    for pair in arena.pairs:
        plain, pooled = (
            scenes(arena.tiny, pair, layers=("5",), name="tiny", protocol=protocol)[0]
            for protocol in ("words.v1", "tli-pilot")
        )
        found.append(judge(plain, pooled, trained=False))
        cosines.append(float(torch.nn.functional.cosine_similarity(pooled.source, pooled.target).mean()))
    passed = all(item.ours in (VerdictKind.NO_CHANGE, VerdictKind.UNCLEAR) for item in found)
    note = (
        f"Raw cosine is then {min(cosines):.3f} and more. Exception: the sink takes part in the length of every vector, so some "
        "retrieval is lost with it, less than what counts as a change (.05). No words are trained ones here: nothing was trained."
    )
    return Outcome(
        tally([i.old for i in found]),
        tally([str(i.ours) for i in found]),
        passed,
        max(abs(i.moved) for i in found),
        note,
    )
