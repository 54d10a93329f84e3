"""Tasks that tag words, by a linear probe: trained on English words' hidden states, tested on another language's, layer by layer."""

import random
from abc import abstractmethod
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch

from tli_bench.base.errors import UnscorableError
from tli_bench.downstream.datasets import named_in
from tli_bench.downstream.embedded import Measured, Scores
from tli_bench.downstream.errors import DataError
from tli_bench.downstream.probe import Probes, signature
from tli_bench.downstream.sources import Loaded
from tli_bench.downstream.spec import Definition, Document, DownstreamSpec, Request, WordsOf
from tli_bench.languages import pivot
from tli_bench.measures.choice import best_depth
from tli_bench.models.identity import State
from tli_bench.stats.ratio import ratio, ratio_ci

TRAIN, DEV, TEST = "train", "dev", "test"
HUB_SPLITS = {TRAIN: "train", DEV: "validation", TEST: "test"}
"""What the Hub calls the split of each role."""
CONTROLS = ("shuffled", "lookup", "majority")
NAN = float("nan")


@dataclass(frozen=True, slots=True)
class TaggedAnswer:
    """The answer to one `WordsOf`. vectors: `[layers, kept words, dim]` by state, the base's first; kept: which words have one."""

    layers: tuple[str, ...]
    vectors: Mapping[State, torch.Tensor]
    kept: tuple[int, ...]

    def __repr__(self) -> str:
        return f"TaggedAnswer({'+'.join(self.vectors)}, {len(self.layers)} layers, {len(self.kept)} words)"


@dataclass(frozen=True, slots=True)
class TaggedSentence:
    """A sentence with a tag for each of its words."""

    words: tuple[str, ...]
    tags: tuple[str, ...]


Item = tuple[Document, TaggedAnswer]


@dataclass(frozen=True, slots=True)
class _Part:
    """The sentences of one role: their answers, and the words and tags of those that have a vector, by sentence."""

    answers: list[TaggedAnswer]
    words: list[list[str]]
    tags: list[list[str]]

    def vectors(self, state: State, layer: int) -> np.ndarray:
        """Vectors of all words at a layer, float64 `[words, dim]`."""
        rows = [answer.vectors[state][layer] for answer in self.answers]
        return np.asarray((torch.cat(rows) if rows else torch.empty(0, 1)).numpy(), dtype=np.float64)

    def cut(self, flat: Sequence[str]) -> list[list[str]]:
        """One tag per word of all sentences, cut into sentences again."""
        rest = iter(flat)
        return [[next(rest) for _ in tags] for tags in self.tags]


class TaggedSpec(DownstreamSpec):
    """Zero-shot transfer of a linear probe: its `Probe` learns from English training sentences, the layer is chosen on English
    development sentences (of the adapted model where there is one), and it is scored on the test sentences of `language`.

    Each word's vector is the mean over its own tokens in the sentence. For every role at most so many sentences are drawn, with
    `seed`; options of these names change the numbers. Next to the score at the chosen layer stand three controls: `shuffled`
    (the probe learnt from the same words with their tags in random order), `lookup` (the tag most frequent for that spelling
    in the training sentences) and `majority` (the most frequent tag for all).
    `_low`, `_high`: 95 % bootstrap interval over whole test sentences. Options: `language`, `called`, `english`.
    """

    SCORE: ClassVar[str]
    """Name of the score."""
    SIZES: ClassVar[Mapping[str, int]] = {TRAIN: 500, DEV: 200, TEST: 500}
    """The most sentences of each role."""
    PROBES: ClassVar[Probes] = Probes()
    """Shared by all tasks of a process."""

    @staticmethod
    def per_language(prefix: str, dataset: str, offline: Callable[[str], bool]) -> list[Definition]:
        """One task for each language that a data set has, English as well. offline: whether there are fixtures, by the set's name."""
        names, main = named_in(dataset), pivot().code
        return [
            Definition(
                f"{prefix}_{code}",
                {"language": code, "called": called, "english": names[main]},
                offline=offline(called),
                suite=() if code == main else (code,),
            )
            for code, called in names.items()
        ]

    @abstractmethod
    def sentences(self, called: str, split: str) -> Loaded[TaggedSentence]:
        """All sentences of a split (`train`, `dev` or `test`), by the set's own name of a language."""

    @abstractmethod
    def parts(self, said: Sequence[str], gold: Sequence[str]) -> tuple[float, float]:
        """Numerator and denominator that one sentence adds to the score."""

    def load(self) -> Loaded[Document]:
        """Sentences of the three roles by turns, so that `--limit` keeps some of each."""
        english, called = self.need("english"), self.need("called")
        read = {
            TRAIN: self.sentences(english, TRAIN), DEV: self.sentences(english, DEV), TEST: self.sentences(called, TEST),
        }  # fmt: skip
        drawn = {role: self._drawn(role, found) for role, found in read.items()}
        docs: list[Document] = []
        for turn in range(max(map(len, drawn.values()))):
            for role, kept in drawn.items():
                if turn < len(kept):
                    words, tags = list(kept[turn].words), list(kept[turn].tags)
                    docs.append({"position": len(docs), "role": role, "words": words, "tags": tags})
        return Loaded(docs, " -> ".join(dict.fromkeys(found.source for found in read.values())))

    def _drawn(self, role: str, found: Loaded[TaggedSentence]) -> list[TaggedSentence]:
        size = int(self.options.get(role, self.SIZES[role]))
        if size < 2:
            raise DataError(f"task {self.task}: `metadata.{role}` must be at least 2 sentences, got {size}")
        some = [sentence for sentence in found.items if sentence.words]
        if not some:
            raise DataError(f"{found.source}: no sentences")
        rng = random.Random(f"{role} {self.options.get('seed', 0)}")
        return [some[place] for place in sorted(rng.sample(range(len(some)), min(size, len(some))))]

    def facts(self) -> dict[str, Any]:
        """Signature of the probe, and how many sentences of each role were asked for, with which seed."""
        sizes = {role: int(self.options.get(role, size)) for role, size in self.SIZES.items()}
        return {"signatures": {"probe": signature()}, "sizes": sizes, "seed": int(self.options.get("seed", 0))}

    def prompt(self, doc: Document) -> str:
        """The sentence; there is no prompt."""
        return " ".join(doc["words"])

    def target(self, doc: Document) -> str:
        """The tags."""
        return " ".join(doc["tags"])

    def requests(self, doc: Document) -> list[Request]:
        """The states of the sentence's words."""
        code = self.need("language") if doc["role"] == TEST else pivot().code
        return [WordsOf(tuple(doc["words"]), code)]

    def measure(self, pool: Sequence[Item]) -> Measured:
        """Scores of the whole pool, whatever the order of its documents."""
        items = sorted(pool, key=lambda item: item[0]["position"])
        parts = {role: _part(items, role) for role in (TRAIN, DEV, TEST)}
        layers, states = items[0][1].layers, tuple(items[0][1].vectors)
        scored = states[-1]
        tested: dict[State, list[np.ndarray | None]] = {}
        choice: list[float] = []
        for state in states:
            tested[state] = []
            for layer in range(len(layers)):
                chosen, found = self._layer(parts, state, layer)
                tested[state].append(found)
                if state == scored:
                    choice.append(chosen)
        depth = best_depth(choice)
        best = len(layers) - 1 if depth is None else depth
        curves = {state: {self.SCORE: [_score(found) for found in tested[state]]} for state in states}
        headlines = self._headlines(tested, best, scored) | self._controls(parts, scored, best)
        headlines |= {
            "best_layer": float(best),
            "sentences": float(len(parts[TEST].answers)),
            "words": float(sum(map(len, parts[TEST].tags))),
            "left_out_words": float(sum(len(doc["words"]) - len(answer.kept) for doc, answer in items)),
        }
        headlines |= {f"{self.SCORE}_L{name.zfill(2)}": curves[scored][self.SCORE][i] for i, name in enumerate(layers)}
        return Measured(layers, curves, dict.fromkeys(states, best), headlines)

    def _layer(self, parts: Mapping[str, _Part], state: State, layer: int) -> tuple[float, np.ndarray | None]:
        """The score on dev, and what each test sentence adds, at one layer; NaN and None where the probe cannot be fitted."""
        try:
            train = parts[TRAIN]
            probe = self.PROBES.fit(train.vectors(state, layer), [tag for tags in train.tags for tag in tags])
            dev, test = (
                self._added(parts[role], probe.predict(parts[role].vectors(state, layer))) for role in (DEV, TEST)
            )
            return _score(dev), test
        except UnscorableError:
            return NAN, None

    def _added(self, part: _Part, said: Sequence[str]) -> np.ndarray:
        """Numerators and denominators `[sentences, 2]`."""
        pairs = zip(part.cut(said), part.tags, strict=True)
        return np.array([self.parts(one, gold) for one, gold in pairs], dtype=np.float64).reshape(-1, 2)

    def _headlines(self, tested: Mapping[State, Sequence[np.ndarray | None]], best: int, scored: State) -> Scores:
        """The score at the chosen layer and at the last, with intervals, base and change where there is an adapter."""
        name, found = self.SCORE, tested[scored]
        values = {name: _score(found[best]), f"{name}_output": _score(found[-1])}
        values |= _interval(name, found[best])
        if scored != "base":
            base = tested["base"]
            for key, place in ((name, best), (f"{name}_output", -1)):
                values[f"{key}_base"] = _score(base[place])
                values[f"{key}_change"] = values[key] - values[f"{key}_base"]
            values |= _interval(f"{name}_change", found[best], base[best])
        return values

    def _controls(self, parts: Mapping[str, _Part], state: State, layer: int) -> Scores:
        """What the same score is without the language's hidden states, or without the tags."""
        train, test = parts[TRAIN], parts[TEST]
        tags = [tag for sentence in train.tags for tag in sentence]
        words = [word for sentence in test.words for word in sentence]
        found = dict.fromkeys(CONTROLS, NAN)
        if not tags or not words:
            return found
        majority = Counter(tags).most_common(1)[0][0]
        seen: dict[str, Counter[str]] = defaultdict(Counter)
        for word, tag in zip((word for sentence in train.words for word in sentence), tags, strict=True):
            seen[word][tag] += 1
        lookup = [seen[word].most_common(1)[0][0] if word in seen else majority for word in words]
        found["majority"] = _score(self._added(test, [majority] * len(words)))
        found["lookup"] = _score(self._added(test, lookup))
        random.Random(f"shuffled {self.options.get('seed', 0)}").shuffle(tags)
        try:
            probe = self.PROBES.fit(train.vectors(state, layer), tags)
            found["shuffled"] = _score(self._added(test, probe.predict(test.vectors(state, layer))))
        except UnscorableError:
            pass
        return found

    def directions(self, layers: tuple[str, ...], states: tuple[State, ...]) -> dict[str, bool]:
        """Names of the metrics for a model with these layers and states, each with whether higher is better."""
        name = self.SCORE
        names = [name, f"{name}_output", f"{name}_low", f"{name}_high"]
        if len(states) > 1:
            names += [f"{key}_{end}" for key in (name, f"{name}_output") for end in ("base", "change")]
            names += [f"{name}_change_low", f"{name}_change_high"]
        names += [*CONTROLS, "best_layer", "sentences", "words"]
        names += [f"{name}_L{layer.zfill(2)}" for layer in layers]
        return dict.fromkeys(names, True) | {"left_out_words": False}


def _part(items: Sequence[Item], role: str) -> _Part:
    mine = [(doc, answer) for doc, answer in items if doc["role"] == role]
    return _Part(
        [answer for _, answer in mine],
        [[doc["words"][place] for place in answer.kept] for doc, answer in mine],
        [[doc["tags"][place] for place in answer.kept] for doc, answer in mine],
    )


def _score(parts: np.ndarray | None) -> float:
    try:
        return NAN if parts is None else ratio(parts)
    except UnscorableError:
        return NAN


def _interval(name: str, parts: np.ndarray | None, before: np.ndarray | None = None) -> Scores:
    try:
        if parts is None or (name.endswith("_change") and before is None):
            raise UnscorableError("one of the two has no score")
        found = ratio_ci(parts, before)
    except UnscorableError:
        return {f"{name}_low": NAN, f"{name}_high": NAN}
    return {f"{name}_low": found.low, f"{name}_high": found.high}
