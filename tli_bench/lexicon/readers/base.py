"""What a reader is given and what it yields."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tli_bench.languages import Language
from tli_bench.lexicon.pairs import Split


@dataclass(frozen=True, slots=True)
class Request:
    """What is wanted from a source: two languages and, for tables, the columns that hold them.

    columns: `{"source": name, "target": name}` and optionally `concept`, `pos`, `field`, `split`, for tables whose column
    names are neither languages nor these words. revision: Hub commit or tag.
    """

    source: Language
    target: Language
    columns: Mapping[str, str] | None = None
    revision: str | None = None


@dataclass(frozen=True, slots=True)
class RawPair:
    """One row of a source, as written there; `where` is `file:line`, for error messages."""

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    where: str
    concept: str = ""
    pos: str = ""
    field: str = ""
    split: Split | None = None


Reader = Callable[[Path, Request], Iterator[RawPair]]
