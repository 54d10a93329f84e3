"""Extracts of the English Wiktionary by wiktextract, as kaikki.org offers them: one JSON object per entry and line."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tli_bench.base.errors import LexiconError
from tli_bench.base.jsons import JSONError, parse_json
from tli_bench.languages import Language, find_language, pivot
from tli_bench.lexicon.alphabet import script_share
from tli_bench.lexicon.readers.base import RawPair, Request
from tli_bench.lexicon.text import numbered_lines

_POS = {"noun", "verb", "adj", "adv", "num", "pron", "conj", "det", "intj"}
_NO_WORDS = {
    "name",
    "suffix",
    "prefix",
    "affix",
    "infix",
    "symbol",
    "character",
    "letter",
    "proverb",
    "punct",
    "romanization",
}
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_LONGEST_GLOSS = 3
_SOME_FIELDS = ("senses", "translations", "lang_code", "pos")


def is_extract(path: Path) -> bool:
    """Whether the first line of a file is an entry of such an extract."""
    try:
        _, line = next(numbered_lines(path), (0, ""))
        entry = parse_json(line)
    except (LexiconError, ValueError):
        return False
    return isinstance(entry, dict) and isinstance(entry.get("word"), str) and any(f in entry for f in _SOME_FIELDS)


def read_wiktionary(path: Path, request: Request) -> Iterator[RawPair]:
    """Pairs from the translations of an entry, one per sense, and from short glosses where the other language is English.

    Two languages that are both translations of a sense are a pair, too. Words in another script than the language's, proper names, affixes,
    inflected forms and glosses of more than three words are left out.
    """
    yielded = False
    for number, line in numbered_lines(path):
        where = f"{path}:{number}"
        try:
            entry = parse_json(line)
        except JSONError as err:
            raise LexiconError(f"{where}: {err.problem}") from err
        if not isinstance(entry, dict):
            raise LexiconError(f"{where}: {line[:60]!r} is not an entry of Wiktionary")
        if _text(entry, "pos") in _NO_WORDS or not _text(entry, "word"):
            continue
        for row in (*_translated(entry, request, where), *_glossed(entry, request, where)):
            yielded = True
            yield row
    if not yielded:
        raise LexiconError(
            f"{path}: no entry translates {request.source.name} and {request.target.name} into each other; "
            "take the extract of one of the two languages, or that of English"
        )


def _translated(entry: Mapping[str, Any], request: Request, where: str) -> Iterator[RawPair]:
    """One pair per sense for which both languages have words, the entry's own word among them."""
    senses: dict[str, dict[str, list[str]]] = {}
    for gloss, translation in _translations(entry):
        side = _side(translation, request)
        word = translation.get("word")
        if side and isinstance(word, str) and _fits(word, side, request):
            senses.setdefault(str(translation.get("sense") or gloss), {}).setdefault(side, []).append(word)
    own = _side(entry, request)
    for words in senses.values():
        if own and _fits(entry["word"], own, request):
            words.setdefault(own, []).insert(0, entry["word"])
        if len(words) == 2:
            yield RawPair(tuple(words["source"]), tuple(words["target"]), where, pos=_pos(entry))


def _translations(entry: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The translations of an entry, and those that stand within one of its senses with that sense's gloss."""
    for translation in _objects(entry.get("translations")):
        yield "", translation
    for sense in _objects(entry.get("senses")):
        for translation in _objects(sense.get("translations")):
            yield str(sense.get("glosses") or ""), translation


def _glossed(entry: Mapping[str, Any], request: Request, where: str) -> Iterator[RawPair]:
    """Pairs of an entry's word and the short parts of its glosses, which are in the pivot language."""
    own = _side(entry, request)
    other = {"source": request.target, "target": request.source}.get(own)
    if other != pivot() or not _fits(entry["word"], own, request):
        return
    for sense in _objects(entry.get("senses")):
        inflected = not {"form-of", "alt-of"}.isdisjoint(_texts(sense.get("tags")))
        glosses = sense.get("glosses")
        if inflected or "form_of" in sense or "alt_of" in sense or not isinstance(glosses, list) or not glosses:
            continue
        parts = [" ".join(part.split()).strip(" .") for part in re.split("[;,]", _BRACKETS.sub(" ", str(glosses[-1])))]
        short = [part for part in parts if part and len(part.split()) <= _LONGEST_GLOSS and ":" not in part]
        if own == "source" and short:
            yield RawPair((entry["word"],), tuple(short), where, pos=_pos(entry))
        elif own == "target":
            for part in short:
                yield RawPair((part,), (entry["word"],), where, pos=_pos(entry))


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _side(item: Mapping[str, Any], request: Request) -> str:
    """`source` or `target` for a word in one of the two languages, by its code or else its name."""
    code = item.get("lang_code") or item.get("code") or item.get("lang")
    language: Language | None = find_language(code) if isinstance(code, str) else None
    for side, wanted in request.sides:
        if language is not None and language.iso == wanted.iso:
            return side
    return ""


def _fits(word: str, side: str, request: Request) -> bool:
    language = request.source if side == "source" else request.target
    return script_share(word, language) > 0.5


def _pos(entry: Mapping[str, Any]) -> str:
    pos = _text(entry, "pos")
    return pos if pos in _POS else ""


def _text(entry: Mapping[str, Any], field: str) -> str:
    value = entry.get(field)
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
