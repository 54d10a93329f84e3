"""A word pair and the role it plays: the vocabulary that every room above the lexicon shares."""

from dataclasses import dataclass
from enum import StrEnum


class Split(StrEnum):
    """Role of a word pair: seen in training, used to choose a layer or to stop, or never seen."""

    TRAIN = "train"
    DEV = "dev"
    CONTROL = "control"


@dataclass(frozen=True, slots=True)
class WordPair:
    """One concept in two languages; the preferred form comes first, accepted variants after it."""

    concept: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    split: Split
    pos: str = ""
    field: str = ""

    @property
    def source(self) -> str:
        """Preferred source form: the one that is embedded."""
        return self.sources[0]

    @property
    def target(self) -> str:
        """Preferred target form: the one that is embedded."""
        return self.targets[0]
