"""Parallel sentences in the files of a folder: row i of both languages' files is the same sentence."""

from pathlib import Path

from tli_bench.downstream.errors import DataError
from tli_bench.downstream.readers import read_sentences
from tli_bench.downstream.sources import find_file
from tli_bench.languages import pivot, resolve_language

PLACES = {"ntrex": ("ntrex", "NTREX-128")}
"""Sub-folders in which the files of a set may be, where there are others than the set's name."""


def read_folder(folder: Path, source: str, target: str, *, name: str | None = None) -> list[tuple[str, str]]:
    """Sentence pairs from two files in a folder, line by line; raises DataError where they are not parallel.

    name: the set that is asked for (see `file_names`).
    """
    places = () if name is None else PLACES.get(name, (name,))
    own = _tatoeba(source, target) if name == "tatoeba" else {}
    paths = [
        find_file(folder, [*own.get(code, ()), *file_names(code, name)], places=places) for code in (source, target)
    ]
    left, right = (read_sentences(path) for path in paths)
    if len(left) != len(right):
        raise DataError(
            f"{paths[0]} has {len(left)} lines and {paths[1]} has {len(right)}; line i of both must be the same sentence"
        )
    return list(zip(left, right, strict=True))


def _tatoeba(source: str, target: str) -> dict[str, tuple[str, ...]]:
    """Tatoeba's own file names (LASER's `data/tatoeba/v1`), which name the pair with English; none for another pair."""
    sides = {code: resolve_language(code).datasets.get("tatoeba") for code in (source, target)}
    others = [called for code, called in sides.items() if code != pivot().code]
    if len(others) != 1 or not all(sides.values()):
        return {}
    return {code: (f"tatoeba.{others[0]}-{sides[pivot().code]}.{called}",) for code, called in sides.items()}


def file_names(code: str, name: str | None = None) -> list[str]:
    """File names of a language in the supported layouts, in the order in which they are tried.

    name: a set, `flores` or `ntrex`; None: every layout.
    """
    language = resolve_language(code)
    own, devtest = f"{language.code}.txt", f"{language.code}.devtest"
    # By ISO 639-3 where the language's file does not say otherwise, as most of NTREX's own names are.
    ntrex = language.datasets.get("ntrex_file", f"newstest2019-ref.{language.iso}.txt")
    if name is None:
        return [own, devtest, f"{language.code}.dev", ntrex]
    return [*{"flores": [devtest], "ntrex": [ntrex]}.get(name, []), own]
