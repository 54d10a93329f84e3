"""Does each side of a list look like its language? Judged by script and spelling, and by the words that the core lexicon knows.

A list is refused on clear evidence only: rare words, loans, dialects and languages that the core does not have must pass.
"""

import logging
from collections.abc import Sequence
from typing import NamedTuple

from tli_bench.base.errors import LexiconError
from tli_bench.languages import Language, pivot
from tli_bench.languages.scripts import UNDECLARED
from tli_bench.lexicon.alphabet import unusual_characters
from tli_bench.lexicon.known import known_by_concept, known_languages, known_without_diacritics, known_words
from tli_bench.lexicon.normalise import match_key
from tli_bench.lexicon.orthography import Fault, fault_of, in_capitals, is_written, quoted
from tli_bench.lexicon.readers.base import RawPair
from tli_bench.lexicon.similarity import similarity

log = logging.getLogger(__name__)
_SAMPLE = 2000
# So many words of another language, and so large a share of the list: in a tiny list, in a short and in a long one.
_TINY, _SHORT, _LONG = (3, 0.75), (4, 0.15), (20, 0.03)
_OUTWEIGHS = 5
# A language that the core does not have may share many words with one that it has.
_UNKNOWN_SHARE = 0.5
_FEWEST_FOR_LETTERS = 20
# Of so many rows whose other word the core knows, so few must have a word like the core's.
_FEWEST_TRANSLATED, _LIKE_THE_CORE, _ALIKE = 20, 0.1, 0.5
# A list of which so few rows have two different words holds one column twice.
_SAME_COLUMN = 0.2


class _Side(NamedTuple):
    """One side of the sampled rows: its role, its language, the preferred words and their match keys."""

    role: str
    language: Language
    words: tuple[str, ...]
    keys: tuple[str, ...]

    def among(self, language: Language) -> set[int]:
        """The places of the words that are words of `language` to the core and not of this side's own language."""
        theirs, own = known_words(language), known_words(self.language)
        return {place for place, key in enumerate(self.keys) if key in theirs and key not in own}

    def its_own(self, rival: Language) -> set[int]:
        """The places of the words that are words of this side's language to the core and not of `rival`."""
        theirs, own = known_words(rival), known_words(self.language)
        return {place for place, key in enumerate(self.keys) if key in own and key not in theirs}


def require_plausible(rows: Sequence[RawPair], source: Language, target: Language, *, name: str) -> None:
    """Raise LexiconError, with three words as evidence and the option that mends it, if a side is clearly not its language.

    Of long lists 2,000 rows are looked at, evenly spread. name: of the list, for the message.
    """
    step = max(1, len(rows) // _SAMPLE)
    sampled = rows[::step]
    sides = (
        _side("source", source, [row.sources[0] for row in sampled]),
        _side("target", target, [row.targets[0] for row in sampled]),
    )
    _refuse_swapped(sides, name=name)
    for side, other in (sides, sides[::-1]):
        _refuse_other_language(side, other, name=name)
    _refuse_spelling(sides, name=name)
    for side, other in (sides, sides[::-1]):
        if said := in_capitals(side.words, side.language):
            log.warning("%s: %s", name, said)
        _refuse_without_diacritics(side, name=name)
        _refuse_letters(side, name=name)
        _refuse_unlike_the_core(side, other, name=name)


def _side(role: str, language: Language, words: list[str]) -> _Side:
    return _Side(role, language, tuple(words), tuple(match_key(word, language) for word in words))


def _refuse_spelling(sides: tuple[_Side, _Side], *, name: str) -> None:
    source, target = sides
    faults = [fault_of(side.words, side.language) for side in sides]
    if all(fault is not None and fault.kind == "script" for fault in faults) and (
        is_written(source.words, target.language) and is_written(target.words, source.language)
    ):
        raise LexiconError(_swapped(sides, range(len(source.words)), name=name))
    for side, fault in zip(sides, faults, strict=True):
        if fault is not None:
            raise LexiconError(f"{_opening(side, name)} {_described(side, fault)}")


def _described(side: _Side, fault: Fault) -> str:
    shown, share = quoted(fault.words), f"{len(fault.words)} of {len(side.words)} words"
    if fault.kind == "ipa":
        return f"is a phonetic transcription ({shown}; {share} have IPA signs); {_other_column(side)}"
    if fault.kind == "codes":
        return f"is written in codes such as ASJP's ({shown}; {share}); {_other_column(side)}"
    found = "another script" if fault.script == UNDECLARED else f"the script {fault.script}"
    english = _Side(side.role, side.language, fault.words, tuple(match_key(word, pivot()) for word in fault.words))
    are = f" and are {pivot().name} words" if len(english.among(pivot())) > len(fault.words) / 2 else ""
    return (
        f"is not in the script {side.language.script}: {share} are in {found}{are} ({shown}); {_other_column(side)}, "
        f"or ask for the language in that script (--pairs with {side.language.iso}_{fault.script})"
    )


def _refuse_swapped(sides: tuple[_Side, _Side], *, name: str) -> None:
    source, target = sides
    differ = _differing(source, target)
    against = (source.among(target.language) & differ, target.among(source.language) & differ)
    straight = sum(len(side.its_own(other.language) & differ) for side, other in (sides, sides[::-1]))
    judged = all(against) or not all(known_words(side.language) for side in sides)
    if judged and _outweighs(sum(map(len, against)), straight, len(source.words)):
        raise LexiconError(_swapped(sides, sorted(against[0] | against[1]), name=name))


def _swapped(sides: tuple[_Side, _Side], places: Sequence[int], *, name: str) -> str:
    source, target = sides
    pairs = ", ".join(f"{source.words[place]!r} = {target.words[place]!r}" for place in places[:3])
    return (
        f"{name}: the two sides are swapped: {target.language.code} words stand where {source.language.code} belongs ({pairs}); "
        "give --swap, or the pair the other way round"
    )


def _refuse_other_language(side: _Side, other: _Side, *, name: str) -> None:
    """Refuse a side whose words the core knows as another language's, many more than as its own."""
    differ = _differing(side, other)
    in_core = bool(known_words(side.language))
    for language in _rivals(side.language):
        theirs = side.among(language) & differ
        own = len(side.its_own(language))
        if in_core:
            refused = _outweighs(len(theirs), own, len(side.keys))
        else:
            refused = len(theirs) >= max(_SHORT[0], _UNKNOWN_SHARE * len(side.keys))
        if refused:
            words = quoted(side.words[place] for place in sorted(theirs))
            raise LexiconError(
                f"{_opening(side, name)} is in {language.name}: {words} ({len(theirs)} of {len(side.words)} words are "
                f"{language.name} to the core lexicon, {own} are {side.language.name}); {_other_column(side)}, or ask for another "
                "pair with --pairs"
            )


def _differing(side: _Side, other: _Side) -> set[int]:
    """The rows with two different words: a loan that both sides share says nothing about either, but two equal columns do."""
    found = {place for place, (one, two) in enumerate(zip(side.keys, other.keys, strict=True)) if one != two}
    return found if len(found) > _SAME_COLUMN * len(side.keys) else set(range(len(side.keys)))


def _rivals(language: Language) -> list[Language]:
    """The languages that a column of `language` is compared with, where one that the core lacks could not be mistaken for a relative."""
    others = [one for one in known_languages() if one != language and one.script == language.script]
    if known_words(language):
        return others
    if language.family:
        return [one for one in others if not one.related(language)]
    return [one for one in others if one == pivot()]


def _outweighs(against: int, straight: int, n: int) -> bool:
    """Whether what speaks against a list is clear, alone and next to what speaks for it."""
    enough = any(against >= count and against >= share * n for count, share in (_TINY, _SHORT, _LONG))
    return enough and against > _OUTWEIGHS * straight


def _refuse_without_diacritics(side: _Side, *, name: str) -> None:
    """Refuse a side whose words are the core's without their own letters: `agac` for `ağaç`."""
    plain, words = known_without_diacritics(side.language), known_words(side.language)
    bare = [word for word, key in zip(side.words, side.keys, strict=True) if key in plain]
    right = sum(key in words and not key.isascii() for key in side.keys)
    if _outweighs(len(bare), 2 * right, len(side.keys)):
        raise LexiconError(
            f"{_opening(side, name)} is written without the letters of {side.language.name}: {quoted(bare)} "
            f"({len(bare)} of {len(side.words)} words); {_other_column(side)}, or restore its letters"
        )


def _refuse_letters(side: _Side, *, name: str) -> None:
    """Refuse a long side of unknown words that have letters which the language does not, or hardly any of those that are its own."""
    n = len(side.words)
    known = sum(key in known_words(side.language) for key in side.keys)
    if not side.language.letters or n < _FEWEST_FOR_LETTERS or known > 0.02 * n:
        return
    strange = [word for word in side.words if any(map(str.isalpha, unusual_characters(word, side.language)))]
    if len(strange) >= 0.3 * n:
        letters = "".join(
            dict.fromkeys(c for w in strange for c in unusual_characters(w, side.language) if c.isalpha())
        )
        raise LexiconError(
            f"{_opening(side, name)} has letters that {side.language.name} does not: {letters[:8]!r} in {quoted(strange)} "
            f"({len(strange)} of {n} words, and the core lexicon knows {known} of them); {_other_column(side)}"
        )
    special = _special_letters(side.language)
    usual = [not special.isdisjoint(key) for key in known_words(side.language)]
    expected = n * sum(usual) / len(usual) if usual else 0.0
    found = sum(not special.isdisjoint(key) for key in side.keys)
    if expected >= 50 and found <= 0.02 * expected:
        raise LexiconError(
            f"{_opening(side, name)} lacks the letters of {side.language.name} ({''.join(sorted(special))}): {found} of {n} words "
            f"have one, where {expected:.0f} would ({quoted(side.words)}); {_other_column(side)}"
        )


def _refuse_unlike_the_core(side: _Side, other: _Side, *, name: str) -> None:
    """Refuse a side of unknown words of which hardly any looks like the core's translation of the word next to it.

    So is a language found out that the core does not have: Russian in the Kyrgyz column, French in the Swahili one. Dialects and other
    spellings look like the core's words; a list that was shuffled on purpose has words of the core, if not those next to them.
    """
    ours, by_concept = known_words(side.language), known_by_concept(side.language)
    compared = like = 0
    strange: list[str] = []
    for word, key, translation in zip(side.words, side.keys, other.keys, strict=True):
        concepts = known_words(other.language).get(translation, ())
        candidates = [form for concept in concepts for form in by_concept.get(concept, ())]
        if not candidates:
            continue
        compared += 1
        if any(similarity(key, form, at_least=_ALIKE) is not None for form in candidates):
            like += 1
        else:
            strange.append(word)
    known = sum(key in ours for key in side.keys)
    if compared >= _FEWEST_TRANSLATED and max(like, known / 2) <= _LIKE_THE_CORE * compared:
        raise LexiconError(
            f"{_opening(side, name)} does not look like {side.language.name}: of {compared} words that the core lexicon knows "
            f"by their translation, {like} are like its own ({quoted(strange)} are not); {_other_column(side)}, or ask for another "
            "pair with --pairs"
        )


def _special_letters(language: Language) -> frozenset[str]:
    """Its letters that not every language of the core in the same script has."""
    alphabets = [one.letters for one in known_languages() if one.script == language.script and one.letters]
    return language.letters - frozenset.intersection(*alphabets) if alphabets else frozenset()


def _opening(side: _Side, name: str) -> str:
    return f"{name}: the {side.role} side, which should be {side.language.name} ({side.language.code}),"


def _other_column(side: _Side) -> str:
    return f"name the column that holds {side.language.name} with --columns (in CLDF: --columns form=COLUMN)"
