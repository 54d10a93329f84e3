"""A word pair and the role it plays: the vocabulary that every room above the lexicon shares."""

import dataclasses
from dataclasses import dataclass
from enum import StrEnum


class Split(StrEnum):
    """Role of a word pair: seen in training, used to choose a layer or to stop, never seen, or never even looked at.

    The audit words of the core are for boards alone: nothing is chosen on them, and a run does not show them.
    """

    TRAIN = "train"
    DEV = "dev"
    CONTROL = "control"
    AUDIT = "audit"


SHOWN = (Split.TRAIN, Split.DEV, Split.CONTROL)
"""The splits that a run reads, a list may have and a user may ask for: all but the sealed one."""
TESTED = frozenset({Split.CONTROL, Split.AUDIT})
"""The splits whose words no training may have seen."""


@dataclass(frozen=True, slots=True)
class WordPair:
    """One concept in two languages, as a model reads it (`as_read`); the preferred form comes first, accepted variants after it.

    related: see `Entry`. band: how frequent the concept's English word is (`facts.BANDS`), empty if that is not known; loan: whether one of
    the two words is a loan, None if nobody looked.
    """

    concept: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    split: Split
    pos: str = ""
    field: str = ""
    related: tuple[str, ...] | None = dataclasses.field(default=None, compare=False)
    band: str = dataclasses.field(default="", compare=False)
    loan: bool | None = dataclasses.field(default=None, compare=False)

    @property
    def source(self) -> str:
        """Preferred source form: the one that is embedded."""
        return self.sources[0]

    @property
    def target(self) -> str:
        """Preferred target form: the one that is embedded."""
        return self.targets[0]
