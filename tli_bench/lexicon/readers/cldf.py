"""CLDF word lists, through pycldf: WOLD, NorthEuraLex, IDS, savelyevturkic and others in the style of Lexibank."""

import csv
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tli_bench.base.errors import LexiconError
from tli_bench.base.wording import visible
from tli_bench.languages import Language, find_language
from tli_bench.lexicon.orthography import is_written
from tli_bench.lexicon.readers.base import RawPair, Request

_ALTERNATIVES = ("Value", "AlternativeValues", "AlternativeValue", "AlternativeForm")
_SINGLE = ("Orthography", "Form", "AlternativeForm")
_SEPARATORS, _MARKS = re.compile("[/,;~]"), " ?*()[]="


def read_cldf(path: Path, request: Request) -> Iterator[RawPair]:
    """The concepts of a Wordlist that have a form in both languages; `path` is its folder or metadata file.

    Forms are matched by the Concepticon id of their parameter, else by the parameter itself. For each language they are
    taken from the first of the columns `Orthography` (NorthEuraLex), `Form`, `Value` and `AlternativeValues` (IDS) that is written as
    the language is, and not in another script or IPA; `columns={"form": "Value"}` chooses one.
    """
    metadata = _metadata(path)
    tables = _read(metadata, request)
    where = metadata.parent / "forms.csv"
    found: dict[str, dict[str, list[str]]] = {}
    for side, language in (("source", request.source), ("target", request.target)):
        variety = _variety(language, tables, metadata)
        forms = [form for form in tables.forms if form.variety == variety]
        column = _written_column(forms, language)
        for form in forms:
            words = form.columns[column]
            if not words:
                continue
            concept = tables.concepts.get(form.parameter)
            if concept is None:
                raise LexiconError(
                    f"{where}: form {form.id!r}: parameter {form.parameter!r} is not in the ParameterTable"
                )
            found.setdefault(concept, {}).setdefault(side, []).extend(words)
    for concept, sides in found.items():
        if len(sides) == 2:
            yield RawPair(tuple(sides["source"]), tuple(sides["target"]), f"{where}: concept {concept}", concept)


class _Form(NamedTuple):
    id: str
    variety: str
    parameter: str
    columns: tuple[tuple[str, ...], ...]
    """Its words in each column that may hold them."""


class _Tables(NamedTuple):
    """What is needed from a Wordlist; `concepts` maps a parameter to the concept by which forms are matched."""

    languages: list[Mapping[str, Any]]
    """Each with its `id`."""
    concepts: dict[str, str]
    forms: list[_Form]


def _read(metadata: Path, request: Request) -> _Tables:
    with warnings.catch_warnings():
        # csvw warns about columns that the metadata does not describe; they are not read.
        warnings.simplefilter("ignore")
        dataset = _open(metadata)
        try:
            languages: list[Mapping[str, Any]] = [
                {**row, "id": row["id"]}
                for row in _rows(dataset, "LanguageTable", "id", "name", "glottocode", "iso639P3code")
            ]
            parameters = list(_rows(dataset, "ParameterTable", "id", "concepticonReference"))
            columns = _form_columns(dataset, request)
            forms = [
                _Form(
                    row["id"],
                    row["languageReference"],
                    row["parameterReference"],
                    tuple(_words(row[column], split=column not in _SINGLE) for column in columns),
                )
                for row in _rows(dataset, "FormTable", "id", "languageReference", "parameterReference", "form")
            ]
            return _Tables(languages, {row["id"]: _concept(row) for row in parameters}, forms)
        except LexiconError:
            raise
        except KeyError as err:
            raise LexiconError(f"{metadata}: not a readable Wordlist: a table lacks the column {err}") from err
        except Exception as err:  # csvw raises whatever its CSV, URI and date layers happen to raise
            raise LexiconError(
                f"{metadata}: not a readable Wordlist: {visible(str(err), limit=400) or type(err).__name__}"
            ) from err


def _rows(dataset: Any, table: str, *terms: str) -> Iterator[Mapping[str, Any]]:
    """Rows with the columns of these CLDF terms; those that the table does not have are left out."""
    try:
        yield from dataset.iter_rows(table, *(term for term in terms if (table, term) in dataset))
    except csv.Error as err:
        raise ValueError(
            f"{dataset[table].url}: {err}; close every quotation mark, and keep a cell below 131,072 characters"
        ) from err


def _metadata(path: Path) -> Path:
    if path.is_file():
        return path
    for folder in (path, path / "cldf"):
        found = sorted(folder.glob("*-metadata.json"))
        if found:
            return found[0]
    raise LexiconError(f"{path}: no CLDF metadata file (*-metadata.json) here or in cldf/")


def _open(metadata: Path) -> Any:
    try:
        from pycldf import Dataset
    except ImportError as err:
        raise LexiconError("reading CLDF needs pycldf; install it with `pip install 'tli-bench[cldf]'`") from err
    try:
        dataset = Dataset.from_metadata(metadata)
    except Exception as err:  # pycldf raises whatever its JSON, CSVW and schema layers happen to raise
        raise LexiconError(
            f"{metadata}: not CLDF metadata: {visible(str(err), limit=400) or type(err).__name__}"
        ) from err
    home = metadata.parent.resolve()
    for table in dataset.tables:
        if "://" in str(table.url) or not (home / str(table.url)).resolve().is_relative_to(home):
            raise LexiconError(f"{metadata}: the table {str(table.url)!r} is outside the data set's folder")
    missing = [name for name in ("FormTable", "LanguageTable", "ParameterTable") if name not in dataset]
    if missing:
        raise LexiconError(f"{metadata}: no {' and no '.join(missing)}; only Wordlists with all three can be read")
    return dataset


def _form_columns(dataset: Any, request: Request) -> list[str]:
    """The columns that may hold words, the likeliest first."""
    names = [column.name for column in dataset["FormTable"].tableSchema.columns]
    wanted = request.columns.get("form")
    if wanted is not None:
        if wanted not in names:
            raise LexiconError(f"no column {wanted!r} in the FormTable; columns: {', '.join(names)}")
        return [wanted]
    form = dataset["FormTable", "form"].name
    return [name for name in ("Orthography", form, *_ALTERNATIVES) if name in names]


def _words(value: Any, *, split: bool) -> tuple[str, ...]:
    """The words of a cell; a raw value may hold several, and marks of its editors."""
    values = value if isinstance(value, list) else [value or ""]
    parts = [part for text in values for part in (_SEPARATORS.split(text) if split else [text])]
    return tuple(word for part in parts if (word := part.strip(_MARKS if split else None)))


def _written_column(forms: list[_Form], language: Language) -> int:
    """The first column whose words are written as the language is, else the first one, which will then be refused."""
    count = len(forms[0].columns) if forms else 0
    for place in range(count):
        if is_written((word for form in forms for word in form.columns[place]), language):
            return place
    return 0


def _concept(row: Mapping[str, Any]) -> str:
    shared = row.get("concepticonReference")
    return f"concepticon-{shared}" if shared else str(row["id"])


def _variety(language: Language, tables: _Tables, metadata: Path) -> str:
    """The id of `language` in the LanguageTable: by ISO code, else Glottocode, else name; the largest of several."""
    sizes = Counter(form.variety for form in tables.forms)
    rows = tables.languages
    matches = (
        [row for row in rows if _is(language, row.get("iso639P3code"))],
        [row for row in rows if row.get("glottocode") in language.glottocodes],
        [row for row in rows if _is(language, row.get("name")) or _is(language, row["id"])],
    )
    for level in matches:
        if level:
            return max((str(row["id"]) for row in level), key=lambda name: (sizes[name], name))
    names = sorted(str(row.get("name") or row["id"]) for row in rows)
    shown = ", ".join(names[:15]) + (", ..." if len(names) > 15 else "")
    raise LexiconError(f"{metadata}: no {language.name} ({language.iso}); languages here: {shown}")


def _is(language: Language, name: str | None) -> bool:
    return bool(name) and find_language(str(name)) == language
