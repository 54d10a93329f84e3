"""The tables of downstream tasks that `tli-bench run` prints: one for each kind of task, base and adapted side by side."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from rich.text import Text

from tli_bench.downstream.scorers.titles import TITLES
from tli_bench.measures.measure import Place
from tli_bench.measures.registry import list_measures
from tli_bench.records.downstream_record import of_fixtures
from tli_bench.report.terminal.parts import DASH, Cell, Column, Part, Sheet

STOCK = "lm-eval's own tasks"
OUT_OF_100 = ("bleu", "chrf++")
SHARES = ("empty", "copied", "wrong_script", "wrong_language")
COUNTS = {
    "truncated_prompts": "prompts cut", "shortened_examples": "prompts without some examples", "truncated_texts": "texts cut",
    "sentences": "test sentences", "left_out_words": "words left out",
}  # fmt: skip
MANY = 0.05
"""Share of prompts that may be cut before the score is said to be about something else."""
_SUFFIXES = ("_stderr", "_base", "_change", "_output")
_SAMPLES = "read the project's small fixtures: a trial of the tools, never a benchmark. --data-dir hub or --data-dir FOLDER reads real data"
_LIMITED = "ran on first documents alone: a trial, never a benchmark. Without --limit all are scored"


class Row(NamedTuple):
    """One task's line. title: of its table. metrics: of the state scored, by name; base: of the base, where an adapter was scored.

    documents, of: how many were scored, and how many there are. asked: how, where that is not the usual way.
    """

    task: str
    title: str
    documents: int
    metrics: dict[str, float]
    base: dict[str, float]
    fixtures: bool
    asked: str = ""
    of: int = 0

    @property
    def limited(self) -> bool:
        """Whether a limit left documents out."""
        return self.documents < self.of


def task_parts(results: Mapping[str, Any], *, without: set[str]) -> Iterator[Part]:
    """Tables of every task of an lm-eval results dictionary but those named, and what to know about their figures."""
    rows = [_row(name, results) for name in results.get("results", {}) if name not in without]
    titles = dict.fromkeys(row.title for row in rows if row.title != STOCK)
    for kind in (*titles, STOCK):
        these = [row for row in rows if row.title == kind]
        for shown in dict.fromkeys(_shown(row) for row in these):
            yield Text()
            yield _sheet(kind, [row for row in these if _shown(row) == shown], shown)
    if not rows:
        return
    adapted = any(row.base for row in rows)
    said = "BLEU and chrF++ are 0 to 100, the other scores 0 to 1" + ("; base → adapted" if adapted else "")
    yield Text(said, "dim")
    yield from (Text(line, "yellow") for row in rows for line in _cut(row))
    for count, said in ((sum(row.fixtures for row in rows), _SAMPLES), (sum(row.limited for row in rows), _LIMITED)):
        if count:
            yield Text(f"{f'{count} of these {len(rows)} tasks' if len(rows) > 1 else 'this task'} {said}", "yellow")


def _row(name: str, results: Mapping[str, Any]) -> Row:
    metrics, base = {}, {}
    for key, value in results["results"][name].items():
        metric, _, chosen = key.partition(",")
        behind = "" if chosen in ("", "none") else f",{chosen}"
        if isinstance(value, float) and metric.endswith("_base"):
            base[metric.removesuffix("_base") + behind] = value
        elif isinstance(value, float) and not metric.endswith(_SUFFIXES):
            metrics[metric + behind] = value
    meta = results.get("configs", {}).get(name, {}).get("metadata") or {}
    counts = results.get("n-samples", {}).get(name, {})
    documents = int(counts.get("effective", 0))
    title, fixtures = str(meta.get("title") or STOCK), of_fixtures(str(meta.get("source", "")))
    return Row(
        name,
        title,
        documents,
        metrics,
        base,
        fixtures,
        _asked((meta.get("asked") or {}) | {"engine": meta.get("engine")}),
        int(counts.get("original", documents)),
    )


def _asked(asked: Mapping[str, Any]) -> str:
    shots = asked.get("num_fewshot")
    said = ("chat template" if asked.get("chat_template") else "", f"{shots}-shot" if shots else "",
            "system prompt" if asked.get("system_prompt") else "", str(asked.get("engine") or ""))  # fmt: skip
    return ", ".join(part for part in said if part)


def _cut(row: Row) -> Iterator[str]:
    """What to do where more prompts were cut than can be overlooked."""
    for name, lost in (("truncated_prompts", "a part of the document"), ("shortened_examples", "some of the examples")):
        count = row.metrics.get(name, 0.0)
        if row.documents and count > MANY * row.documents:
            yield (
                f"{row.task}: {count:.0f} prompts for {row.documents} documents were too long for the model and lost {lost}; compare "
                "with models that read as little, or "
                + ("lower --num-fewshot" if "examples" in lost else "take one that reads longer texts")
            )


def titles() -> dict[str, str]:
    """What the metrics of our tasks are called: those that are measures by their labels, and first."""
    headlines = (m for m in list_measures() if m.places & {Place.METRIC, Place.BOARD})
    return {m.name: m.label for m in headlines} | TITLES


def _shown(row: Row) -> tuple[str, ...]:
    known = tuple(metric for metric in titles() if metric in row.metrics)
    return known or tuple(metric for metric in row.metrics if metric not in COUNTS)[:4]


def _sheet(kind: str, rows: list[Row], shown: tuple[str, ...]) -> Sheet:
    named, notes = titles(), [_notes(row) for row in rows]
    pools = any("pool" in row.metrics for row in rows)
    columns = [Column("task", left=True), *(Column(name) for name in ("docs", *["pool"] * pools))]
    for metric in shown:
        parts = ("base", "adapted") if any(metric in row.base for row in rows) else ()
        columns.append(Column(named.get(metric, metric), form="steps", parts=parts))
    columns += [Column("notes", left=True)] if any(notes) else []
    lines: list[tuple[Cell, ...]] = []
    for row, note in zip(rows, notes, strict=True):
        pool = [f"{row.metrics['pool']:.0f}"] if "pool" in row.metrics else [DASH] * pools
        cells = [_cell(row, metric) for metric in shown]
        lines.append((row.task, str(row.documents), *pool, *cells, *([note] * any(notes))))
    return Sheet(tuple(columns), tuple(lines), title=kind, about=(("kind", kind),))


def _cell(row: Row, metric: str) -> Cell:
    places = 1 if metric in OUT_OF_100 else 3
    values = [*([row.base[metric]] if metric in row.base else []), row.metrics[metric]]
    return tuple(DASH if value != value else f"{value:.{places}f}" for value in values)


def _notes(row: Row) -> str:
    """How it was asked, the layer that was chosen, what is wrong with the outputs, what was cut; nothing for the usual."""
    found = [f"the first of {row.of}"] if row.limited else []
    found += [row.asked] if row.asked else []
    found += [f"layer {_layer(row)}"] if "best_layer" in row.metrics else []
    found += [f"{row.metrics[name]:.0%} {name.replace('_', ' ')}" for name in SHARES if row.metrics.get(name)]
    found += [f"{row.metrics[name]:.0f} {said}" for name, said in COUNTS.items() if row.metrics.get(name)]
    return ", ".join(found)


def _layer(row: Row) -> str:
    """Name of the layer whose position `best_layer` gives; the curve's metrics (`p1_L00` ...) name the layers in order."""
    names = [metric.rpartition("_L")[2] for metric in row.metrics if "_L" in metric]
    name = names[int(row.metrics["best_layer"])]
    return name.lstrip("0") or "0"
