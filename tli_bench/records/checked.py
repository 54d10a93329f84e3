"""Records that are checked while they are read: one that fails is named with the reason, and the others go on."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tli_bench.base.errors import ResultError, TLIError
from tli_bench.base.wording import visible
from tli_bench.records.schema import Record
from tli_bench.records.units import read_unit
from tli_bench.records.validate import errors_of


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that is not used. where: its path in the folder that was read; reason: the first thing that is wrong with it."""

    where: str
    reason: str

    def __str__(self) -> str:
        return visible(f"{self.where}: {self.reason}", limit=400)


def checked(paths: Iterable[Path], root: Path) -> Iterator[Record | Refused]:
    """Each record under `root`, or why its file is refused: unreadable, changed since it was written, or not what it states.

    The checks are those of `tli-bench results validate`.
    """
    for path in paths:
        try:
            record = _read(path)
            wrong = list(errors_of(record))
        except TLIError as err:
            yield refused(path, root, err)
            continue
        if wrong:
            more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
            yield Refused(_place(path, root), f"{wrong[0]}{more}")
        else:
            yield record


def refused(path: Path, root: Path, err: TLIError) -> Refused:
    """What an error says of a file, without the folder that it was read from."""
    return Refused(_place(path, root), str(err).removeprefix(f"{path}: ").replace(str(path), path.name))


def _read(path: Path) -> Record:
    if not path.is_file():
        raise ResultError("not a file, or a link to one that is gone")
    return read_unit(path)


def _place(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()
