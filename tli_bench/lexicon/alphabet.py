"""Letters of the alphabets, and whether a character belongs to the language's script at all."""

from tli_bench.languages import Language
from tli_bench.languages.apostrophes import ANY_APOSTROPHE
from tli_bench.languages.casing import lower
from tli_bench.languages.scripts import UNDECLARED, in_script, script_of

_NEUTRAL = frozenset(" -") | ANY_APOSTROPHE


def foreign_letters(word: str, language: Language) -> str:
    """The letters of `word` that are not of the language's script, in order; usually look-alikes.

    If the script is not declared, it is that of most letters of the word.
    """
    script = language.script
    if script == UNDECLARED:
        script = script_of(word) or script
    if script == "Latn" and word.isascii():
        return ""
    return "".join(c for c in word if _foreign(c, script))


def _foreign(char: str, script: str) -> bool:
    return char.isalpha() and char not in _NEUTRAL and not in_script(char, script)


def unusual_characters(word: str, language: Language) -> str:
    """The characters of `word` that are neither letters of the alphabet nor an inner space or hyphen.

    None if the alphabet is not declared.
    """
    letters, folded = language.letters, lower(word, language)
    return (
        ""
        if not letters or letters.issuperset(folded)
        else "".join(c for c in folded if c not in letters and c not in " -")
    )


def script_share(text: str, language: Language) -> float:
    """Share of the letters of `text` that are of the language's script; 0 for a text without letters."""
    letters = [c for c in text if c.isalpha()]
    return sum(not _foreign(c, language.script) for c in letters) / len(letters) if letters else 0.0
