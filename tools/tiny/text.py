"""Generate the text that the embedded model is trained on: short lines from our own lexicon and templates.

Which concepts occur together is the same in every language; only *evidence* concepts (a part of the train split) also
occur in translation lines and are code-switched into other languages' sentences. Dev and control concepts never do,
so a base model aligns them only through the words they occur with.
"""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from tli_bench.languages import pivot

TEMPLATES: dict[str, tuple[str, ...]] = {
    code: tuple(sentences)
    for code, sentences in yaml.safe_load(
        (Path(__file__).parent / "templates.yaml").read_text(encoding="utf-8")
    ).items()
}
ASSOCIATES = 5
HUB = pivot().code


@dataclass(frozen=True)
class Recipe:
    """Shares of the text.

    evidence: share of the train split with translation evidence. translation: share of the lines that translate.
    switch: chance that an evidence word in another line is code-switched. lists: share of the other lines that only
    list associated words; joined: share of those with the language's `and` between the words. unseen_weight: how many
    times as likely a concept without evidence is to open a line. seed: for everything.
    """

    evidence: float = 0.6
    translation: float = 0.2
    switch: float = 0.4
    lists: float = 0.7
    joined: float = 0.75
    unseen_weight: int = 2
    seed: int = 7


@dataclass(frozen=True)
class World:
    """Concepts, their words per language, which occur together, and which have translation evidence."""

    words: dict[str, dict[str, str]]
    associates: dict[str, list[str]]
    evidence: frozenset[str]
    recipe: Recipe


def _share(seed: int, key: str) -> float:
    return int.from_bytes(hashlib.sha256(f"{seed}:{key}".encode()).digest()[:8], "big") / 2**64


def build_world(words: dict[str, dict[str, str]], fields: dict[str, str], train: set[str], recipe: Recipe) -> World:
    """words: concept -> language -> preferred form; fields: concept -> semantic field; train: concepts of that split."""
    evidence = frozenset(c for c in words if c in train and _share(recipe.seed, c) < recipe.evidence)
    associates: dict[str, list[str]] = {}
    for concept in words:
        rng = random.Random(f"{recipe.seed}:{concept}")
        others = [c for c in words if c != concept]
        near = [c for c in others if fields[c] == fields[concept] and c in evidence]
        known = [c for c in others if c in evidence]
        kin = [c for c in others if fields[c] == fields[concept] and c not in evidence]
        chosen = rng.sample(near, min(2, len(near)))
        chosen += rng.sample([c for c in kin if c not in chosen], min(1, len(kin)))
        chosen += rng.sample([c for c in known if c not in chosen], ASSOCIATES - len(chosen))
        associates[concept] = chosen
    return World(words, associates, evidence, recipe)


def settled(world: World) -> World:
    """The world as the last phases of training see it: every listed word is followed by its language's `and`."""
    return replace(world, recipe=replace(world.recipe, joined=1.0))


def lines(world: World, count: int, *, stream: str = "train") -> Iterator[str]:
    """Yield `count` lines; another `stream` name gives different lines of the same world (for held-out perplexity)."""
    rng = random.Random(f"{world.recipe.seed}:{stream}")
    concepts = sorted(world.words)
    openers = [c for c in concepts for _ in range(1 if c in world.evidence else world.recipe.unseen_weight)]
    evidence = sorted(world.evidence)
    languages = [code for code in TEMPLATES if any(code in forms for forms in world.words.values())]
    partners = [code for code in languages if code != HUB]
    # The hub language is a partner of every pair, so it gets a larger part of the text.
    weights = [3 if code == HUB else 1 for code in languages]
    for _ in range(count):
        language = rng.choices(languages, weights)[0]
        if rng.random() < world.recipe.translation:
            yield _translation(world, rng, rng.choice(evidence), rng.choice(partners))
            continue
        first = rng.choice(openers)
        listed = rng.random() < world.recipe.lists
        group = [first, *rng.sample(world.associates[first], ASSOCIATES - 1 if listed else 1)]
        rng.shuffle(group)
        spoken = [_say(world, rng, c, language, partners) for c in group]
        if not listed:
            yield rng.choice(TEMPLATES[language]).format(a=spoken[0], b=spoken[1])
        elif rng.random() < world.recipe.joined:
            yield _and(language).join(spoken)
        else:
            yield " ".join(spoken)


def _and(language: str) -> str:
    """The language's `and` with its spaces, from the first template."""
    return TEMPLATES[language][0].removeprefix("{a}").removesuffix("{b}")


def _say(world: World, rng: random.Random, concept: str, language: str, partners: list[str]) -> str:
    forms = world.words[concept]
    if concept in world.evidence and rng.random() < world.recipe.switch:
        language = rng.choice(partners) if language == HUB else HUB
    return forms.get(language) or forms[HUB]


def _translation(world: World, rng: random.Random, concept: str, partner: str) -> str:
    forms = world.words[concept]
    pair = [forms[HUB], forms.get(partner) or forms[HUB]]
    rng.shuffle(pair)
    return f"{pair[0]} = {pair[1]}"
