"""Whether the first row of a table is its header: by names of languages and columns, by script, by numbers and by capitals."""

import logging
import re
from collections.abc import Sequence
from functools import cache

from tli_bench.languages import LANGUAGES, Language, find_language, language_or_default
from tli_bench.lexicon.alphabet import script_share
from tli_bench.lexicon.known import known_words, translates
from tli_bench.lexicon.normalise import match_key
from tli_bench.lexicon.readers.base import Request
from tli_bench.lexicon.similarity import similarity

log = logging.getLogger(__name__)

# Names of columns in lists that speak English; the first ones hardly ever head a list as words.
_SURE = frozenset({
    "word", "words", "translation", "translations", "lemma", "lemmas", "gloss", "glosses", "meaning", "headword", "source", "target",
    "src", "tgt", "trg",
})  # fmt: skip
_WITHOUT_WORDS = frozenset({
    "concept", "id", "pos", "field", "domain", "category", "class", "split", "group", "set", "fold", "note", "notes", "comment",
    "comments", "frequency", "freq", "rank", "score", "index", "number", "language", "lang", "example", "examples", "variants",
})  # fmt: skip
# Two of these, different ones, head a table in any of the languages that lists are described in.
_LIKELY = _SURE | _WITHOUT_WORDS | {
    "entry", "term", "definition", "form", "forms", "equivalent", "equivalents", "vocab", "vocabulary", "expression", "sense", "item",
    "query", "answer", "gold", "input", "output", "text", "label", "key", "value", "from", "to", "first", "second", "left", "right",
    "native", "foreign", "слово", "лексема", "перевод", "значение", "wort", "übersetzung", "bedeutung", "mot", "traduction",
    "palabra", "traducción", "significado", "parola", "traduzione",
}  # fmt: skip
_ENOUGH_ROWS, _MANY_ROWS = 5, 20
# The core's concept whose forms head columns of words (`neno`, `kelime`), and those that do so next to a label (`tafsiri`, `maana`).
_WORD = "word"
_HEADINGS = frozenset({_WORD, "translation", "meaning"})
_ALIKE = 0.5
_LONGEST_CODE = 3


def language_in(name: str) -> Language | None:
    """The language that a column's name names, alone (`swh_Latn`, `Swahili`, `kiswahili`) or among other words (`word_en`)."""
    name = name.strip()
    whole = find_language(name) or _own_names().get(name.lower())
    if whole is not None:
        return whole
    parts = [part for part in re.split(r"\W+|_", name) if part]
    if len(parts) < 2 or len(parts) > 4:
        return None
    found = {language for part in parts if (language := find_language(part) or _own_names().get(part.lower()))}
    return found.pop() if len(found) == 1 else None


def may_hold_words(name: str) -> bool:
    """Whether a column of this name may hold the words of a language, and not their frequencies or notes."""
    return not _is_label(name, _WITHOUT_WORDS)


def is_header(first: Sequence[str], rest: Sequence[Sequence[str]], request: Request, *, where: str) -> bool:
    """Whether `first` is the header of the rows `rest`, and not a pair of its own.

    Sure: two different languages, or names of columns. Else it is a guess, which is logged.
    """
    cells = [cell.strip() for cell in first]
    if _is_pair_of_the_core(cells, request):
        return False
    languages = {language for cell in cells if (language := language_in(cell))}
    labels = {cell.lower() for cell in cells if _is_label(cell, _LIKELY)}
    if len(languages) >= 2 or (languages and labels) or len(labels) >= 2:
        return True
    if _guess(cells, rest, request):
        log.warning(
            "%s: read as a header, not as a pair: %s (`--header no` reads it as a pair)", where, ", ".join(cells)
        )
        return True
    return False


def _is_pair_of_the_core(cells: Sequence[str], request: Request) -> bool:
    """Whether the first two cells are known to translate each other, either way round."""
    if len(cells) < 2:
        return False
    one, other = cells[:2]
    return translates(one, request.source, other, request.target) or translates(
        one, request.target, other, request.source
    )


def _guess(cells: Sequence[str], rest: Sequence[Sequence[str]], request: Request) -> bool:
    return (
        _has_a_label(cells, request)
        or _is_described(cells, request)
        or (len(rest) >= _ENOUGH_ROWS and _stands_out(cells, rest, request))
        or _names_its_column(cells, rest, request)
        or _is_capital(cells, rest)
        or _is_titled(cells, rest)
        or _is_numbered(cells)
        or _is_lettered(cells, rest)
        or _is_joined(cells, rest)
    )


def _has_a_label(cells: Sequence[str], request: Request) -> bool:
    """One name of a column that the list's languages do not have as a word."""
    languages = (request.source, request.target)
    for cell in cells:
        words = [language for language in languages if match_key(cell, language) in known_words(language)]
        if _is_label(cell, _SURE) and not words and len(cells) == 2:
            return True
        if _heads_columns(cell, request, frozenset({_WORD})):
            return True
    return False


def _is_described(cells: Sequence[str], request: Request) -> bool:
    """Whether two cells, different ones, each say what is below them: a label, or a word such as `tafsiri` or `maana`."""
    said = {
        c.lower() for c in cells if _is_label(c, _LIKELY) or language_in(c) or _heads_columns(c, request, _HEADINGS)
    }
    return len(said) >= 2 and any(_heads_columns(cell, request, _HEADINGS) for cell in cells)


def _heads_columns(cell: str, request: Request, concepts: frozenset[str]) -> bool:
    """Whether a cell is, in one of the list's languages, a word of the core for one of these concepts."""
    return any(
        not concepts.isdisjoint(known_words(language).get(match_key(cell, language), ()))
        for language in (request.source, request.target)
    )


def _names_its_column(cells: Sequence[str], rest: Sequence[Sequence[str]], request: Request) -> bool:
    """Whether one cell alone names a language, and most words below it are that language's: `Kiswahili`, `Maana`."""
    named = {place: language for place, cell in enumerate(cells) if (language := language_in(cell))}
    if len(cells) != 2 or len(named) != 1:
        return False
    ((place, language),) = named.items()
    if language not in (request.source, request.target) or len(cells[place]) <= _LONGEST_CODE:
        return False
    keys = [match_key(row[place], language) for row in rest if place < len(row)]
    return sum(key in known_words(language) for key in keys) > len(keys) / 2


def _stands_out(cells: Sequence[str], rest: Sequence[Sequence[str]], request: Request) -> bool:
    """Whether some column holds numbers or another script from the second row on."""
    for place, cell in enumerate(cells):
        column = [row[place].strip() for row in rest if place < len(row) and row[place].strip()]
        if not cell or len(column) < _ENOUGH_ROWS:
            continue
        if all(_is_number(other) for other in column) and not _is_number(cell):
            return True
        if not any(map(str.isalpha, cell)):
            continue
        for language in (request.source, request.target):
            inside = sum(script_share(other, language) > 0.5 for other in column)
            if inside >= 0.9 * len(column) and script_share(cell, language) == 0:
                return True
    return False


def _is_capital(cells: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    """Whether the first row alone is in capitals."""
    words = [cell for cell in cells if len(cell) > 1 and any(map(str.isalpha, cell))]
    below = [cell for row in rest for cell in row if len(cell) > 1]
    return (
        len(words) >= 2
        and all(map(str.isupper, words))
        and len(rest) >= _ENOUGH_ROWS
        and sum(map(str.isupper, below)) <= 0.05 * len(below)
    )


def _is_titled(cells: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    """Whether the first row of a long list alone has a capital at the beginning of every word, and is not a name in both languages."""
    if len(cells) < 2 or len(rest) < _MANY_ROWS or not all(cell[:1].isupper() for cell in cells):
        return False
    alike = similarity(cells[0].lower(), cells[1].lower(), at_least=_ALIKE) is not None
    return not alike and not any(all(cell.strip()[:1].isupper() for cell in row) for row in rest)


def _is_lettered(cells: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    """Whether the first row alone is single letters: `x`, `y`."""
    below = [cell.strip() for row in rest for cell in row]
    letters = {cell.lower() for cell in cells if len(cell) == 1 and cell.isalpha()}
    return len(cells) == len(letters) >= 2 and len(rest) >= _ENOUGH_ROWS and all(len(cell) > 1 for cell in below)


def _is_numbered(cells: Sequence[str]) -> bool:
    """Whether the names differ in a number or letter at their end alone: `kolumna1`, `kolumna2`; `L1`, `L2`; `text_a`, `text_b`."""
    parts = [re.fullmatch(r"([^\W\d_]+?)[ _-]?(\d|(?<=[ _-])[a-z])", cell.lower()) for cell in cells]
    found = [part.groups() for part in parts if part]
    return len(found) == len(cells) >= 2 and len({stem for stem, _ in found}) == 1 and len(set(found)) == len(found)


def _is_joined(cells: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    """Whether the first row alone has underscores, as names of columns do."""
    below = [cell for row in rest for cell in row]
    return len(cells) >= 2 and all("_" in cell for cell in cells) and bool(below) and not any("_" in c for c in below)


def _is_label(cell: str, labels: frozenset[str]) -> bool:
    parts = [part for part in re.split(r"\W+|_", cell.lower()) if part]
    return 0 < len(parts) <= 3 and all(part in labels or part.isdigit() for part in parts) and not cell.isdigit()


def _is_number(cell: str) -> bool:
    return re.fullmatch(r"[-+]?\d+([.,]\d+)?", cell) is not None


@cache
def _own_names() -> dict[str, Language]:
    """What languages call themselves and each other, as far as their files say."""
    found: dict[str, Language] = {}
    for code in LANGUAGES:
        for other, name in language_or_default(code).names.items():
            found.setdefault(name.lower(), language_or_default(other))
    return found
