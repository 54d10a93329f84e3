"""What is printed fits every terminal without breaking a number, and leaves a pipe as tab-separated values or as wide as it is."""

import csv
import io
import re

import pytest
from rich.console import Console
from rich.text import Text

from tests.support import downstream_record, make_signature, scored_record
from tli_bench.base.terms import TERMS
from tli_bench.cli.ls import LISTS
from tli_bench.cli.showing import show
from tli_bench.evaluate.explain import explain
from tli_bench.evaluate.join import join
from tli_bench.languages import DEFAULT_PAIRS
from tli_bench.lexicon.pairs import Split
from tli_bench.models.identity import AdapterRef
from tli_bench.records.compare import compare, side_of
from tli_bench.records.comparison import comparison
from tli_bench.records.schema import Contrast, Controls, Power
from tli_bench.records.trained import trained_here
from tli_bench.report.terminal.comparison import comparison_parts
from tli_bench.report.terminal.downstream import downstream_parts
from tli_bench.report.terminal.explained import explanation_parts
from tli_bench.report.terminal.joined import join_parts
from tli_bench.report.terminal.layout import lay_out
from tli_bench.report.terminal.parts import Column, Sheet, Sketch
from tli_bench.report.terminal.plain import tab_separated
from tli_bench.report.terminal.summary import closing, summary_parts
from tli_bench.report.terminal.tasks import task_parts
from tli_bench.report.terminal.unit import unit_parts
from tli_bench.report.terminal.verdicts import verdict_line
from tli_bench.report.terminal.wrap import wrapped
from tli_bench.report.view_record import packed
from tli_bench.report.view_words import WordLists
from tli_bench.stats.verdict import Verdict, VerdictKind

WIDTHS = (80, 100, 120, 200)
LONG = "an-organisation-with-a-long-name/and-a-model-whose-name-is-longer-than-any-column-of-a-table-can-be"
ADAPTER = AdapterRef(name=LONG.rpartition("/")[2], sha256="a" * 64, trained_on=DEFAULT_PAIRS[0])
LAYERS, COUNTS = ("0", "31p", "32"), {"train": 60, "dev": 60, "control": 60}
LOW, HIGH = (0.1, 0.2, 0.3) * 20, (0.5, 0.7, 0.6) * 20
NUMBER = re.compile(r"[+-]?\d+\.\d+(?:e[+-]\d+)?")
INTERVAL = re.compile(r"\[[+-]?\d\.\d+, [+-]?\d\.\d+\]")


def unit(pair, gain=0.0):
    """A record with verdicts, comparisons and controls, at layers with long names."""
    record = scored_record(
        model=LONG, pair=pair, adapter=ADAPTER, scores=[x + gain for x in HIGH], base_scores=LOW, layers=LAYERS
    )
    told = (
        f"generalises: P@1 of 50 of unseen words +0.394 [+0.350, +0.438] on {pair}, net of its twin on shuffled pairs "
        "+0.276 [+0.238, +0.314]"
    )
    change = comparison(
        Split.CONTROL,
        "32",
        "p1_of_50",
        *(record.pseudo_column("p1_of_50", Split.CONTROL, s) for s in ("base", "adapted")),
    )
    contrast = Contrast(
        layer="32", quantity="P@1 of 50 change", n_train=9, n_control=60, train=0.5, train_ci=(0.4, 0.6), control=0.4,
        control_ci=(0.3, 0.5), difference=0.1, ci=(0.05, 0.15),
    )  # fmt: skip
    power = Power(split=Split.CONTROL, layer="32", quantity="P@1 of 50 change", n=60, sd=0.1, detectable=0.037)
    words = record.words | {Split.TRAIN: record.words[Split.DEV]}
    curves = record.curves | {Split.TRAIN: record.curves[Split.DEV]}
    columns = record.columns | {Split.TRAIN: record.columns[Split.DEV]}
    signature = record.signature.model_copy(update={"n": COUNTS})
    return record.model_copy(
        update={
            "verdicts": {"32": Verdict(kind=VerdictKind.GENERALISES, text=told)},
            "comparisons": [change],
            "controls": Controls(contrasts=[contrast], power=[power], own_sink=0.01),
            "words": words,
            "curves": curves,
            "columns": columns,
            "signature": signature,
            "unscored": [f"why {LONG} has none: 0.12345 [0.10000, 0.20000]"],
        }
    )


@pytest.fixture(scope="module")
def parts():
    """Everything that has tables, by verb, as functions that make their parts anew."""
    records = [unit(pair, 0.01 * (i % 7)) for i, pair in enumerate(DEFAULT_PAIRS)]
    others = [scored_record(model="other", pair=pair, scores=LOW, layers=LAYERS, n=COUNTS) for pair in DEFAULT_PAIRS]
    downstream = [
        downstream_record(
            task=f"tli_bitext_{pair}", model=LONG, revision=records[0].signature.revision, adapter=ADAPTER,
            scores={"base": {"f1": 0.3}, "adapted": {"f1": 0.3 + 0.01 * i}},
        )
        for i, pair in enumerate(DEFAULT_PAIRS)
    ]  # fmt: skip
    results = {
        "results": {
            f"tli_xquad_{LONG}": {"f1,none": 0.123, "f1_base,none": 0.101, "exact_match,none": 0.25, "empty,none": 0.5}
        },
        "configs": {f"tli_xquad_{LONG}": {"metadata": {"title": "question answering"}}},
    }
    compared = [compare([side_of("me", others), side_of(LONG, records)], quantity=q) for q in ("p1_of_50", "mexa")]
    return {
        "unit": lambda: [part for record in records[:3] for part in unit_parts(record)],
        "summary": lambda: [*summary_parts(records), *closing(records)],
        "compare": lambda: [part for found in compared for part in comparison_parts(found)],
        "explain": lambda: [part for found in explain([*records, *others]) for part in explanation_parts(found)],
        "join": lambda: list(join_parts(join(records, downstream))),
        "tasks": lambda: list(task_parts(results, without=set())),
        "downstream": lambda: list(downstream_parts(downstream[0])),
        "ls": lambda: [Text(line) for lines in LISTS.values() for line in lines()],
    }


VERBS = ("unit", "summary", "compare", "explain", "join", "tasks", "downstream", "ls")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("verb", VERBS)
def test_no_line_is_wider_than_the_terminal_and_no_number_is_broken(parts, verb, width):
    piped = [text.plain for text in lay_out(parts[verb](), None)]
    fitted = [text.plain for text in lay_out(parts[verb](), width)]
    assert max(Text(line).cell_len for line in fitted) <= width
    # Every number and interval of the full width is there, whole: what a terminal breaks would be missing.
    for pattern in (NUMBER, INTERVAL):
        whole = {found for line in piped for found in pattern.findall(line)}
        assert whole <= {found for line in fitted for found in pattern.findall(line)}
        assert whole or pattern is INTERVAL
    # A name that is too long for a sentence is cut there, whatever the width; a terminal cuts nothing.
    assert ("…" in "".join(fitted)) == ("…" in "".join(piped))


@pytest.mark.parametrize("verb", VERBS)
def test_a_pipe_gets_every_row_on_one_line_without_colour(parts, verb, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    out = io.StringIO()
    show(Console(file=out), parts[verb]())
    printed = out.getvalue()
    assert "\x1b" not in printed
    assert [line.rstrip() for line in printed.splitlines()] == [
        text.plain.rstrip() for text in lay_out(parts[verb](), None)
    ]


@pytest.mark.parametrize("verb", VERBS)
def test_plain_is_tab_separated_with_a_heading_and_no_drawing(parts, verb):
    out = io.StringIO()
    show(Console(file=out, force_terminal=True, width=40), parts[verb](), plain=True)
    lines = out.getvalue().splitlines()
    assert lines == list(tab_separated(parts[verb]()))
    sheets = [part for part in parts[verb]() if isinstance(part, Sheet)]
    tables = [line for line in lines if not line.startswith("#")]
    assert len(tables) == sum(1 + len(sheet.rows) for sheet in sheets)
    rows = list(csv.reader(tables, delimiter="\t", quoting=csv.QUOTE_NONE))
    for sheet in sheets:
        (head, *body), rows = rows[: 1 + len(sheet.rows)], rows[1 + len(sheet.rows) :]
        assert len(head) == len(set(head))
        assert {len(row) for row in body} == {len(head)}
    for mark in "▁▂▃▄▅▆▇█─│→\x1b":
        assert mark not in "".join(tables)
    assert "▅" not in "".join(lines)


def test_a_missing_value_is_empty_and_a_tab_in_a_name_is_no_column():
    sheet = Sheet(
        columns=(Column("who", left=True), Column("change [95 % CI]", form="interval", parts=("", "low", "high"))),
        rows=(("a\tb\nc", "–"), ("d", ("+0.1", "", ""))),
        about=(("task", "t"),),
    )
    assert list(tab_separated([sheet, Sketch(Text("▁▂")), Text("said\nso")])) == [
        "task\twho\tchange\tchange low\tchange high", "t\ta b c\t\t\t", "t\td\t+0.1\t\t", "# said", "# so",
    ]  # fmt: skip


def test_a_sheet_gives_up_its_spaces_then_its_width_then_its_columns():
    columns = (Column("name", left=True), Column("score", form="steps"), Column("change", form="interval"))
    sheet = Sheet(columns, (("one", ("0.1", "0.2"), ("+0.1", "+0.0", "+0.2")),))
    assert [text.plain for text in lay_out([sheet], 40)] == [
        " name      score             change",
        " one   0.1 → 0.2  +0.1 [+0.0, +0.2]",
    ]
    assert [text.plain for text in lay_out([sheet], 32)] == [
        " name   score            change",
        " one  0.1→0.2 +0.1 [+0.0, +0.2]",
    ]
    assert [text.plain for text in lay_out([sheet], 26)] == [
        " name   score", " one  0.1→0.2", " name            change", " one  +0.1 [+0.0, +0.2]",
    ]  # fmt: skip
    assert [text.plain for text in lay_out([sheet], 22)] == [
        " one", "   score 0.1 → 0.2;", "       change +0.1", "       [+0.0, +0.2]",
    ]  # fmt: skip


@pytest.mark.parametrize("width", [12, 20, 33, 80])
def test_lines_are_broken_between_words_with_their_styles(width):
    line = Text.assemble(
        "  ", ("verdict", "bold"), " of ", ("0.394 [+0.350, +0.438]", "red"), " and 0.28 → 0.54; ", "x" * 50
    )
    found = list(wrapped(line, width))
    assert all(part.cell_len <= width for part in found)
    assert "".join("".join(part.plain for part in found).split()) == "".join(line.plain.split())
    if width >= 33:
        assert any("[+0.350, +0.438]" in part.plain for part in found)
        assert any("0.28 → 0.54;" in part.plain for part in found)
    bold = [part.plain[span.start : span.end] for part in found for span in part.spans if span.style == "bold"]
    assert "".join(bold) == "verdict"


def text_of(parts):
    return "\n".join(text.plain for text in lay_out(parts, None))


def test_the_verdict_comes_first_and_its_kind_is_coloured_and_written():
    record = unit(DEFAULT_PAIRS[0])
    blank, title, verdict, *_ = lay_out(unit_parts(record), None)
    assert (blank.plain, title.plain.split()[0]) == ("", record.task)
    assert verdict.plain.startswith("  layer 32 (chosen on dev, output): generalises: P@1 of 50 of unseen words")
    styles = {}
    for kind in VerdictKind:
        (span,) = verdict_line("", Verdict(kind=kind, text=f"{kind}: why")).spans[:1]
        styles[kind] = span.style
    assert {styles[VerdictKind.GENERALISES], styles[VerdictKind.ALIGNED]} == {"bold green"}
    assert {styles[VerdictKind.DAMAGE], styles[VerdictKind.NOT_ALIGNED]} == {"bold red"}
    assert styles[VerdictKind.UNCLEAR] == styles[VerdictKind.SPREADING] == "bold yellow"


def test_a_run_closes_with_one_sentence_that_one_pair_does_not_need():
    records = [unit(pair) for pair in DEFAULT_PAIRS[:3]]
    (said,) = closing(records)
    assert said.plain.startswith(
        f"{ADAPTER.name[:59]}… is better over 3 pairs (60 control concepts, words.v1, each pair at the layer"
    )
    assert "P@1 of 50 of unseen words +0.400 [" in said.plain
    assert "pair by pair: generalises in 3; most on " in said.plain
    assert list(closing(records[:1])) == []
    assert list(summary_parts(records[:1])) == []
    # What the sentence says is not said a second time above it.
    assert "over 3 pairs" not in text_of(summary_parts(records))
    alone = [
        scored_record(pair=pair, scores=high, model="m")
        for pair, high in zip(DEFAULT_PAIRS[:3], (LOW, HIGH, HIGH), strict=True)
    ]
    (said,) = closing(alone)
    assert said.plain.startswith("m is aligned over 3 pairs")
    assert "most on tur-eng (0.600), least on swh-eng (0.200)" in said.plain


def test_without_dev_words_no_layer_is_said_to_be_chosen():
    """A list of train and test words alone: the last layer is shown, and nothing says that it is the best one."""
    whole, other = unit(DEFAULT_PAIRS[0]), unit(DEFAULT_PAIRS[1])
    record, another = (
        one.model_copy(update={"curves": {s: c for s, c in one.curves.items() if s is not Split.DEV}})
        for one in (whole, other)
    )
    closings = [next(closing(records)).plain for records in ((whole, other), (record, another), (whole, another))]
    assert ", each pair at the layer that dev chose for it): " in closings[0]
    assert ", each pair at its last layer): " in closings[1]
    assert ", each pair at the layer that dev chose for it, or its last where dev chose none): " in closings[2]
    assert "chosen on dev" in text_of(unit_parts(whole))
    told = text_of(unit_parts(record))
    assert "layers 0..32; no dev words chose one, so layer 32 (output) is shown" in told
    assert re.search(r"^ 32 \(output\) +control ", told, re.MULTILINE)
    assert "chosen on dev" not in told
    assert "best" not in told
    lists = WordLists()
    assert packed(whole, lists)["chosen"] == {"base": "32", "adapted": "32"}
    assert packed(record, lists)["chosen"] == {}


def test_another_pairs_adapter_has_no_trained_words_here():
    here, elsewhere = (unit(pair) for pair in DEFAULT_PAIRS[:2])
    assert (trained_here(here.signature), trained_here(elsewhere.signature)) == (True, False)
    told, other = text_of(unit_parts(here)), text_of(unit_parts(elsewhere))
    assert "60 trained, 60 dev, 60 control" in told
    assert "trained minus control +0.100 [+0.050, +0.150]; 60 pairs can show a change of 0.037" in told
    assert re.search(r"^ 32 \(best, output\) +trained ", told, re.MULTILINE)
    assert "trained" not in other
    assert "60 train split, 60 dev, 60 control" in other
    assert "layer 32: 60 pairs can show a change of 0.037" in other
    assert not trained_here(make_signature())
    reversed_pair = "-".join(reversed(DEFAULT_PAIRS[0].split("-")))
    assert trained_here(make_signature(pair=reversed_pair, adapter=ADAPTER))


def test_every_sheet_with_raw_cosine_holds_the_headline(parts):
    for verb in VERBS:
        for sheet in (part for part in parts[verb]() if isinstance(part, Sheet)):
            names = {column.name for column in sheet.columns}
            if names & {"cosine", "mismatched", "gap"}:
                assert {"P@1 of 50", "P@1 of 20"} & names, (verb, names)


def test_the_words_are_defined_once():
    assert list(TERMS) == ["trained", "control", "gain", "best layer", "verdict"]
    assert all(not text.endswith(".") and text[0].islower() for text in TERMS.values())
