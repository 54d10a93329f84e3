"""What a language is: one frozen object, read from `tasks/languages/<code>.yaml`; docs/languages.md describes the keys."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from tli_bench.base.errors import LanguageError
from tli_bench.languages.scripts import UNDECLARED

CODE = re.compile(r"[a-z]{3}_[A-Z][a-z]{3}")
"""A language in a script: ISO 639-3 and ISO 15924."""


@dataclass(frozen=True)
class Writing:
    """How the language is written.

    alphabet: its lower-case letters; empty if they are not declared. dotted_i: whether `I` is the capital of `ı` and `İ`
    that of `i`. apostrophe: how an apostrophe is written, whatever was typed; apostrophe_after: the same after certain letters,
    with which it forms one letter. look_alikes: what is typed in place of a letter of the alphabet, and that letter.
    """

    alphabet: str = ""
    dotted_i: bool = False
    apostrophe: str = "'"
    apostrophe_after: Mapping[str, str] = field(default_factory=dict)
    look_alikes: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def look_alike_letters(self) -> dict[int, str]:
        """Single-character look-alikes, as `str.translate` takes them."""
        return {ord(typed): meant for typed, meant in self.look_alikes.items() if len(typed) == 1}

    @cached_property
    def look_alike_sequences(self) -> tuple[tuple[str, str], ...]:
        """Look-alikes of several characters: what is typed, and the letter."""
        return tuple((typed, meant) for typed, meant in self.look_alikes.items() if len(typed) > 1)

    @cached_property
    def ascii_letters_stay(self) -> bool:
        """Whether a word of ASCII letters is its own display form."""
        return not any(typed.isascii() for typed in self.look_alikes)

    @cached_property
    def plain_apostrophe(self) -> bool:
        """Whether every apostrophe is U+0027."""
        return self.apostrophe == "'" and not self.apostrophe_after


@dataclass(frozen=True)
class Words:
    """Citation forms, regular plurals, and how words are derived.

    leaders: beginnings of a citation form that are not part of the word (`to `). prefixes, suffixes: citation or plural affixes that
    are cut, longest first. plural_prefixes, plural_endings: the plural's and the singular's, in the order tried. no_plurals:
    endings that look like a plural but are not. citation: those of the suffixes that mark a verb.

    endings: the endings that make one word from another, separated by spaces, under `noun_noun`, `noun_verb`, `verb_noun`, `verb_verb`
    (adjectives and the rest count as nouns); a letter of `sounds` stands for any of its letters. class_prefixes: of nouns; final_vowel:
    that every verb ends in. light: words of a phrase that do not tell its family (`almak` in `nefes almak`).
    """

    leaders: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    plural_prefixes: Mapping[str, str] = field(default_factory=dict)
    plural_endings: Mapping[str, str] = field(default_factory=dict)
    no_plurals: tuple[str, ...] = ()
    citation: tuple[str, ...] = ()
    sounds: Mapping[str, str] = field(default_factory=dict)
    endings: Mapping[str, str] = field(default_factory=dict)
    class_prefixes: tuple[str, ...] = ()
    final_vowel: str = ""
    light: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scoring:
    """How texts are scored. stemmer: whose stems ROUGE compares; answers: `words` or `squad`, how answers are normalised."""

    stemmer: str = ""
    answers: str = "words"


@dataclass(frozen=True, eq=False, repr=False)
class Language:
    """One language as written in one script; two are equal when code and file are.

    code: ISO 639-3 and ISO 15924 joined by `_`, as FLORES and Belebele write it (`swh_Latn`). family and branch: the names used in the
    field, empty if unknown. suite: the end of the name of each task group that it belongs to (`tli_turkic`).
    pivot: whether the others are paired with it and default prompts are written in it. lexicon: whether the core lexicon has it.
    names: what its own prompts call the others, by code. file: where it was read from; empty if it has no file.
    """

    code: str
    name: str
    iso639_1: str = ""
    aliases: tuple[str, ...] = ()
    glottocodes: tuple[str, ...] = ()
    family: str = ""
    branch: str = ""
    suite: str = ""
    pivot: bool = False
    lexicon: bool = False
    writing: Writing = field(default_factory=Writing)
    words: Words = field(default_factory=Words)
    romanised: Mapping[str, str] = field(default_factory=dict)
    scoring: Scoring = field(default_factory=Scoring)
    datasets: Mapping[str, str] = field(default_factory=dict)
    stock_tasks: tuple[str, ...] = ()
    prompts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    carriers: Mapping[str, str] = field(default_factory=dict)
    gate: tuple[str, ...] = ()
    file: str = ""

    def __post_init__(self) -> None:
        where = self.file or "a language"
        if not CODE.fullmatch(self.code):
            raise LanguageError(f"{where}: `code` must be ISO 639-3 and ISO 15924 like swh_Latn, got {self.code!r}")
        if self.scoring.answers not in ("words", "squad"):
            raise LanguageError(f"{where}: `scoring.answers` must be words or squad, got {self.scoring.answers!r}")
        for name, sentence in self.carriers.items():
            if sentence.count("{word}") != 1:
                raise LanguageError(f"{where}: `carriers.{name}` must hold {{word}} exactly once, got {sentence!r}")

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Language) and (self.code, self.file) == (other.code, other.file))

    def __hash__(self) -> int:
        return hash(self.code)

    def __repr__(self) -> str:
        return f"Language({self.code})"

    @property
    def iso(self) -> str:
        """ISO 639-3 code."""
        return self.code[:3]

    @property
    def script(self) -> str:
        """ISO 15924 code of the script; `Zyyy` if it was not declared."""
        return self.code[4:]

    @property
    def declared(self) -> bool:
        """Whether a file describes the language; one without a file has default rules."""
        return bool(self.file)

    @property
    def called(self) -> tuple[str, ...]:
        """Its other names: ISO 639-1 and the aliases."""
        return (self.iso639_1, *self.aliases) if self.iso639_1 else self.aliases

    @cached_property
    def plain_words_stay(self) -> bool:
        """Whether a word of lower-case ASCII letters has nothing to normalise and no leader to lose."""
        return self.writing.ascii_letters_stay and not any(leader.isalpha() for leader in self.words.leaders)

    @cached_property
    def letters(self) -> frozenset[str]:
        """The letters of the alphabet; empty if they are not declared."""
        return frozenset(self.writing.alphabet)

    def related(self, other: "Language") -> bool:
        """Whether both are known to belong to the same family."""
        return bool(self.family) and self.family == other.family

    def same_branch(self, other: "Language") -> bool:
        """Whether both are known to belong to the same branch of the same family."""
        return self.related(other) and bool(self.branch) and self.branch == other.branch


def undeclared(name: str) -> Language:
    """A language that no file describes, by its code or its ISO 639-3 code: plain casing, no affixes, no prompts.

    Without a script in the code, the script is `Zyyy`, and that of each word is the script of most of its letters.
    """
    code = name if "_" in name else f"{name}_{UNDECLARED}"
    return Language(code, name)
