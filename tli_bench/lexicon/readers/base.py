"""What a reader is given and what it yields."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tli_bench.base.errors import InputError
from tli_bench.languages import Language
from tli_bench.lexicon.pairs import Split

ROLES = ("source", "target", "concept", "pos", "field", "split", "form")
"""What a column may hold; `form` is for CLDF, where it names the column with the words of every language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a user says about the layout of a list; without it, the list itself must tell.

    columns: name, or number from 1, of the column of each role (`ROLES`). header: whether the first row of a table is its
    header; None: found out. swap: whether the two languages stand the other way round than the header says or, without
    one, than source before target. split_column: name or number of the column that holds the list's own split.
    revision: commit or tag of a Hub data set.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    header: bool | None = None
    swap: bool = False
    split_column: str = ""
    revision: str | None = None


AS_FOUND = Reading()


def reading_of(
    *,
    columns: Mapping[str, str] | Sequence[str] | None = None,
    header: bool | None = None,
    swap: bool = False,
    split_column: str | None = None,
    revision: str | None = None,
) -> Reading:
    """A `Reading` from what `load_lexicon` takes; raises InputError for columns that do not name two sides."""
    return Reading(
        columns=_columns(columns), header=header, swap=swap, split_column=split_column or "", revision=revision
    )


def _columns(given: Mapping[str, str] | Sequence[str] | None) -> dict[str, str]:
    """The column of each role from `{"source": "neno", ...}`, from `["neno", "word"]`, or from `["form=Value"]`."""
    if not given:
        return {}
    if isinstance(given, Mapping):
        found = dict(given)
    elif any("=" in item for item in given):
        found = dict(item.partition("=")[::2] for item in given)
    elif len(given) == 2:
        found = dict(zip(("source", "target"), given, strict=True))
    else:
        raise InputError(
            f"--columns must name two columns, source first (`--columns neno,word`), got {', '.join(map(repr, given))}"
        )
    unknown = [role for role in found if role not in ROLES]
    if unknown:
        raise InputError(f"--columns: {unknown[0]!r} is not one of {', '.join(ROLES)}")
    return found


@dataclass(frozen=True, slots=True)
class Request:
    """What is wanted from a source: two languages, and what is known of its layout."""

    source: Language
    target: Language
    reading: Reading = AS_FOUND

    @property
    def columns(self) -> Mapping[str, str]:
        """The column of each role, as far as the user named them."""
        return self.reading.columns

    @property
    def sides(self) -> tuple[tuple[str, Language], tuple[str, Language]]:
        """Role and language of the two sides."""
        return ("source", self.source), ("target", self.target)


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

    def exchanged(self) -> "RawPair":
        """The same row with its two sides the other way round."""
        return RawPair(self.targets, self.sources, self.where, self.concept, self.pos, self.field, self.split)


Reader = Callable[[Path, Request], Iterator[RawPair]]
