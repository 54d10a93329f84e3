"""Sets of parallel sentences on the Hub: FLORES+, NTREX and Tatoeba, as `tasks/bitext/hub.yaml` describes their columns."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from tli_bench.base.errors import UnknownNameError
from tli_bench.downstream.errors import DataError
from tli_bench.downstream.prompts import data_file
from tli_bench.downstream.readers import clean
from tli_bench.downstream.sources import HubSet, Loaded, Row, hub_rows
from tli_bench.languages import pivot
from tli_bench.languages.registry import registry

FILE = "bitext/hub.yaml"


class ParallelSet(BaseModel):
    """One set; see the head of `tasks/bitext/hub.yaml` for what its fields mean.

    languages: the set's name for each language, by our code, from the language files.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    gated: Literal[True] | None = None
    config: str
    split: str
    column: str
    english: str | None = None
    key: str | None = None
    languages: dict[str, str]

    def hub_set(self, code: str, other: str) -> HubSet:
        """Where the sentences of a language are found, for a pair with `other`."""
        config = self.config.format(language=self.languages[code], other=self.languages[other])
        return HubSet(self.id, config, self.split)

    def column_of(self, code: str) -> str:
        """The column that holds a language."""
        return (
            self.english if self.english and code == pivot().code else self.column.format(language=self.languages[code])
        )

    def has(self, source: str, target: str) -> bool:
        """Whether the set has the pair: both languages, and English among them if the set is made of pairs with English."""
        return {source, target} <= self.languages.keys() and (self.english is None or pivot().code in (source, target))


def parallel_sets() -> dict[str, ParallelSet]:
    """Every set by name; raises DataError naming file, set and field."""
    found = {}
    for name, fields in data_file(FILE).items():
        try:
            languages = {one.code: one.datasets[name] for one in registry() if name in one.datasets}
            found[name] = ParallelSet.model_validate({**fields, "languages": languages})
        except ValidationError as err:
            first = err.errors()[0]
            field = ".".join(str(part) for part in first["loc"])
            raise DataError(f"tasks/{FILE}: `{name}.{field}`: {first['msg']}") from err
    return found


def read_parallel(name: str, source: str, target: str) -> Loaded[tuple[str, str]]:
    """The sentence pairs of a set, in NFC, and what was read.

    Raises UnknownNameError for a set that is not described, DataError for a pair the set does not have, a column that is missing
    or empty, and rows that are not parallel.
    """
    sets = parallel_sets()
    if name not in sets:
        raise UnknownNameError("set of parallel sentences", name, sets, hint=f"tasks/{FILE} describes them")
    chosen = sets[name]
    if not chosen.has(source, target):
        kind = "pairs with English" if chosen.english else "languages"
        raise DataError(
            f"{chosen.id} has no {source}-{target}; its {kind}: {', '.join(sorted(chosen.languages.keys() - {pivot().code}))}"
        )
    other = source if source != pivot().code else target
    sides = []
    for code in (source, target):
        rows = hub_rows(chosen.hub_set(code, other))
        sides.append(Loaded([_pick(chosen, rows, number, code) for number in range(len(rows.items))], rows.source))
    left, right = sides
    if len(left.items) != len(right.items):
        raise DataError(
            f"{left.source} has {len(left.items)} rows and {right.source} {len(right.items)}; row i of both must be the same sentence"
        )
    for number, (one, two) in enumerate(zip(left.items, right.items, strict=True)):
        if one[0] != two[0]:
            raise DataError(
                f"row {number}: `{chosen.key}` is {one[0]!r} in {left.source} and {two[0]!r} in {right.source}; "
                "the two are not parallel"
            )
    where = " + ".join(dict.fromkeys(side.source for side in sides))
    return Loaded([(one[1], two[1]) for one, two in zip(left.items, right.items, strict=True)], where)


def _pick(chosen: ParallelSet, rows: Loaded[Row], number: int, code: str) -> tuple[object, str]:
    """Key and sentence of one row."""
    row, column = rows.items[number], chosen.column_of(code)
    for field in (column, *([chosen.key] if chosen.key else [])):
        if field not in row:
            raise DataError(f"{rows.source}: no column `{field}`; it has {', '.join(sorted(map(str, row))):.200}")
    text = row[column]
    if not isinstance(text, str) or not clean(text):
        raise DataError(f"{rows.source}: row {number}, `{column}` must be a non-empty text, got {text!r:.60}")
    return row[chosen.key] if chosen.key else None, clean(text)
