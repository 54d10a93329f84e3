"""The columns of a leaderboard: what each shows and where it comes from. This is the one list of measures by name."""

from typing import NamedTuple

from tli_bench.languages import pivot
from tli_bench.measures.measure import Measure, Place
from tli_bench.measures.registry import get_measure, list_measures
from tli_bench.measures.roles import DESCRIPTIONS, HEADLINE, SUBSET
from tli_bench.records.audit import MEANING

DIGITS = 3
"""Digits after the decimal point, the same in every column: boards are for comparing."""
OVER_BASE, OUTPUT, AUDIT = f"{HEADLINE}_change", f"output_{HEADLINE}", "audit"
"""Columns of the headline: its change against the base, its value at the output layer, and of the audit words."""
FLAG = "†"
"""Stands behind the audit value of a row whose control words score better by more than chance."""


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
_COMPANIONS = (
    _Shown("auc_centred", "Share of wrong words farther than the translation, by the same vectors.", low=False),
    _Shown(
        "p1", "Share of control words whose translation is the nearest of all by raw cosine, both ways: what a search finds.",
        low=False,
    ),
    _Shown("mexa"),
    _Shown("language_offset", printed=False),
    _Shown(SUBSET, "The score over the pairs that spelling cannot have aligned (edit similarity below 0.5)."),
    _Shown("csls_p1", "P@1 by CSLS, which corrects for hubs.", printed=False),
)  # fmt: skip
# At the end: raw geometry, which a constant vector changes.
_DESCRIPTIONS = tuple(_Shown(name, printed=False) for name in DESCRIPTIONS)
SPELLING = "spelling"
GAIN, NET_OF_TWIN = "gain", "net_of_twin"
PLACEBO_FLOOR, PLACEBO_QUANTILE = "placebo_floor", "placebo_quantile"
BESIDE = {
    column.id: column
    for column in (
        Column(
            GAIN,
            "Gain",
            "Minus the score without the adapter at the same layer, the one that dev words chose with it: what the verdict is about. "
            "It can be large where that layer had little, and nothing is over the base's own best.",
            signed=True,
            printed=False,
        ),
        Column(
            NET_OF_TWIN, "Net of twin", "Minus the same recipe trained on shuffled pairs, at the same layer: what right pairs gave.",
            signed=True,
        ),
        Column(
            PLACEBO_FLOOR, "Placebo floor", "95 % of adapters of random weights and the same size change the score by less.",
            printed=False,
        ),
        Column(
            PLACEBO_QUANTILE, "Placebo quantile", "Share of adapters of random weights that gain less.", printed=False,
        ),
        Column(SPELLING, "Spelling", "What spelling alone scores, without any model: the better of edit similarity and letter groups."),
    )
}  # fmt: skip
"""Columns that come from what records keep next to the scores, by id."""
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
    about = (
        f"{measure.definition.rstrip('.')}; of words never trained on, at the layer chosen on the dev words (the last one, where a list "
        "has none). Ranks are by it."
    )
    return Column(HEADLINE, control_label(measure), about, low=False)


def in_words(label: str) -> str:
    """A label or definition inside a sentence: `language offset`, but `P@1`."""
    return label[:1].lower() + label[1:] if label[1:2].islower() else label


def control_label(measure: Measure) -> str:
    """What a board calls a measure of the control words: the headline says that it is of them."""
    return f"Control {measure.label}" if measure.name == HEADLINE else measure.label


def board_measures() -> list[str]:
    """Measures with a column of their own, in order; the headline comes before them all, descriptions after all others."""
    default = [item.measure for item in (*_COMPANIONS, *_DESCRIPTIONS)]
    others = [m.name for m in list_measures(Place.BOARD) if m.name not in default and m.name != HEADLINE]
    return [*(item.measure for item in _COMPANIONS), *others, *(item.measure for item in _DESCRIPTIONS)]


def compared_measures() -> list[Measure]:
    """Measures that boards compare word by word and draw by layer, the headline first."""
    found = [m for m in list_measures(Place.SUMMARY) if m.has_column]
    return sorted(found, key=lambda m: m.name != HEADLINE)


def columns() -> tuple[Column, ...]:
    """Every column after the score: what to hold against it, then other scores, and descriptions of raw geometry last."""
    score = score_column()
    over_base = (
        f"{score.label} minus that of the base it was trained from, each at its own best layer: the one that the dev words chose. "
        "Not a gain, which is at one and the same layer. Control words were never trained on, whichever pair the training was on."
    )
    companions = [_column(item) for item in _COMPANIONS]
    listed = {item.measure for item in (*_COMPANIONS, *_DESCRIPTIONS)}
    audit = (
        "The score of words that nothing was ever chosen on, not even by whoever handed in the row; scored once, at the same layer. "
        f"{FLAG} {MEANING}"
    )
    return (
        Column(AUDIT, "Audit", audit, low=False),
        Column(OVER_BASE, "Over base", over_base, signed=True, low=False),
        *(BESIDE[name] for name in (GAIN, NET_OF_TWIN, PLACEBO_FLOOR, PLACEBO_QUANTILE)),
        *companions,
        BESIDE[SPELLING],
        Column(OUTPUT, f"Output {get_measure(HEADLINE).label}", f"{score.label} at the output layer.", printed=False),
        *(_column(_Shown(name)) for name in board_measures() if name not in listed),
        *(downstream.column for downstream in DOWNSTREAM),
        *(_column(item) for item in _DESCRIPTIONS),
    )


def _column(item: _Shown) -> Column:
    measure = get_measure(item.measure)
    label = measure.label[:1].upper() + measure.label[1:]
    return Column(item.measure, label, item.about or measure.definition, low=item.low, printed=item.printed)


def shown(column: Column, value: float | None) -> str:
    """The value as every format prints it; a dash where there is none."""
    if value is None:
        return "–"
    text = f"{value:{'+' if column.signed else ''}z.{DIGITS}f}"
    return text[0].replace("-", "−") + text[1:]
