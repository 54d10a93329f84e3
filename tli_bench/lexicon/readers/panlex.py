"""PanLex Swadesh lists: a folder with one text file per language (`swh-000.txt`), line N of each being concept N."""

from collections.abc import Iterator
from pathlib import Path

from tli_bench.base.errors import LexiconError
from tli_bench.languages import Language
from tli_bench.lexicon.alphabet import script_share
from tli_bench.lexicon.readers.base import RawPair, Request
from tli_bench.lexicon.text import numbered_lines


def read_panlex(path: Path, request: Request) -> Iterator[RawPair]:
    """The concepts that have words in both languages; words on one line are separated by tabs, and the first is preferred.

    Of several files for a language, the one with the largest share of the language's script is read.
    """
    source, target = _file(path, request.source), _file(path, request.target)
    left, right = _lists(source), _lists(target)
    for number in sorted(left.keys() & right.keys()):
        yield RawPair(left[number], right[number], f"{source}:{number}", f"{path.name}-{number:03}")


def _file(folder: Path, language: Language) -> Path:
    candidates = sorted(folder.glob(f"{language.iso}-[0-9][0-9][0-9].txt"))
    if not candidates:
        known = ", ".join(sorted(p.stem for p in folder.glob("???-???.txt"))[:15])
        raise LexiconError(f"{folder}: no list for {language.name} ({language.iso}-000.txt); lists here: {known}")
    share = {path: script_share(" ".join(line for _, line in numbered_lines(path)), language) for path in candidates}
    best = max(candidates, key=lambda path: (share[path], -candidates.index(path)))
    if share[best] < 0.5:
        raise LexiconError(
            f"{best}: not written in the script of {language.code}; no other list of {language.name} here"
        )
    return best


def _lists(path: Path) -> dict[int, tuple[str, ...]]:
    return {
        number: tuple(word.strip() for word in line.split("\t") if word.strip())
        for number, line in numbered_lines(path)
    }
