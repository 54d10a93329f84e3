"""Parallel sentences in the files of a folder: row i of both languages' files is the same sentence."""

from pathlib import Path

from tli_bench.downstream.errors import DataError
from tli_bench.downstream.readers import read_sentences
from tli_bench.downstream.sources import find_file
from tli_bench.languages import resolve_language


def read_folder(folder: Path, source: str, target: str) -> list[tuple[str, str]]:
    """Sentence pairs from two files in a folder, line by line; raises DataError where they are not parallel."""
    paths = [find_file(folder, file_names(code)) for code in (source, target)]
    left, right = (read_sentences(path) for path in paths)
    if len(left) != len(right):
        raise DataError(
            f"{paths[0]} has {len(left)} lines and {paths[1]} has {len(right)}; line i of both must be the same sentence"
        )
    return list(zip(left, right, strict=True))


def file_names(code: str) -> list[str]:
    """File names of a language in the supported layouts, in the order in which they are tried."""
    language = resolve_language(code)
    return [
        f"{language.code}.txt",
        f"{language.code}.devtest",
        f"{language.code}.dev",
        *([language.datasets["ntrex_file"]] if "ntrex_file" in language.datasets else []),
        f"newstest2019-ref.{language.iso}.txt",
        *(f"newstest2019-ref.{name}.txt" for name in language.called),
    ]
