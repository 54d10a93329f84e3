"""The tables of downstream tasks that `tli-bench run` prints: one for each kind of task, base and adapted side by side."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from tli_bench.measures.measure import Place
from tli_bench.measures.registry import list_measures
from tli_bench.report.terminal.tables import show_table

STOCK = "lm-eval's own tasks"
TITLES = {
    "exact_match": "exact", "f1": "F1", "map": "mAP", "rouge1": "ROUGE-1",
    "rouge2": "ROUGE-2", "rougeL": "ROUGE-L", "bleu": "BLEU", "chrf++": "chrF++", "greedy_exact": "greedy exact",
    "xsim_error_forward": "xsim error →", "xsim_error_backward": "xsim error ←", "acc": "acc", "acc_norm": "acc norm",
}  # fmt: skip
OUT_OF_100 = ("bleu", "chrf++")
SHARES = ("empty", "copied", "wrong_script", "wrong_language")
COUNTS = {"truncated_prompts": "prompts cut", "truncated_texts": "texts cut"}
_SUFFIXES = ("_stderr", "_base", "_change", "_output")


class Row(NamedTuple):
    """One task's line. title: of its table. metrics: of the state scored, by name; base: of the base, where an adapter was scored."""

    task: str
    title: str
    documents: int
    metrics: dict[str, float]
    base: dict[str, float]
    fixtures: bool


def print_task_tables(console: Console, results: Mapping[str, Any], *, without: set[str]) -> None:
    """Tables of every task of an lm-eval results dictionary but those named, and what to know about their figures."""
    rows = [_row(name, results) for name in results.get("results", {}) if name not in without]
    titles = dict.fromkeys(row.title for row in rows if row.title != STOCK)
    for kind in (*titles, STOCK):
        these = [row for row in rows if row.title == kind]
        for shown in dict.fromkeys(_shown(row) for row in these):
            console.print()
            show_table(console, _table(kind, [row for row in these if _shown(row) == shown], shown))
    if not rows:
        return
    adapted = any(row.base for row in rows)
    said = "BLEU and chrF++ are 0 to 100, the other scores 0 to 1" + ("; base → adapted" if adapted else "")
    console.print(Text(said, "dim"), soft_wrap=True)
    fixtures = sum(row.fixtures for row in rows)
    if fixtures:
        console.print(
            Text(
                f"{fixtures} of these {len(rows)} tasks read the project's small fixtures: a trial of the tools, never a benchmark. "
                "--data-dir hub or --data-dir FOLDER reads real data",
                "yellow",
            ),
            soft_wrap=True,
        )


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
    documents = int(results.get("n-samples", {}).get(name, {}).get("effective", 0))
    return Row(
        name, str(meta.get("title") or STOCK), documents, metrics, base, "fixtures:" in str(meta.get("source", ""))
    )


def _titles() -> dict[str, str]:
    """What the metrics of our tasks are called: those that are measures by their labels, and first."""
    headlines = (m for m in list_measures() if m.places & {Place.METRIC, Place.BOARD})
    return {m.name: m.label for m in headlines} | TITLES


def _shown(row: Row) -> tuple[str, ...]:
    known = tuple(metric for metric in _titles() if metric in row.metrics)
    return known or tuple(row.metrics)[:4]


def _table(kind: str, rows: list[Row], shown: tuple[str, ...]) -> Table:
    table = Table(title=escape(kind), box=None, padding=(0, 1), header_style="dim", title_justify="left")
    pools = any("pool" in row.metrics for row in rows)
    table.add_column("task", no_wrap=True)
    titles = _titles()
    for name in ("docs", *(["pool"] if pools else []), *(titles.get(metric, metric) for metric in shown)):
        table.add_column(name, justify="right", no_wrap=True)
    notes = [_notes(row) for row in rows]
    if any(notes):
        table.add_column("notes", no_wrap=True)
    for row, note in zip(rows, notes, strict=True):
        pool = [f"{row.metrics['pool']:.0f}"] if "pool" in row.metrics else ["–"] * pools
        table.add_row(
            row.task, str(row.documents), *pool, *(_cell(row, metric) for metric in shown), *([note] * any(notes))
        )
    return table


def _cell(row: Row, metric: str) -> str:
    places = 1 if metric in OUT_OF_100 else 3
    values = [*([row.base[metric]] if metric in row.base else []), row.metrics[metric]]
    return " → ".join("–" if value != value else f"{value:.{places}f}" for value in values)


def _notes(row: Row) -> str:
    """What is wrong with the outputs or was cut, and the layer that was chosen; nothing for what is as it should be."""
    found = [f"layer {_layer(row)}"] if "best_layer" in row.metrics else []
    found += [f"{row.metrics[name]:.0%} {name.replace('_', ' ')}" for name in SHARES if row.metrics.get(name)]
    found += [f"{row.metrics[name]:.0f} {said}" for name, said in COUNTS.items() if row.metrics.get(name)]
    return ", ".join(found)


def _layer(row: Row) -> str:
    """Name of the layer whose position `best_layer` gives; the curve's metrics (`p1_L00` ...) name the layers in order."""
    names = [metric.rpartition("_L")[2] for metric in row.metrics if "_L" in metric]
    name = names[int(row.metrics["best_layer"])]
    return name.lstrip("0") or "0"
