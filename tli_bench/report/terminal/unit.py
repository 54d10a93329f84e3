"""The tables that `tli-bench run` prints: one block per pair, then one line per pair."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tli_bench.base.wording import visible
from tli_bench.config.facts import flags_of
from tli_bench.evaluate.corrections import ALPHA, Corrected, corrected
from tli_bench.evaluate.overall import lines as overall_lines
from tli_bench.evaluate.overall import overall
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.measure import Place
from tli_bench.measures.registry import list_measures
from tli_bench.records.schema import Curve, RunRecord
from tli_bench.records.scores import BEST, OUTPUT
from tli_bench.report.diagnosis import cannot_be_judged, tokens_line
from tli_bench.report.terminal.asked import asked_table
from tli_bench.report.terminal.beside import control_lines
from tli_bench.report.terminal.framing import (
    framing_line,
    framing_warnings,
)
from tli_bench.report.terminal.layers import NAMES, layer_tables, states_of
from tli_bench.report.terminal.tables import show_table
from tli_bench.report.terminal.tasks import print_task_tables

_BLOCKS = "▁▂▃▄▅▆▇█"


def sparkline(curve: Curve, *, low: float = 0.0, high: float = 1.0) -> str:
    """A curve as block characters between `low` and `high`; `·` marks an unscored layer."""

    def block(value: float | None) -> str:
        if value is None:
            return "·"
        share = (value - low) / (high - low) if high > low else 0.0
        return _BLOCKS[max(0, min(len(_BLOCKS) - 1, round(share * (len(_BLOCKS) - 1))))]

    return "".join(block(value) for value in curve)


def print_record(console: Console, record: RunRecord, *, reused: bool) -> None:
    """One unit: its layer curves, the scores at the layers that matter, and the verdicts."""
    signature = record.signature
    counts = ", ".join(f"{signature.n[s.value]} {NAMES[s]}" for s in Split if s.value in signature.n)
    flags = flags_of(signature)
    title = Text.assemble((f"\n{record.task}", "bold"), f"  {counts}, {signature.protocol}")
    if reused:
        title.append("  (done before)", "dim")
    if flags:
        title.append(f"  [{', '.join(flags)}]", "bold red")
    console.print(title, soft_wrap=True)
    if signature.seen_control:
        left_out = ", ".join(visible(concept, limit=40) for concept in signature.seen_control[:5])
        more = ", …" if signature.seen_control[5:] else ""
        console.print(
            Text(
                f"  {len(signature.seen_control)} control words were trained and are left out: {left_out}{more}",
                "yellow",
            ),
            soft_wrap=True,
        )
    chosen, output = record.best_layer.get(record.state, ""), record.layers[-1]
    first = {output: "output"} | {chosen: "chosen on dev" + (", output" if chosen == output else "")}
    for layer in dict.fromkeys([chosen, output]):
        if layer in record.verdicts:
            style = "bold" if layer == chosen else ""
            console.print(Text(f"  layer {layer} ({first[layer]}): {record.verdicts[layer]}", style), soft_wrap=True)
    if said := cannot_be_judged(record):
        console.print(Text(f"  {said}", "bold yellow"), soft_wrap=True)
    _print_curves(console, record)
    for table in layer_tables(record):
        show_table(console, table)
    if asked := asked_table(record):
        show_table(console, asked)
    for layer, verdict in record.verdicts.items():
        if layer not in first:
            console.print(Text(f"  layer {layer}: {verdict}"), soft_wrap=True)
    for warning in framing_warnings(record):
        console.print(Text(f"  {warning}", "bold yellow"), soft_wrap=True)
    for line in (*control_lines(record), *filter(None, [framing_line(record), tokens_line(record)])):
        console.print(Text(f"  {line}", "dim"), soft_wrap=True)
    for reason in record.unscored[:3]:
        console.print(Text(f"  unscored: {reason}", "yellow"), soft_wrap=True)
    if len(record.unscored) > 3:
        console.print(Text(f"  unscored: {len(record.unscored) - 3} more, see the record", "yellow"))


def _print_curves(console: Console, record: RunRecord) -> None:
    split, layers = record.split, record.signature.layers
    measures = list_measures(Place.SUMMARY)
    for state, curves in record.curves[split].items():
        drawn = [m for m in measures if m.name in curves]
        if not drawn:
            continue
        parts: list[Any] = [f"  {NAMES[split]} {state:<8}"]
        for measure in drawn:
            line = sparkline(curves[measure.name], high=_top(record, split, measure.name))
            parts += [f"{measure.label} ", (line, "cyan" if measure.share else "green"), "  "]
        console.print(
            Text.assemble(
                *parts,
                f"layers {layers[0]}..{layers[-1]}, best layer {record.best_layer[state]} (chosen on dev)",
            ),
            soft_wrap=True,
        )


def _top(record: RunRecord, split: Split, measure: str) -> float:
    """The upper end of the sparklines of a measure, the same for every state: 1, or more where a value is higher."""
    curves = [record.curve(measure, split, state) or [] for state in record.curves[split]]
    return max(1.0, *(value for curve in curves for value in curve if value is not None), 1.0)


def p_value(p: float | None) -> str:
    """A p-value as text; what floats cannot tell from 0 is below 1e-300, not 0."""
    if p is None:
        return "–"
    if p == 0:
        return "<1e-300"
    return f"{p:.1e}" if p < 1e-3 else f"{p:.3f}"


def print_summary(console: Console, records: Sequence[RunRecord], results: dict[str, Any]) -> None:
    """One line per unit, at the output and at the base's best layer, the verdict over all pairs, and the tables of other tasks.

    The last column counts the layers whose test passes, corrected over all layers and units of the run.
    """
    if len(records) > 1:
        tests = corrected(records)
        show_table(console, _summary(records, tests))
        if tests:
            console.print(
                Text(
                    f"↑ and ↓: layers whose {tests[0].quantity} is above or below zero, of {len(tests)} tests in all "
                    f"(paired t-test, Holm / Benjamini-Hochberg at {ALPHA:.0%})",
                    "dim",
                ),
                soft_wrap=True,
            )
        for line in overall_lines(overall(records)):
            console.print(Text(line, "bold"), soft_wrap=True)
    print_task_tables(console, results, without={record.task for record in records})


def _summary(records: Sequence[RunRecord], tests: Sequence[Corrected]) -> Table:
    table = Table(
        title="control words, base → adapted", box=None, padding=(0, 1), header_style="dim", title_justify="left"
    )
    table.add_column("task", no_wrap=True)
    measures = list_measures(Place.SUMMARY)
    labels = [measure.label for measure in measures]
    for name in ("best layer", *labels, *(f"output {label}" for label in labels), "layers"):
        table.add_column(name, justify="right", no_wrap=True)
    several = len({record.signature.protocol for record in records}) > 1
    for record in records:
        best = record.layer(BEST, "base")
        cells = [states_of(record, measure, record.split, layer) for layer in (best, OUTPUT) for measure in measures]
        name = f"{record.task} {record.signature.protocol}" if several else record.task
        table.add_row(name, best, *cells, _passing(record, tests))
    return table


def _passing(record: RunRecord, tests: Sequence[Corrected]) -> str:
    own = [t for t in tests if (t.task, t.protocol) == (record.task, record.signature.protocol)]
    if not own:
        return "–"
    counts = []
    for p in ("holm", "bh"):
        passed = [test.difference for test in own if getattr(test, p) < ALPHA]
        counts.append(f"{sum(d > 0 for d in passed)}↑ {sum(d < 0 for d in passed)}↓")
    return " / ".join(counts)
