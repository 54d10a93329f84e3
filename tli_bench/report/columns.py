"""The columns of a leaderboard: what each shows and where it comes from. This is the one list of measures by name."""

from typing import NamedTuple

from tli_bench.languages import pivot
from tli_bench.measures.measure import Measure, Place
from tli_bench.measures.registry import get_measure, list_measures
from tli_bench.measures.roles import HEADLINE

DIGITS = 3
"""Digits after the decimal point, the same in every column: boards are for comparing."""
GAIN, OUTPUT = f"{HEADLINE}_change", f"output_{HEADLINE}"
"""Columns of the headline: its change against the base, and its value at the output layer."""


class Column(NamedTuple):
    """signed: with a plus sign, for changes; about: one sentence for the reader; low: hidden on a phone; printed: in LaTeX."""

    id: str
    label: str
    about: str
    signed: bool = False
    low: bool = True
    printed: bool = True


class Downstream(NamedTuple):
    """A column filled from other tasks' scores: the first of `metrics` that a task has.

    tasks: names, or prefixes of names that end in `_`. every_scope: shown whatever languages a table is about.
    """

    column: Column
    tasks: tuple[str, ...]
    metrics: tuple[str, ...]
    every_scope: bool = False

    def names(self, task: str) -> bool:
        """Whether a task belongs to the column."""
        return any(task.startswith(name) if name.endswith("_") else task == name for name in self.tasks)


class _Shown(NamedTuple):
    """A measure that boards show by default; about: its description on a board; the measure's definition where empty."""

    measure: str
    about: str = ""
    low: bool = True
    printed: bool = True


# After the headline, in this order; measures of other packages follow by themselves.
_DEFAULT = (
    _Shown("p1", "Share of control words whose translation is the nearest of all, both ways.", low=False),
    _Shown("csls_p1", "P@1 by CSLS, which corrects for hubs."),
    _Shown("mexa"),
    _Shown("cosine", printed=False),
    _Shown("mismatched", printed=False),
)
# Those of tli_suite_english.
_ENGLISH = (f"tli_xquad_{pivot().code}", *pivot().stock_tasks)
DOWNSTREAM = (
    Downstream(Column("bli", "BLI", "Word translation by prompt, P@1.", low=False), ("tli_translate_",), ("p1",)),
    Downstream(
        Column("bitext", "Bitext", "Parallel-sentence retrieval, P@1.", low=False), ("tli_bitext_",), ("p1",)
    ),
    Downstream(
        Column("xquad", "XQuAD F1", "Question answering, F1.", low=False), ("tli_xquad_", "xquad_"), ("f1",)
    ),
    Downstream(Column("xlsum", "XL-Sum", "Summarisation, ROUGE-L.", low=False), ("tli_xlsum_",), ("rougeL",)),
    Downstream(
        Column("english", "English", "Mean over the tasks of tli_suite_english: does the adapter damage it?", low=False),
        _ENGLISH,
        ("acc", "f1"),
        every_scope=True,
    ),
)  # fmt: skip


def score_column() -> Column:
    """The column that ranks are by."""
    measure = get_measure(HEADLINE)
    about = f"{measure.definition.rstrip('.')} of words never trained on, at the layer chosen on the dev words; ranks are by it."
    return Column(HEADLINE, control_label(measure), about, low=False)


def in_words(label: str) -> str:
    """A label or definition inside a sentence: `control gap`, but `P@1`."""
    return label[:1].lower() + label[1:] if label[1:2].islower() else label


def control_label(measure: Measure) -> str:
    """What a board calls a measure of the control words: the headline says that it is of them."""
    return f"Control {measure.label}" if measure.name == HEADLINE else measure.label


def board_measures() -> list[str]:
    """Measures with a column of their own, in order; the headline comes before them all."""
    default = [item.measure for item in _DEFAULT]
    others = [m.name for m in list_measures(Place.BOARD) if m.name not in default]
    return [name for name in (*default, *others) if name != HEADLINE]


def compared_measures() -> list[Measure]:
    """Measures that boards compare word by word and draw by layer, the headline first."""
    found = [m for m in list_measures(Place.SUMMARY) if m.has_column]
    return sorted(found, key=lambda m: m.name != HEADLINE)


def columns() -> tuple[Column, ...]:
    """Every column after the score."""
    score, default = score_column(), {item.measure: item for item in _DEFAULT}
    gain = f"{score.label} minus that of the base it was trained from, each at its own chosen layer."
    own = {}
    for name in board_measures():
        measure, item = get_measure(name), default.get(name, _Shown(name))
        label = measure.label[:1].upper() + measure.label[1:]
        own[name] = Column(name, label, item.about or measure.definition, low=item.low, printed=item.printed)
    output = f"Output {get_measure(HEADLINE).label}"
    return (
        Column(GAIN, "Gain", gain, signed=True, low=False),
        *(column for name, column in own.items() if name in default),
        Column(OUTPUT, output, f"{score.label} at the output layer.", printed=False),
        *(column for name, column in own.items() if name not in default),
        *(downstream.column for downstream in DOWNSTREAM),
    )


def shown(column: Column, value: float | None) -> str:
    """The value as every format prints it; a dash where there is none."""
    if value is None:
        return "–"
    text = f"{value:{'+' if column.signed else ''}.{DIGITS}f}"
    return text[0].replace("-", "−") + text[1:]
