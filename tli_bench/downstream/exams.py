"""Multiple-choice exams on the Hub, as `tasks/exams/hub.yaml` describes their columns."""

import ast
import logging
import unicodedata
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError

from tli_bench.base.errors import UnknownNameError
from tli_bench.downstream.copies import rows_of
from tli_bench.downstream.errors import DataError
from tli_bench.downstream.prompts import data_file
from tli_bench.downstream.sources import HubSet, Loaded, Row

log = logging.getLogger(__name__)
FILE = "exams/hub.yaml"
LETTERS = "ABCDEFGH"
LONGEST = 20_000
"""The most characters of a list that is written as text."""
TOLERATED = 0.05
"""The share of rows that may be malformed, and are left out; more than that is another layout."""


class Exam(BaseModel):
    """One set; see the head of `tasks/exams/hub.yaml` for what its fields mean."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    configs: tuple[str, ...]
    splits: tuple[str, ...]
    question: str
    options: tuple[str, ...]
    answer: str

    def parts(self, language: str) -> list[HubSet]:
        """Every configuration and split that is read. language: the set's own name for it."""
        configs = [config.format(language=language) for config in self.configs]
        return [HubSet(self.id, config, split) for config in configs for split in self.splits]


@dataclass(frozen=True, slots=True)
class ExamQuestion:
    """A question, its options, and the index of the right one."""

    question: str
    options: tuple[str, ...]
    gold: int


def exams() -> dict[str, Exam]:
    """Every set by name; raises DataError naming file, set and field."""
    found = {}
    for name, fields in data_file(FILE).items():
        try:
            found[name] = Exam.model_validate(fields)
        except ValidationError as err:
            first = err.errors()[0]
            field = ".".join(str(part) for part in first["loc"])
            raise DataError(f"tasks/{FILE}: `{name}.{field}`: {first['msg']}") from err
    return found


def read_exam(name: str, language: str, chosen: str | None, *, task: str) -> tuple[Loaded[ExamQuestion], int]:
    """The questions of a set, and how many of its rows were left out because they cannot be asked.

    chosen: as in `rows_of`. Raises UnknownNameError for a set that is not described, DataError for a column that is
    missing, and where more than `TOLERATED` of the rows are malformed.
    """
    sets = exams()
    if name not in sets:
        raise UnknownNameError("exam", name, sets, hint=f"tasks/{FILE} describes them")
    exam = sets[name]
    read = [rows_of(chosen, part, task=task) for part in exam.parts(language)]
    questions, faults = [], []
    for part in read:
        for number, row in enumerate(part.items):
            _require_columns(row, exam, part.source)
            try:
                questions.append(_question(row, exam))
            except ValueError as err:
                faults.append(f"{part.source}: row {number}: {err}")
    total = len(questions) + len(faults)
    if not questions or len(faults) > TOLERATED * total:
        first = faults[0] if faults else f"{read[0].source}: no rows"
        raise DataError(f"{first} ({len(faults)} of {total} rows cannot be asked; is the layout another one?)")
    if faults:
        log.warning("task %s leaves out %d of %d rows; the first: %s", task, len(faults), total, faults[0])
    return Loaded(questions, _sources([part.source for part in read])), len(faults)


def _require_columns(row: Row, exam: Exam, source: str) -> None:
    for column in (exam.question, *exam.options, exam.answer):
        if column not in row:
            raise DataError(f"{source}: no column `{column}`; it has {', '.join(sorted(map(str, row))):.200}")


def _question(row: Row, exam: Exam) -> ExamQuestion:
    """One row; raises ValueError that says what is wrong with it."""
    options = _options(row, exam.options)
    letter = str(row[exam.answer]).strip().upper()
    if len(letter) != 1 or letter not in LETTERS[: len(options)]:
        raise ValueError(f"`{exam.answer}` must be one of {LETTERS[: len(options)]}, got {row[exam.answer]!r:.60}")
    return ExamQuestion(_text(row, exam.question), options, LETTERS.index(letter))


def _options(row: Row, columns: Sequence[str]) -> tuple[str, ...]:
    """The options in order; empty ones at the end are ones that the question does not have."""
    values = _listed(row[columns[0]]) if len(columns) == 1 else [row[column] for column in columns]
    if not isinstance(values, list | tuple):
        raise ValueError(f"`{columns[0]}` must be a list, got {values!r:.60}")
    texts = [_shown(value) for value in values]
    while texts and not texts[-1]:
        texts.pop()
    if not 2 <= len(texts) <= len(LETTERS) or not all(texts):
        raise ValueError(f"there must be 2 to {len(LETTERS)} options with no empty one between them, got {texts!r:.80}")
    return tuple(unicodedata.normalize("NFC", text) for text in texts)


def _listed(value: object) -> object:
    """A column of lists, also where each is written as text (`"['a', 'b']"`), as TUMLU-mini's are on the Hub."""
    if not isinstance(value, str) or len(value) > LONGEST:
        return value
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of formulas with backslashes that were not doubled
            found = ast.literal_eval(value.strip())
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return value
    return found if isinstance(found, list) else value


def _shown(value: object) -> str:
    """A cell as text; a CSV column of whole numbers with an empty cell is read as floats, which nobody wrote."""
    if value is None or value != value:
        return ""
    return str(int(value) if isinstance(value, float) and value.is_integer() else value).strip()


def _text(row: Mapping[str, object], column: str) -> str:
    value = row[column]
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"`{column}` must be a non-empty text, got {value!r:.60}")
    return unicodedata.normalize("NFC", value.strip())


def _sources(names: Sequence[str]) -> str:
    """What was read, in a line of bearable length: the first part, and how many more there are."""
    return names[0] if len(names) == 1 else f"{names[0]} + {len(names) - 1} more of the same set"
