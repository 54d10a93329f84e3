"""Files of the official data sets, checked field by field; every error names file and field."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tli_bench.base.errors import reason_of
from tli_bench.base.jsons import parse_json
from tli_bench.downstream.errors import DataError

MARK = "\ufeff"
"""The byte order mark. Official files have it before some contexts (five of XQuAD's Turkish ones), where it is no part of the text."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question with its paragraph. answers: all gold answers; starts: the position in `context` where each begins.

    breaks: begin and end of each sentence of `context`, where the file has them (LAReQA's `sentence_breaks`).
    """

    id: str
    context: str
    question: str
    answers: tuple[str, ...]
    starts: tuple[int, ...]
    breaks: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Article:
    """One article and its human summary."""

    id: str
    title: str
    text: str
    summary: str


def read_squad(path: Path, *, id_prefix: str = "") -> list[Question]:
    """Questions from a JSON file in SQuAD's layout: XQuAD's `xquad.<lang>.json`, TyDiQA-GoldP's `tydiqa-goldp-v1.1-dev.json`.

    LAReQA's `<lang>.json` has the same layout and the bounds of every sentence as `sentence_breaks`. A U+FEFF that begins a
    context is removed, and all positions move with it.
    id_prefix: keep only the ids that begin with it (this is how TyDiQA marks the language: `swahili-`). Raises DataError.
    """
    found = []
    data = _json(path)
    for a, article in enumerate(_list(data, "data", path, "")):
        for p, paragraph in enumerate(_list(article, "paragraphs", path, f"data[{a}].")):
            where = f"data[{a}].paragraphs[{p}]."
            context = _text(paragraph, "context", path, where)
            breaks = _breaks(paragraph, context, path, where)
            for q, item in enumerate(_list(paragraph, "qas", path, where)):
                here = f"{where}qas[{q}]."
                ident = _text(item, "id", path, here)
                if ident.startswith(id_prefix):
                    answers = _list(item, "answers", path, here)
                    asked = _text(item, "question", path, here)
                    found.append(_question(path, here, ident, context, asked, answers, breaks))
    if not found:
        kept = f" whose id begins with {id_prefix!r}" if id_prefix else ""
        raise DataError(f"{path}: `data` holds no questions{kept}")
    return found


def question_of_row(row: Mapping[str, Any], *, source: str, number: int) -> Question:
    """A row of the Hub's `google/xquad` or `tydiqa`: answers as columns `text` and `answer_start`."""
    where, path = f"row {number}.", Path(source)
    columns = row.get("answers")
    if not isinstance(columns, dict) or not {"text", "answer_start"} <= set(columns):
        raise DataError(f"{source}: `{where}answers` must hold `text` and `answer_start`, got {columns!r:.60}")
    answers = [{"text": t, "answer_start": s} for t, s in zip(columns["text"], columns["answer_start"], strict=False)]
    ident = _text(row, "id", path, where)
    return _question(
        path, where, ident, _text(row, "context", path, where), _text(row, "question", path, where), answers
    )


def _breaks(paragraph: Any, context: str, path: Path, where: str) -> list[tuple[int, int]]:
    """Bounds of the sentences; none where the file has none."""
    if "sentence_breaks" not in paragraph:
        return []
    found, before = [], 0
    for i, pair in enumerate(_list(paragraph, "sentence_breaks", path, where)):
        fits = isinstance(pair, list) and len(pair) == 2 and all(type(bound) is int for bound in pair)
        if not fits or not before <= pair[0] < pair[1] <= len(context):
            raise DataError(
                f"{path}: `{where}sentence_breaks[{i}]` must be the begin and end of a sentence, in order, got {pair!r:.60}"
            )
        found.append((pair[0], pair[1]))
        before = pair[1]
    return found


def _question(
    path: Path,
    where: str,
    ident: str,
    context: str,
    question: str,
    answers: list[Any],
    breaks: Sequence[tuple[int, int]] = (),
) -> Question:
    if not answers:
        raise DataError(f"{path}: `{where}answers` is empty; every question needs a gold answer")
    texts, starts = [], []
    for i, answer in enumerate(answers):
        here = f"{where}answers[{i}]."
        text = _text(answer, "text", path, here, raw=True)
        start = answer.get("answer_start")
        if not isinstance(start, int) or isinstance(start, bool) or not 0 <= start < len(context):
            raise DataError(f"{path}: `{here}answer_start` must be a position in the context, got {start!r}")
        texts.append(text)
        starts.append(start)
    shown = context.lstrip(MARK)
    cut = len(context) - len(shown)
    return Question(
        ident,
        shown,
        question,
        tuple(texts),
        tuple(max(start - cut, 0) for start in starts),
        tuple((max(begin - cut, 0), end - cut) for begin, end in breaks if end > cut),
    )


def read_xlsum(path: Path) -> list[Article]:
    """Articles of an XL-Sum JSON-lines file (`id`, `title`, `text` and `summary` on each line). Raises DataError."""
    found = []
    for number, line in enumerate(_lines(path), start=1):
        if line.strip():
            row = json_line(line, f"{path}: line {number}")
            found.append(article_of_row(row, source=str(path), number=number))
    if not found:
        raise DataError(f"{path}: no articles; one JSON object per line is expected")
    return found


def article_of_row(row: Any, *, source: str, number: int) -> Article:
    """An XL-Sum row, from a line or from the Hub."""
    path, where = Path(source), f"line {number}."
    return Article(*(_text(row, name, path, where) for name in ("id", "title", "text", "summary")))


def read_sentences(path: Path) -> list[str]:
    """Sentences of a text file, one per line (FLORES `<lang>.devtest`, NTREX, `<lang>.txt`), as `clean` leaves them. Raises DataError."""
    found = [clean(line) for line in _lines(path)]
    for number, line in enumerate(found, start=1):
        if not line:
            raise DataError(f"{path}: line {number} is empty; line i of every language must be the same sentence")
    if not found:
        raise DataError(f"{path}: no sentences")
    return found


def clean(text: str) -> str:
    """A sentence in NFC, without white space around it and without a U+FEFF before it."""
    return unicodedata.normalize("NFC", text.strip().lstrip(MARK).strip())


def _lines(path: Path) -> list[str]:
    # Only line feeds end a line: str.splitlines would also split at U+2028, which occurs inside real sentences.
    text = read_text(path).replace("\r\n", "\n")
    return text.removesuffix("\n").split("\n") if text else []


def read_text(path: Path) -> str:
    """A file in UTF-8, with or without a byte order mark. Raises DataError."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as err:
        raise DataError(f"{path}: not UTF-8 at byte {err.start}; convert the file") from err
    except OSError as err:
        raise DataError(f"{path}: cannot be read ({reason_of(err)}); check the folder given as data_dir") from err


def json_line(line: str, where: str) -> Any:
    """What a line of JSON holds. Raises DataError naming `where`."""
    try:
        return parse_json(line)
    except ValueError as err:
        raise DataError(f"{where} is not JSON ({err})") from err


def text_in(row: Mapping[str, Any], field: str, where: str) -> str:
    """A non-empty text of a row, in NFC. Raises DataError naming `where` and the field."""
    value = row.get(field)
    if not isinstance(value, str) or not value.strip():
        raise DataError(f"{where}: `{field}` must be a non-empty text, got {value!r:.60}")
    return unicodedata.normalize("NFC", value)


def _json(path: Path) -> Any:
    try:
        return parse_json(read_text(path))
    except ValueError as err:
        raise DataError(f"{path}: not JSON ({err})") from err


def _list(holder: Any, field: str, path: Path, where: str) -> list[Any]:
    value = holder.get(field) if isinstance(holder, dict) else None
    if not isinstance(value, list):
        raise DataError(f"{path}: `{where}{field}` must be a list, got {_said(holder, field)}")
    return value


def _text(holder: Any, field: str, path: Path, where: str, *, raw: bool = False) -> str:
    value = holder.get(field) if isinstance(holder, Mapping) else None
    if not isinstance(value, str) or not value.strip():
        raise DataError(f"{path}: `{where}{field}` must be a non-empty text, got {_said(holder, field)}")
    # Answers point into the context by position and are copied out of it, so both are left as they are.
    return value if raw or field == "context" else unicodedata.normalize("NFC", value.lstrip(MARK))


def _said(holder: Any, field: str) -> str:
    if not isinstance(holder, Mapping):
        return f"not an object but {type(holder).__name__}"
    return f"{holder[field]!r:.60}" if field in holder else "nothing"
