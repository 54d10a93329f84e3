"""The words of a training: those of one language pair, or of several that are trained together."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import accumulate
from operator import or_
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tli_bench.base.errors import InputError
from tli_bench.languages import pairs_of
from tli_bench.lexicon import Lexicon, load_lexicon
from tli_bench.lexicon.normalise import match_key
from tli_bench.lexicon.pairs import Split, WordPair
from tli_bench.lexicon.trained import Trained, trained_on
from tli_bench.training.parallel import read_parallel, words_in


@dataclass(frozen=True)
class TrainingWords:
    """One lexicon for each language pair of a training, in the order in which they were asked for.

    sentences: parallel ones, trained beside the words. alone: in place of the words, whose dev split then still chooses. What cards
    and checkpoints state of one lexicon, they state of all of them.
    """

    lexicons: tuple[Lexicon, ...]
    sentences: Lexicon | None = None
    alone: bool = False

    @classmethod
    def load(
        cls,
        lexicon: "str | Path | Lexicon | TrainingWords",
        pair: str,
        *,
        parallel: str | Path | None = None,
        alone: bool = False,
        **layout: Any,
    ) -> "TrainingWords":
        """The lexicon called `lexicon`, for each pair of the comma-separated `pair`; what is loaded already is taken as it is.

        parallel: a file of sentences in the languages of the only pair, as `read_parallel` reads it; alone: train nothing else.
        layout: options of `load_lexicon`. Raises InputError for a pair that is named twice, sentences for several pairs or none where
        they are to be trained alone, and as `load_lexicon` and `read_parallel` do.
        """
        if isinstance(lexicon, TrainingWords):
            return lexicon
        found = (
            (lexicon,)
            if isinstance(lexicon, Lexicon)
            else tuple(load_lexicon(lexicon, pair=name, **layout) for name in pairs_of(pair))
        )
        ids = {frozenset((one.source_language.code, one.target_language.code)) for one in found}
        if len(ids) < len(found):
            raise InputError(f"--pair {pair} names a pair twice; name each language pair once")
        if parallel is None:
            if alone:
                raise InputError("--parallel-only trains on sentences alone, but none are given; add --parallel FILE")
            return cls(found)
        if len(found) > 1:
            raise InputError(
                f"--parallel takes the sentences of one language pair, and --pair names {len(found)}; train one pair"
            )
        return cls(found, read_parallel(parallel, found[0]), alone)

    @property
    def trained_parts(self) -> tuple[Lexicon, ...]:
        """What the loss sees: the lexicons and the sentences, or these alone."""
        own = () if self.alone else self.lexicons
        return own if self.sentences is None else (*own, self.sentences)

    @property
    def pair(self) -> str:
        """Canonical ids of the pairs, joined by commas."""
        return ",".join(one.pair for one in self.lexicons)

    @property
    def name(self) -> str:
        """Of the list that they all are of."""
        return self.lexicons[0].name

    @property
    def version(self) -> str:
        """Of the list that they all are of."""
        return self.lexicons[0].version

    @property
    def seed(self) -> int:
        """The seed that splits were assigned with."""
        return self.lexicons[0].seed

    @property
    def content_hash(self) -> str:
        """That of the only lexicon, or SHA-256 of all that is trained or chosen by."""
        parts = self.lexicons if self.sentences is None else (*self.lexicons, self.sentences)
        hashes = [*(one.content_hash for one in parts), *(["alone"] if self.alone else [])]
        return hashes[0] if len(hashes) == 1 else hashlib.sha256("\n".join(hashes).encode()).hexdigest()

    def of(self, split: Split) -> tuple[WordPair, ...]:
        """The pairs of one split, part after part."""
        return tuple(pair for one in self.parts(split) for pair in one.of(split))

    def parts(self, split: Split) -> tuple[Lexicon, ...]:
        """Whose pairs make up a split."""
        return self.trained_parts if split is Split.TRAIN else self.lexicons

    @property
    def concepts(self) -> list[str]:
        """Concepts of the words that are trained, sorted."""
        return sorted(
            {pair.concept for one in self.trained_parts if one is not self.sentences for pair in one.of(Split.TRAIN)}
        )

    @property
    def trained(self) -> Trained:
        """What a training on all of this sees; every word of a sentence counts."""
        seen = [words_in(one) if one is self.sentences else trained_on(one) for one in self.trained_parts]
        return reduce(or_, seen)

    def gold(self, split: Split) -> Tensor:
        """Which targets of a split are right for which source: bool `[n, n]`, rows and columns as in `of(split)`.

        Within a language pair as `Lexicon.gold` says. Across pairs a target is right for the same concept, and where it is an accepted
        word of the row's target language.
        """
        parts = self.parts(split)
        pairs = [one.of(split) for one in parts]
        concepts = _numbers([pair.concept for part in pairs for pair in part])
        gold = (
            concepts[:, None] == concepts[None, :]
            if len(pairs) > 1
            else torch.zeros(len(pairs[0]), len(pairs[0]), dtype=torch.bool)
        )
        starts = list(accumulate(map(len, pairs), initial=0))[:-1]
        for row, (one, own, top) in enumerate(zip(parts, pairs, starts, strict=True)):
            for column, (other, theirs, left) in enumerate(zip(parts, pairs, starts, strict=True)):
                block = gold[top : top + len(own), left : left + len(theirs)]
                if row == column:
                    block |= torch.from_numpy(one.gold(own))
                elif one.target_language == other.target_language:
                    block |= _accepted(one, own, theirs)
        return gold


def words_of(given: Lexicon | TrainingWords) -> TrainingWords:
    """One lexicon, or several, as the words of a training."""
    return given if isinstance(given, TrainingWords) else TrainingWords((given,))


def _accepted(lexicon: Lexicon, sources: Sequence[WordPair], targets: Sequence[WordPair]) -> Tensor:
    """Bool `[sources, targets]`: whether a word of another pair, in the same target language, is one that a source's entry accepts."""
    where: dict[str, list[int]] = {}
    for column, pair in enumerate(targets):
        where.setdefault(match_key(pair.target, lexicon.target_language), []).append(column)
    found = torch.zeros(len(sources), len(targets), dtype=torch.bool)
    for row, pair in enumerate(sources):
        for form in pair.targets:
            found[row, where.get(match_key(form, lexicon.target_language), [])] = True
    return found


def _numbers(names: Sequence[str]) -> Tensor:
    known: dict[str, int] = {}
    return torch.tensor([known.setdefault(name, len(known)) for name in names], dtype=torch.long)
