"""How a word is written and when two words are the same: both policies are defined here and only here.

`normalise` returns the form that is shown, `as_read` what a model reads of it, `match_key` decides equality, `loose_key` ignores
diacritics.

Policy: case and citation marks do not distinguish words, diacritics do. In the core's languages a diacritic makes
a different letter (Turkish `on` ten, `ön` front; Kazakh `кыс`, `қыс`), so leakage is judged by `match_key`; an equal
`loose_key` is worth a look, not an error.
"""

import re
import unicodedata
from functools import lru_cache
from itertools import filterfalse

from tli_bench.languages import Language
from tli_bench.languages.apostrophes import ANY_APOSTROPHE, with_own_apostrophes
from tli_bench.languages.casing import lower

DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2212"


def normalise(word: str, language: Language) -> str:
    """The display form of `word`: NFC, the language's own apostrophes, no invisible characters, single spaces, case kept.

    Arabic presentation forms become letters, and a look-alike (`writing.look_alikes`) becomes the letter that it stands for.
    Idempotent; may be empty.
    """
    writing = language.writing
    if word.isascii() and writing.ascii_letters_stay:
        if word.isalpha():
            return word
        if writing.plain_apostrophe:
            return " ".join(word.replace("`", "'").translate(_CONTROLS).split())
    if language.script == "Arab":
        word = _without_presentation_forms(word)
    if writing.look_alikes:
        word = word.translate(writing.look_alike_letters)
    visible = word if word.isprintable() and not _SELECTORS.search(word) else "".join(filterfalse(_invisible, word))
    for typed, meant in writing.look_alike_sequences:
        visible = visible.replace(typed, meant)
    return " ".join(with_own_apostrophes(unicodedata.normalize("NFC", visible), language).split())


_CONTROLS = dict.fromkeys((*range(9), *range(14, 28), 127))


# Invisible, but printable as Python understands it.
_SELECTORS = re.compile("[\u034f\ufe00-\ufe0f]")
_PRESENTATION_FORMS = re.compile("[\ufb50-\ufdff\ufe70-\ufefc]")


def _invisible(char: str) -> bool:
    if char.isascii():
        return ord(char) in _CONTROLS
    category = unicodedata.category(char)
    return (category in {"Cf", "Cc"} and not char.isspace()) or _SELECTORS.match(char) is not None


def _without_presentation_forms(word: str) -> str:
    return _PRESENTATION_FORMS.sub(lambda found: unicodedata.normalize("NFKC", found[0]), word)


def as_read(form: str) -> str:
    """What a model reads of a form: a bound stem (Swahili `-zuri`) without the dash that marks it in dictionaries.

    So does training. A form that is all dashes stays.
    """
    return form.lstrip(DASHES) or form


def match_key(word: str, language: Language) -> str:
    """The key by which two words are equal: display form in lower case, without a leader (English `to `) or a leading dash.

    A Swahili infinitive keeps its `ku-`; diacritics are kept. Idempotent; never empty unless the word is.
    """
    # Most words of most lists: plain lower-case letters, which no rule below changes.
    if word.isascii() and word.isalpha() and word.islower() and language.plain_words_stay:
        return word
    return _match_key(word, language)


# Every other key of a large list is needed many times, too.
@lru_cache(maxsize=1 << 18)
def _match_key(word: str, language: Language) -> str:
    key = lower(normalise(word, language), language)
    while True:
        shorter = _without_leader(key, language)
        if not shorter or shorter == key:
            return key
        key = shorter


def _without_leader(key: str, language: Language) -> str:
    bare = key.lstrip(DASHES + " ")
    for leader in language.words.leaders:
        if bare.startswith(leader):
            return bare[len(leader) :]
    return bare


def loose_key(word: str, language: Language) -> str:
    """`match_key` without diacritics, apostrophes and the dot of i: what a careless typist would write."""
    return loosened(match_key(word, language), language)


def loosened(key: str, language: Language) -> str:
    """`loose_key` of a word whose match key is known."""
    if key.isascii() and "'" not in key:
        return key
    return match_key(_stripped(key), language) or key


def _stripped(key: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFD", key) if unicodedata.category(c) != "Mn")
    return unicodedata.normalize("NFC", "".join(c for c in bare if c not in ANY_APOSTROPHE)).replace("ı", "i")
