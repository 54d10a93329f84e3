"""Generate the text that the embedded model is trained on: short lines from our own lexicon and templates.

Which concepts occur together is the same in every language; only *evidence* concepts (a part of the train split) also
occur in translation lines and are code-switched into other languages' sentences. Dev, control and audit concepts never are,
so a base model aligns them only through the words they occur with, some of which are code-switched.
"""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

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
    switch: float = 0.5
    lists: float = 0.85
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


class Line(NamedTuple):
    """A generated line: its text, the language it is told in, empty if it translates, and each concept with the language it is said in."""

    text: str
    language: str
    said: tuple[tuple[str, str], ...]


def lines(world: World, count: int, *, stream: str = "train") -> Iterator[str]:
    """Yield `count` lines; another `stream` name gives different lines of the same world (for held-out perplexity)."""
    return (line.text for line in told(world, count, stream=stream))


def told(world: World, count: int, *, stream: str = "train") -> Iterator[Line]:
    """The same lines with what is said in them. A concept without a word in the line's language is left out of it."""
    rng = random.Random(f"{world.recipe.seed}:{stream}")
    concepts = sorted(world.words)
    openers = [c for c in concepts for _ in range(1 if c in world.evidence else world.recipe.unseen_weight)]
    evidence = sorted(world.evidence)
    languages = [code for code in TEMPLATES if any(code in forms for forms in world.words.values())]
    # The hub language is a partner of every pair, so it gets a larger part of the text.
    weights = [3 if code == HUB else 1 for code in languages]
    for _ in range(count):
        if rng.random() < world.recipe.translation:
            yield _translation(world, rng, rng.choice(evidence))
            continue
        first = rng.choice(openers)
        language = rng.choices(languages, weights)[0]
        while language not in world.words[first]:
            language = rng.choices(languages, weights)[0]
        yield _line(world, rng, first, language)


def _line(world: World, rng: random.Random, first: str, language: str) -> Line:
    listed = rng.random() < world.recipe.lists
    known = [c for c in world.associates[first] if language in world.words[c]]
    group = [first, *rng.sample(known, min(len(known), ASSOCIATES - 1 if listed else 1))]
    rng.shuffle(group)
    said = tuple((c, _spoken_in(world, rng, c, language)) for c in group)
    words = [world.words[concept][code] for concept, code in said]
    if not listed and len(words) > 1:
        text = rng.choice(TEMPLATES[language]).format(a=words[0], b=words[1])
    else:
        text = (_and(language) if rng.random() < world.recipe.joined else " ").join(words)
    return Line(text, language, said)


def _and(language: str) -> str:
    """The language's `and` with its spaces, from the first template."""
    return TEMPLATES[language][0].removeprefix("{a}").removesuffix("{b}")


def _spoken_in(world: World, rng: random.Random, concept: str, language: str) -> str:
    """The language that the concept is said in: another one, now and then, if it has evidence."""
    if concept in world.evidence and rng.random() < world.recipe.switch:
        others = [code for code in world.words[concept] if code != HUB] if language == HUB else [HUB]
        return rng.choice(others)
    return language


def _translation(world: World, rng: random.Random, concept: str) -> Line:
    forms = world.words[concept]
    sides = [HUB, rng.choice([code for code in forms if code != HUB])]
    rng.shuffle(sides)
    return Line(" = ".join(forms[code] for code in sides), "", tuple((concept, code) for code in sides))


class Company(NamedTuple):
    """In how many of the lines with a concept without evidence another word is code-switched, and in how many it is itself.

    lines: how many lines there are. with_unseen: how many of them hold a concept without evidence. mixed: how many of those hold a word of
    another language than the line's. translated: how many of them translate it, or say it in another language than the line's.
    """

    lines: int
    with_unseen: int
    mixed: int
    translated: int


def company(world: World, *, count: int = 100_000, stream: str = "company") -> Company:
    """Counted over `count` generated lines."""
    found = [line for line in told(world, count, stream=stream) if any(c not in world.evidence for c, _ in line.said)]
    mixed = sum(any(code != line.language for _, code in line.said) for line in found)
    translated = sum(any(c not in world.evidence and code != line.language for c, code in line.said) for line in found)
    return Company(count, len(found), mixed, translated)
