"""A rough common Latin spelling for words of two scripts, so that edit distance compares sounds and not alphabets.

One letter per sound where possible, in the letters of Turkish plus `ä`, `ñ`, `q`, `x`: a working tool for lexical
distance, not an orthography. Sound shifts are ignored (Kazakh `ж` corresponds to Turkish `y`).
The table is for the letters of all languages; `romanised` in a language's file takes precedence.
"""

from tli_bench.languages import Language
from tli_bench.languages.casing import lower

# A letter, then what it becomes; `_` is nothing.
_TABLE = (
    "аa бb вv гg ғğ дd еe ёyo жj җc зz ҙz иi йy кk қq ҡq лl мm нn ңñ оo өö пp рr сs ҫs тt уu "
    "ұu үü фf хx һh цts чç шş щşç ъ_ ыı іi ь_ эe әä юyu яya "
    "ئ_ اa ەä بb پp تt جc چç خx دd رr زz ژj سs شş غğ فf قq كk گg ڭñ لl مm نn ھh وo ۇu ۆö ۈü ۋv "
    "ېe ىi يy"
)
_LATIN = {"ə": "ä", "ň": "ñ", "ž": "j", "â": "a", "î": "i", "û": "u"}
_LETTERS = {item[0]: item[1:] for item in _TABLE.split()} | _LATIN


def romanise(word: str, language: Language) -> str:
    """`word` in the common Latin spelling; letters that are not in the table, and those of English and Swahili, stay."""
    text = lower(word, language)
    own = language.romanised
    out, at = [], 0
    while at < len(text):
        # The longest first: Uzbek writes one sound with two letters.
        piece = next((p for p in (text[at : at + 2], text[at]) if p in own), text[at])
        out.append(own.get(piece, _LETTERS.get(piece, piece)))
        at += len(piece)
    return "".join(out).replace("_", "") or text
