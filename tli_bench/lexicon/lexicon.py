"""A lexicon of one language pair: word pairs with their split, their hash, and which answers count as right."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tli_bench.languages import Language, pair_id
from tli_bench.lexicon.normalise import match_key
from tli_bench.lexicon.pairs import Split, WordPair


@dataclass(frozen=True)
class Lexicon:
    """Word pairs of two languages; made by `load_lexicon`.

    version: of the core lexicon, or the revision at which a Hub data set was read, or empty for a user's own list.
    seed: the seed that the splits were assigned with.
    """

    name: str
    version: str
    source_language: Language
    target_language: Language
    pairs: tuple[WordPair, ...]
    seed: int = 0

    @property
    def pair(self) -> str:
        """Canonical pair id, `swh_Latn-eng_Latn`."""
        return pair_id(self.source_language, self.target_language)

    @property
    def source_words(self) -> tuple[str, ...]:
        """Preferred source form of every pair."""
        return tuple(pair.source for pair in self.pairs)

    @property
    def target_words(self) -> tuple[str, ...]:
        """Preferred target form of every pair."""
        return tuple(pair.target for pair in self.pairs)

    def of(self, split: Split) -> tuple[WordPair, ...]:
        """The pairs of one split, in the lexicon's order."""
        return tuple(pair for pair in self.pairs if pair.split == split)

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of languages, concepts, forms and splits, whatever the order of the rows."""
        rows = sorted(
            "\t".join((p.concept, "|".join(p.sources), "|".join(p.targets), p.split.value)) for p in self.pairs
        )
        return hashlib.sha256("\n".join((self.pair, *rows)).encode()).hexdigest()

    def gold(self, pairs: tuple[WordPair, ...] | list[WordPair]) -> npt.NDArray[np.bool_]:
        """Which of these pairs' targets are right answers for which source: `[n, n]`, diagonal true.

        `gold[i, j]` is true when some pair of the lexicon accepts both the preferred source of `i` and the preferred
        target of `j`, compared by match key; so homographs and variants are right in both directions (`gold.T`).
        """
        sources = [match_key(p.source, self.source_language) for p in pairs]
        targets: dict[str, list[int]] = {}
        for column, pair in enumerate(pairs):
            targets.setdefault(match_key(pair.target, self.target_language), []).append(column)
        known = self._translations
        gold = np.eye(len(pairs), dtype=np.bool_)
        for row, source in enumerate(sources):
            own = (match_key(form, self.target_language) for form in pairs[row].targets)
            for target in {*known.get(source, ()), *own}:
                gold[row, targets.get(target, [])] = True
        return gold

    @cached_property
    def _translations(self) -> dict[str, set[str]]:
        """Every target key that some pair accepts for a source key."""
        found: dict[str, set[str]] = {}
        for pair in self.pairs:
            accepted = {match_key(form, self.target_language) for form in pair.targets}
            for form in pair.sources:
                found.setdefault(match_key(form, self.source_language), set()).update(accepted)
        return found
