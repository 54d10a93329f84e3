"""What `tli-bench run` prints of one unit: its verdict first, then curves and scores by layer, then what else could explain them."""

from collections.abc import Iterator
from typing import Any

from rich.text import Text

from tli_bench.base.wording import visible
from tli_bench.config.facts import flags_of
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.measure import Place
from tli_bench.measures.registry import list_measures
from tli_bench.records.schema import Curve, RunRecord
from tli_bench.records.trained import split_names
from tli_bench.records.verdicts import verdicts_of
from tli_bench.report.diagnosis import cannot_be_judged, tokens_line
from tli_bench.report.terminal.asked import asked_sheet
from tli_bench.report.terminal.beside import control_lines
from tli_bench.report.terminal.framing import framing_line, framing_warnings
from tli_bench.report.terminal.layers import last_layer, layer_sheet
from tli_bench.report.terminal.parts import Part, Sketch
from tli_bench.report.terminal.verdicts import verdict_line

_BLOCKS = "▁▂▃▄▅▆▇█"


def sparkline(curve: Curve, *, low: float = 0.0, high: float = 1.0) -> str:
    """A curve as block characters between `low` and `high`; `·` marks an unscored layer."""

    def block(value: float | None) -> str:
        if value is None:
            return "·"
        share = (value - low) / (high - low) if high > low else 0.0
        return _BLOCKS[max(0, min(len(_BLOCKS) - 1, round(share * (len(_BLOCKS) - 1))))]

    return "".join(block(value) for value in curve)


def unit_parts(record: RunRecord, *, reused: bool = False) -> Iterator[Part]:
    """One unit: what it is, its verdict, its layer curves, the scores at the layers that matter, and what stands next to them."""
    yield Text()
    yield _title(record, reused=reused)
    if record.signature.seen_control:
        yield _left_out(record)
    verdicts = verdicts_of(record)
    chosen, output = record.best_layer.get(record.state, ""), record.layers[-1]
    last = last_layer(record)
    first = {output: last}
    if record.chosen_on_dev(record.state):
        first[chosen] = "chosen on dev" + (f", {last}" if chosen == output else "")
    for layer in dict.fromkeys([chosen, output]):
        if layer in verdicts:
            style = "bold" if layer == chosen else ""
            yield verdict_line(f"  layer {layer} ({first[layer]}): ", verdicts[layer], style=style)
    if said := cannot_be_judged(record):
        yield Text(f"  {said}", "bold yellow")
    yield from _curves(record)
    yield layer_sheet(record)
    if asked := asked_sheet(record):
        yield asked
    for layer, verdict in verdicts.items():
        if layer not in first:
            yield verdict_line(f"  layer {layer}: ", verdict)
    for warning in framing_warnings(record):
        yield Text(f"  {warning}", "bold yellow")
    for line in (*control_lines(record), *filter(None, [framing_line(record), tokens_line(record)])):
        yield Text(f"  {line}", "dim")
    for reason in record.unscored[:3]:
        yield Text(f"  unscored: {reason}", "yellow")
    if len(record.unscored) > 3:
        yield Text(f"  unscored: {len(record.unscored) - 3} more, see the record", "yellow")


def _title(record: RunRecord, *, reused: bool) -> Text:
    signature = record.signature
    names = split_names(signature)
    counts = ", ".join(f"{signature.n[s.value]} {names[s]}" for s in Split if s.value in signature.n)
    title = Text.assemble((record.task, "bold"), f"  {counts}, {signature.protocol}")
    if reused:
        title.append("  (done before)", "dim")
    if flags := flags_of(signature):
        title.append(f"  [{', '.join(flags)}]", "bold red")
    return title


def _left_out(record: RunRecord) -> Text:
    seen = record.signature.seen_control
    left_out = ", ".join(visible(concept, limit=40) for concept in seen[:5])
    more = ", …" if seen[5:] else ""
    return Text(f"  {len(seen)} control words were trained and are left out: {left_out}{more}", "yellow")


def _curves(record: RunRecord) -> Iterator[Sketch]:
    split, layers = record.split, record.signature.layers
    name = split_names(record.signature)[split]
    for state, curves in record.curves[split].items():
        drawn = [m for m in list_measures(Place.SUMMARY) if m.name in curves]
        if not drawn:
            continue
        parts: list[Any] = [f"  {name} {state:<8}"]
        for measure in drawn:
            line = sparkline(curves[measure.name], high=_top(record, split, measure.name))
            parts += [f"{measure.label} ", (line, "cyan" if measure.share else "green"), "  "]
        said = f", best layer {record.best_layer[state]} (chosen on dev)"
        if not record.chosen_on_dev(state):
            said = f"; no dev words chose one, so layer {record.best_layer[state]} ({last_layer(record)}) is shown"
        yield Sketch(Text.assemble(*parts, f"layers {layers[0]}..{layers[-1]}{said}"))


def _top(record: RunRecord, split: Split, measure: str) -> float:
    """The upper end of the sparklines of a measure, the same for every state: 1, or more where a value is higher."""
    curves = [record.curve(measure, split, state) or [] for state in record.curves[split]]
    return max(1.0, *(value for curve in curves for value in curve if value is not None), 1.0)
