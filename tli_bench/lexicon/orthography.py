"""Whether words are written as a language is written: in its script, and in letters rather than in a transcription."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tli_bench.languages import Language
from tli_bench.languages.scripts import UNDECLARED, script_of
from tli_bench.lexicon.alphabet import script_share

# Letters and marks of the International Phonetic Alphabet that hardly any orthography uses, and those that some do.
_PHONETIC = frozenset("ʃʒɹɾʁɻɟɕʑʂʐɯɡɤɸʎʔʕːˑˈˌʰʲ\u0361\u035c")
_ALSO_ORTHOGRAPHIC = frozenset("əɛɔɣɲɪʊʋŋæœðøʌɨʉɑɐɒɜɵɬɫɭɮɱɳɴɽʀʈʏβθχʷɦɥ")
# ASJP writes sounds as ASCII: digits and capitals inside a word, `~` and `$` after two or three of its letters.
_CODED = re.compile(r"[a-z][A-Z]|\d[A-Za-z]|[A-Za-z][~%$]")
EXAMPLES = 3
# In a short list one or two words show a fault if they are this part of it.
_FEW_PER_FAULT = 3
_FEWEST_FOR_CAPITALS = 20


class Fault(NamedTuple):
    """What words are instead of being written in their language, and those that show it.

    kind: `ipa`, `codes` or `script`. script: of the words, where they are in another one.
    """

    kind: str
    words: tuple[str, ...]
    script: str = ""


def fault_of(words: Iterable[str], language: Language) -> Fault | None:
    """What is wrong with how `words` are written, if that is clear.

    It must show in at least a fifth of them (IPA, script) or 15 % (codes), and in a third of a short list. None for words that
    are written as `language` is, and for a language whose script is not declared.
    """
    found = [word for word in words if word.strip()]
    phonetic = _PHONETIC | _ALSO_ORTHOGRAPHIC if language.letters else _PHONETIC
    marks = phonetic - language.letters
    ipa = [word for word in found if not marks.isdisjoint(word)]
    if _clear(ipa, found, share=0.2):
        return Fault("ipa", tuple(ipa))
    coded = [word for word in found if _CODED.search(word)]
    if _clear(coded, found, share=0.15):
        return Fault("codes", tuple(coded))
    if language.script == UNDECLARED:
        return None
    foreign = [word for word in found if any(map(str.isalpha, word)) and script_share(word, language) < 0.5]
    if _clear(foreign, found, share=0.2):
        return Fault("script", tuple(foreign), script_of(" ".join(foreign)) or UNDECLARED)
    return None


def in_capitals(words: Sequence[str], language: Language) -> str:
    """What to say of words that are set in capitals, as an old dictionary's heads are: nine in ten of 20 or more; empty for others."""
    capitals = [word for word in words if word.isupper()]
    if len(words) < _FEWEST_FOR_CAPITALS or len(capitals) < 0.9 * len(words):
        return ""
    return (
        f"{len(capitals)} of {len(words)} words of {language.name} are in capitals ({quoted(capitals)}), which models read otherwise than "
        "words of a text: write them as a text would"
    )


def is_written(words: Iterable[str], language: Language) -> bool:
    """Whether there are words and nothing is clearly wrong with how they are written."""
    found = list(words)
    return bool(found) and fault_of(found, language) is None


def _clear(shown: Sequence[str], words: Sequence[str], *, share: float) -> bool:
    """Whether so many of `words` show a fault that it is none of single words."""
    if len(shown) < 3:
        return 0 < len(words) <= _FEW_PER_FAULT * len(shown)
    return len(shown) >= share * len(words)


def quoted(words: Iterable[str]) -> str:
    """The first three different ones of some words, for a message."""
    return ", ".join(map(repr, list(dict.fromkeys(words))[:EXAMPLES]))
