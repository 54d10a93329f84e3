"""How much of the core lexicon each language fills, by field."""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from tli_bench.lexicon.core import Core
from tli_bench.lexicon.normalise import as_read


@dataclass(frozen=True, slots=True)
class LanguageCoverage:
    """One language: concepts with a word, their share, forms with variants, gaps by field; and of the preferred forms how many have several
    parts, how many are bound stems, which are read without their dash, and how many are loans (None where nobody looked).
    """

    code: str
    filled: int
    share: float
    forms: int
    multi_word: int
    bound_stems: int
    loans: int | None
    by_field: dict[str, float]


@dataclass(frozen=True, slots=True)
class Coverage:
    """The core lexicon in figures.

    fields, parts_of_speech, splits: number of concepts in each.
    """

    version: str
    content_hash: str
    concepts: int
    languages: tuple[LanguageCoverage, ...]
    fields: dict[str, int]
    parts_of_speech: dict[str, int]
    splits: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """JSON-able data."""
        return asdict(self)


def stats(core: Core) -> Coverage:
    """Coverage of the core lexicon per language and field."""
    fields = Counter(entry.field for entry in core.entries)
    return Coverage(
        version=core.version,
        content_hash=core.content_hash,
        concepts=len(core.entries),
        languages=tuple(_language(core, code, fields) for code in core.languages),
        fields=dict(sorted(fields.items())),
        parts_of_speech=dict(Counter(entry.pos for entry in core.entries).most_common()),
        splits=dict(Counter(split.value for split in core.splits.values()).most_common()),
    )


def _language(core: Core, code: str, fields: Counter[str]) -> LanguageCoverage:
    filled = [entry for entry in core.entries if entry.forms.get(code)]
    by_field = Counter(entry.field for entry in filled)
    return LanguageCoverage(
        code=code,
        filled=len(filled),
        share=len(filled) / len(core.entries),
        forms=sum(len(entry.forms[code]) for entry in filled),
        multi_word=sum(" " in entry.forms[code][0] for entry in filled),
        bound_stems=sum(as_read(entry.forms[code][0]) != entry.forms[code][0] for entry in filled),
        loans=sum(bool(core.facts.loan(entry.concept, (code,))) for entry in filled)
        if code in core.facts.languages
        else None,
        by_field={name: by_field[name] / total for name, total in sorted(fields.items())},
    )
