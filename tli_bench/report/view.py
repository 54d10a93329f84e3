"""A folder of one's own records as one HTML file for looking at them: words, groups and curves. It needs no network and no server."""

import hashlib
import html
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tli_bench.base.errors import ResultError
from tli_bench.base.wording import visible
from tli_bench.records.downstream import is_downstream
from tli_bench.records.schema import RunRecord
from tli_bench.records.sources import record_paths, require_folder
from tli_bench.records.store import read_record
from tli_bench.report.embed import ROOM, closed_script, embedded, filled, script, script_hash
from tli_bench.report.view_record import listed, packed
from tli_bench.report.view_words import WordLists

MOST_RECORDS = 200
"""How many records a page holds: the newest."""
MOST_BYTES = 64 * 1024 * 1024
"""How large the data of a page may grow before older records are left out."""
LARGEST = 16 * 1024 * 1024
"""How many of these bytes one record may take: 20,000 words of three states at three layers take 3 million."""
_VENDOR = ("dataTables.min.js", "uPlot.iife.min.js")


@dataclass(frozen=True, slots=True)
class View:
    """The page, and what it does not show.

    records: how many it holds; older: how many files were left out; skipped: files that cannot be read, and why.
    """

    html: str
    records: int
    older: int
    skipped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Shown:
    """One record: when it was made, its line in the list, and everything else, ready for an element of the page."""

    created: str
    line: dict[str, object]
    body: str


@dataclass(slots=True)
class _Gathered:
    records: list[_Shown]
    words: WordLists
    skipped: list[str]
    older: int = 0

    @property
    def full(self) -> bool:
        size = sum(len(one.body) for one in self.records) + sum(map(len, self.words.texts))
        return len(self.records) == MOST_RECORDS or size > MOST_BYTES


def view(source: Path) -> View:
    """The newest records of a folder, or one record, as a page; a file that cannot be read is skipped and named.

    Raises ResultError where there is no alignment record of control words, or none can be read.
    """
    if source.suffix == ".zip":
        require_folder(source)
    found = _gather(source)
    if not found.records:
        if found.skipped:
            raise ResultError(f"{source}: no record could be read; the first: {found.skipped[0]}")
        raise ResultError(
            f"{source} holds no records of control words; `tli-bench run --pairs swh-eng --output {source}` writes one"
        )
    return View(_page(source, found), len(found.records), found.older, tuple(found.skipped))


def _gather(source: Path) -> _Gathered:
    found = _Gathered([], WordLists(), [])
    paths = _newest_first([path for path in record_paths(source) if not is_downstream(path.absolute())])
    for position, path in enumerate(paths):
        if found.full:
            found.older = len(paths) - position
            break
        name = path.relative_to(source).as_posix() if os.path.isdir(source) else path.name
        try:
            record = read_record(path)
        except ResultError as err:
            found.skipped.append(visible(str(err).replace(str(path), name), limit=300))
            continue
        if record.signature.audit:
            continue
        one = _shown(record, name, found.words)
        if len(one.body) > LARGEST:
            found.skipped.append(
                f"{visible(name, limit=300)}: takes {len(one.body):,} bytes of a page, at most {LARGEST:,} are shown"
            )
        else:
            found.records.append(one)
    found.records.sort(key=lambda one: one.created, reverse=True)
    return found


def _shown(record: RunRecord, name: str, words: WordLists) -> _Shown:
    """name: of its file inside the folder, which gives the record its address."""
    address = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    line = {"id": address, "file": visible(name, limit=300), **listed(record)}
    return _Shown(record.created, line, embedded(packed(record, words)))


def _newest_first(paths: Sequence[Path]) -> list[Path]:
    """By when the file was written: a folder of thousands is not read to find the newest."""
    return sorted(paths, key=lambda path: (path.stat().st_mtime, path.name), reverse=True)


def _page(source: Path, found: _Gathered) -> str:
    scripts = [script((ROOM / "vendor" / name).read_text(encoding="utf-8")) for name in _VENDOR]
    scripts.append(closed_script(ROOM / "assets" / name for name in ("shared.js", "view.js")))
    styles = [ROOM / "vendor" / "uPlot.min.css", ROOM / "assets" / "page.css", ROOM / "assets" / "view.css"]
    parts = {
        "SCRIPT_HASHES": " ".join(f"'sha256-{script_hash(text)}'" for text in scripts),
        "STYLES": "\n".join(path.read_text(encoding="utf-8") for path in styles),
        "TITLE": html.escape(visible(source.absolute().name, limit=80)),
        "LEFT_OUT": "".join(f"<p>{html.escape(line)}</p>" for line in left_out(found.older, found.skipped)),
        "LIST": "\n".join(_static_row(one.line) for one in found.records),
        "DATA": "\n".join(_data(found)),
        "SCRIPTS": "\n".join(f"<script>{text}</script>" for text in scripts),
    }
    return filled((ROOM / "assets" / "view.html").read_text(encoding="utf-8"), parts)


def left_out(older: int, skipped: Sequence[str]) -> Iterator[str]:
    """Sentences about the records that the page does not hold."""
    if older:
        files = "file is" if older == 1 else "files are"
        yield f"{older} older {files} not on the page, which holds the newest {MOST_RECORDS} at most; give a folder inside this one."
    for line in skipped:
        yield f"Skipped: {line}"


def _data(found: _Gathered) -> Iterator[str]:
    """One element each, so that a record is parsed when it is looked at."""
    yield f'<script type="application/json" id="data-list">{embedded([one.line for one in found.records])}</script>'
    for i, one in enumerate(found.records):
        yield f'<script type="application/json" id="data-record-{i}">{one.body}</script>'
    for i, text in enumerate(found.words.texts):
        yield f'<script type="application/json" id="data-words-{i}">{text}</script>'


def _static_row(line: dict[str, object]) -> str:
    """A record for readers without scripts, which replace it."""
    texts = (line[name] for name in ("verdict", "pair", "model", "adapter", "date"))
    return "<tr>" + "".join(f"<td>{html.escape(str(text))}</td>" for text in texts) + "</tr>"
