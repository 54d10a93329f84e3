"""How a run of several units ends: a line for each, what holds over all of them, and one sentence that concludes."""

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.text import Text

from tli_bench.base.wording import visible
from tli_bench.evaluate.corrections import ALPHA, Corrected, corrected
from tli_bench.evaluate.overall import PLACES, Overall, overall
from tli_bench.measures.measure import Place
from tli_bench.measures.registry import list_measures
from tli_bench.models.identity import BEFORE_AFTER
from tli_bench.records.schema import RunRecord
from tli_bench.records.scores import BEST, OUTPUT
from tli_bench.records.verdicts import verdicts_of
from tli_bench.report.scopes import short_pair
from tli_bench.report.terminal.layers import steps
from tli_bench.report.terminal.parts import Cell, Column, Part, Sheet
from tli_bench.report.terminal.verdicts import verdict_line, verdict_style
from tli_bench.stats.verdict import VerdictKind

_DOES = {
    VerdictKind.GENERALISES: "generalises",
    VerdictKind.BETTER: "is better",
    VerdictKind.SPREADING: "does no more than its twin",
    VerdictKind.DAMAGE: "does damage",
    VerdictKind.MEMORISES: "memorises",
    VerdictKind.NO_CHANGE: "changes nothing",
    VerdictKind.UNCLEAR: "is unclear",
    VerdictKind.ALIGNED: "is aligned",
    VerdictKind.SPELLING: "finds no more than spelling does",
    VerdictKind.NOT_ALIGNED: "is not aligned",
    VerdictKind.WITHHELD: "gets no verdict",
}


def summary_parts(records: Sequence[RunRecord]) -> Iterator[Part]:
    """One row per unit, at the output and at the base's best layer, and the verdicts that the closing sentence leaves out.

    The last column counts the layers whose test passes, corrected over all layers and units of the run.
    """
    if len(records) < 2:
        return
    tests = corrected(records)
    yield Text()
    yield _sheet(records, tests)
    if tests:
        yield Text(
            f"↑ and ↓: layers whose {tests[0].quantity} is above or below zero, of {len(tests)} tests in all "
            f"(paired t-test, Holm / Benjamini-Hochberg at {ALPHA:.0%})",
            "dim",
        )
    for item in overall(records):
        if item.verdicts[PLACES[OUTPUT]] != item.verdicts[PLACES[BEST]]:
            yield verdict_line(f"over {len(item.pairs)} pairs at the output: ", item.verdicts[PLACES[OUTPUT]])
        if item.left_out:
            yield Text(f"left out of what is said over all pairs: {'; '.join(item.left_out)}", "yellow")


def closing(records: Sequence[RunRecord]) -> Iterator[Text]:
    """The sentence that a run ends with, of each kind of task and protocol; none for one pair, whose verdict says it all."""
    for item in overall(records):
        members = [r for r in records if (r.kind, r.signature.protocol) == (item.kind, item.protocol)]
        yield _sentence(item, [r for r in members if r.pair in item.pairs])


def _sentence(item: Overall, records: Sequence[RunRecord]) -> Text:
    verdict = item.verdicts[PLACES[BEST]]
    signature = records[0].signature
    who = visible(signature.adapter.name if signature.adapter else signature.model, limit=60)
    _, _, rest = str(verdict).partition(": ")
    where = f"{item.concepts} {item.split.value} concepts, {item.protocol}, each pair at {_layers(records)}"
    said = Text.assemble((who, "bold"), " ", (_DOES[verdict.kind], verdict_style(verdict.kind)))
    said.append(f" over {len(item.pairs)} pairs ({where}): {rest}; pair by pair: {_kinds(records)}{_extremes(records)}")
    return said


def _layers(records: Sequence[RunRecord]) -> str:
    chosen = {record.chosen_on_dev(record.state) for record in records}
    if chosen == {True}:
        return "the layer that dev chose for it"
    return "the layer that dev chose for it, or its last where dev chose none" if True in chosen else "its last layer"


def _kinds(records: Sequence[RunRecord]) -> str:
    """How the verdicts of the single pairs came out, the most frequent first."""
    own = (verdicts_of(record).get(record.layer(BEST, record.state)) for record in records)
    counts = Counter(str(verdict.kind) for verdict in own if verdict)
    return ", ".join(f"{kind} in {count}" for kind, count in counts.most_common())


def _extremes(records: Sequence[RunRecord]) -> str:
    """The pairs that gain, or score, most and least; the headline at each pair's own layer."""
    values = {}
    for record in records:
        headline, layer = record.headline_of(record.split), record.layer(BEST, record.state)
        states = [s for s in BEFORE_AFTER if s in record.best_layer]
        scores = [record.value(headline, record.split, state, layer) for state in states]
        known = [score for score in scores if score is not None]
        if known and len(known) == len(scores):
            values[record.pair] = known[-1] - known[0] if len(known) > 1 else known[0]
    if len(values) < 3:
        return ""
    sign = "+" if records[0].state == "adapted" else ""
    (best, high), (worst, low) = (pick(values.items(), key=lambda item: item[1]) for pick in (max, min))
    return f"; most on {short_pair(best)} ({high:{sign}.3f}), least on {short_pair(worst)} ({low:{sign}.3f})"


def _sheet(records: Sequence[RunRecord], tests: Sequence[Corrected]) -> Sheet:
    measures = list_measures(Place.SUMMARY)
    states = tuple(state for state in BEFORE_AFTER if state in records[0].best_layer)
    headings = [(m.label, m.label) for m in measures] + [(f"output {m.label}", f"out {m.label}") for m in measures]
    columns = [
        Column("task", left=True),
        Column("base best layer" if "adapted" in states else "best layer", "L"),
        *(Column(name, short, form="steps", parts=states) for name, short in headings),
        Column("layers"),
    ]
    several = len({record.signature.protocol for record in records}) > 1
    rows = []
    for record in records:
        best = record.layer(BEST, "base")
        cells: list[Cell] = [steps(record, m, record.split, layer) for layer in (best, OUTPUT) for m in measures]
        name = f"{record.task} {record.signature.protocol}" if several else record.task
        rows.append((name, best, *cells, _passing(record, tests)))
    title = "control words, base → adapted" if "adapted" in states else "control words"
    return Sheet(tuple(columns), tuple(rows), keys=2, title=title)


def _passing(record: RunRecord, tests: Sequence[Corrected]) -> str:
    own = [t for t in tests if (t.task, t.protocol) == (record.task, record.signature.protocol)]
    if not own:
        return "–"
    counts = []
    for p in ("holm", "bh"):
        passed = [test.difference for test in own if getattr(test, p) < ALPHA]
        counts.append(f"{sum(d > 0 for d in passed)}↑ {sum(d < 0 for d in passed)}↓")
    return " / ".join(counts)
