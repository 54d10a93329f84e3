"""What is known about a concept beside its words: how frequent they are, and which of them are loans. Measures report by these."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tli_bench.base.errors import LexiconError
from tli_bench.languages.language import CODE
from tli_bench.lexicon.text import numbered_lines

FREQUENCY_FILE, LOANS_FILE = "frequency.tsv", "loans.tsv"
BANDS = ("rare", "uncommon", "common", "very common")
"""They begin at 3, 4 and 5 on the Zipf scale: log10 of the occurrences in a billion words (van Heuven et al. 2014)."""
ORIGINS = ("ar", "fa", "ru", "en", "fr", "mn", "zh", "el", "it", "pt", "hi", "other")
"""Where a loan came from, or through: Arabic, Persian, Russian, English, French, Mongolic, Chinese, Greek, Italian, Portuguese, Indic."""

Table = Mapping[str, Mapping[str, str]]


def band_of(zipf: float) -> str:
    """The band of a frequency on the Zipf scale."""
    return BANDS[sum(zipf >= start for start in (3, 4, 5))]


@dataclass(frozen=True)
class Facts:
    """By concept and language code, of the preferred forms. bands: only where there is text to count in; loans: only of loans.

    languages: those whose words were looked at for loans.
    """

    bands: Table = field(default_factory=dict)
    loans: Table = field(default_factory=dict)
    languages: frozenset[str] = frozenset()

    def band(self, concept: str, code: str) -> str:
        """The band of a concept's word in a language, or empty."""
        return self.bands.get(concept, {}).get(code, "")

    def loan(self, concept: str, codes: Iterable[str]) -> bool | None:
        """Whether the word of any of these languages is a loan; None where none of them was looked at."""
        known = [code for code in codes if code in self.languages]
        return any(code in self.loans.get(concept, {}) for code in known) if known else None


def read_facts(folder: Path) -> Facts:
    """The facts in a lexicon's folder; a file that is not there holds none. Raises LexiconError naming file, line and reason."""
    bands, _ = _table(folder / FREQUENCY_FILE, BANDS)
    loans, languages = _table(folder / LOANS_FILE, ORIGINS)
    return Facts(bands, loans, languages)


def _table(path: Path, allowed: Iterable[str]) -> tuple[Table, frozenset[str]]:
    if not path.is_file():
        return {}, frozenset()
    known = set(allowed)
    found: dict[str, dict[str, str]] = {}
    columns: list[str] = []
    for number, line in numbered_lines(path):
        concept, *cells = line.split("\t")
        where = f"{path}:{number}"
        if number == 1:
            columns = cells
            if concept != "concept" or not all(CODE.fullmatch(code) for code in columns):
                raise LexiconError(
                    f"{where}: the header must be `concept` and codes of languages (swh_Latn), tab-separated"
                )
            continue
        if len(cells) != len(columns) or concept in found:
            raise LexiconError(f"{where}: {concept!r} must stand once, with {len(columns)} cells, but has {len(cells)}")
        found[concept] = {code: cell for code, cell in zip(columns, cells, strict=True) if cell}
        if strange := sorted(set(found[concept].values()) - known):
            raise LexiconError(f"{where}: {strange[0]!r} is not one of {', '.join(allowed)}")
    return found, frozenset(columns)
