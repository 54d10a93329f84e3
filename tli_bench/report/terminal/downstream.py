"""How the verbs that read results show a downstream record: as a line, as JSON, as a table."""

import json
from collections.abc import Iterator
from typing import Any

from rich.text import Text

from tli_bench.base.wording import visible
from tli_bench.config.facts import asked_of, asked_text
from tli_bench.records.schema import DownstreamRecord
from tli_bench.records.summary import downstream_flags, precision_of
from tli_bench.report.terminal.parts import Column, Part, Sheet, Sketch
from tli_bench.report.terminal.tasks import titles
from tli_bench.report.terminal.unit import sparkline

_FIRST = 2
"""Metrics on a line; the table has them all."""
_LAYER = "best_layer"
"""Holds the position of a layer, not a score."""


def as_line(record: DownstreamRecord) -> str:
    """Date, model, adapter, task and its first scores, base → adapted, on one line."""
    there = record.scores["base"]
    names = ([name for name in titles() if name in there] or [name for name in there if name != _LAYER])[:_FIRST]
    scores = "  ".join(f"{visible(name, limit=30)} {_both(record, name)}" for name in names) or "no scores"
    who = f"{visible(record.model, limit=40)} {visible(record.adapter.name if record.adapter else '-', limit=30)}"
    notes = [*downstream_flags(record), *([visible(asked_text(record), limit=120)] if asked_text(record) else [])]
    marks = f"  [{', '.join(notes)}]" if notes else ""
    precision = precision_of(record)
    at = "" if precision == "float32" else f"  {visible(precision, limit=40)}"
    return f"{visible(record.created[:10])}  {who}  {visible(record.task, limit=60)}  downstream{at}  {scores}{marks}"


def as_summary(record: DownstreamRecord) -> dict[str, Any]:
    """What a record is and how it came out, as JSON data."""
    return {
        "kind": "downstream",
        "task": record.task,
        "model": record.model,
        "revision": record.revision,
        "adapter": record.adapter.name if record.adapter else None,
        "precision": precision_of(record),
        "source": record.source,
        "documents": record.documents,
        "created": record.created,
        "scores": record.scores,
        "asked": asked_of(record),
        "flags": downstream_flags(record),
    }


def downstream_parts(record: DownstreamRecord) -> Iterator[Part]:
    """Scores of base and adapted model with the change, the first curve over layers, and what stands behind them."""
    title = Text.assemble((record.task, "bold"), f"  {record.documents} documents from {record.source}")
    flags = downstream_flags(record)
    if flags:
        title.append(f"  [{', '.join(flags)}: no benchmark]", "bold red")
    yield Text()
    yield title
    if asked := asked_text(record):
        yield Text(f"  asked with {visible(asked, limit=300)}")
    yield from _curves(record)
    yield _scores(record)
    for name in ("model", "revision", "adapter", "dtype", "quantization", "task_version", "versions", "created"):
        value = record.model_dump(mode="json", include={name})[name]
        yield Text(f"  {name}: {json.dumps(value, ensure_ascii=True)}", "dim")


def _curves(record: DownstreamRecord) -> Iterator[Sketch]:
    for state, curves in record.curves.items():
        for name, curve in list(curves.items())[:1]:
            line = Text.assemble(f"  {state:<8}{name} ", (sparkline(curve), "cyan"))
            yield Sketch(line.append(f"  layers {record.layers[0]}..{record.layers[-1]}"))


def _scores(record: DownstreamRecord) -> Sheet:
    rows = []
    base, adapted = record.scores["base"], record.scores.get("adapted", {})
    # The curves hold one value per layer.
    by_layer = {f"{name}_L{layer.zfill(2)}" for name in record.curves.get("base", {}) for layer in record.layers}
    for name in dict.fromkeys([*base, *(name for name in adapted if name not in by_layer)]):
        before, after = base.get(name), adapted.get(name)
        change = "–" if before is None or after is None else f"{after - before:+.3f}"
        if name == _LAYER and record.layers:
            rows.append((name, _layer(record, before), _layer(record, after), "–"))
            continue
        rows.append((name, _number(before), _number(after), change))
    columns = (Column("metric", left=True), *(Column(name) for name in ("base", "adapted", "change")))
    return Sheet(columns, tuple(rows), about=(("task", record.task),))


def _layer(record: DownstreamRecord, position: float | None) -> str:
    """Name of the layer at a position, which is not its number where a model has a layer before its last norm."""
    known = position is not None and 0 <= position < len(record.layers)
    return visible(record.layers[int(position or 0)], limit=20) if known else "–"


def _both(record: DownstreamRecord, name: str) -> str:
    states = (record.scores[state].get(name) for state in ("base", "adapted") if state in record.scores)
    return " → ".join(_number(value) for value in states)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
