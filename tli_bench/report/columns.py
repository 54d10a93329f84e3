"""The columns of a leaderboard: what each shows and where it comes from."""

from typing import NamedTuple

from tli_bench.languages import pivot


class Column(NamedTuple):
    """digits: after the point; signed: with a plus sign, for changes; about: one sentence for the reader."""

    id: str
    label: str
    digits: int
    signed: bool
    about: str


class Downstream(NamedTuple):
    """A column filled from other tasks' scores: the first of `metrics` that a task has.

    tasks: names, or beginnings of names that end in `_`. every_scope: whatever languages a table is about.
    """

    column: Column
    tasks: tuple[str, ...]
    metrics: tuple[str, ...]
    every_scope: bool = False

    def names(self, task: str) -> bool:
        """Whether a task belongs to the column."""
        return any(task.startswith(name) if name.endswith("_") else task == name for name in self.tasks)


SCORE = Column(
    "gap",
    "Control gap",
    3,
    False,
    "Matched minus mismatched cosine of words never trained on, at the layer chosen on the dev words; ranks are by it.",
)
ALIGNMENT = (
    Column(
        "gap_change",
        "Gain",
        3,
        True,
        "Control gap minus that of the base it was trained from, each at its own chosen layer.",
    ),
    Column("p1", "P@1", 3, False, "Share of control words whose translation is the nearest of all, both ways."),
    Column("csls_p1", "CSLS P@1", 3, False, "P@1 by CSLS, which corrects for hubs."),
    Column("mexa", "MEXA", 3, False, "Share of pairs closer than every wrong pair in their row and column."),
    Column("cosine", "Cosine", 3, False, "Raw cosine of translations; says little by itself."),
    Column("mismatched", "Mismatched", 3, False, "Cosine of wrong pairs: what raw cosine is worth."),
    Column("output_gap", "Output gap", 3, False, "Control gap at the output layer."),
)
# Those of tli_suite_english.
_ENGLISH = (f"tli_xquad_{pivot().code}", *pivot().stock_tasks)
DOWNSTREAM = (
    Downstream(Column("bli", "BLI", 3, False, "Word translation by prompt, P@1."), ("tli_translate_",), ("p1",)),
    Downstream(Column("bitext", "Bitext", 3, False, "Parallel-sentence retrieval, P@1."), ("tli_bitext_",), ("p1",)),
    Downstream(Column("xquad", "XQuAD F1", 3, False, "Question answering, F1."), ("tli_xquad_", "xquad_"), ("f1",)),
    Downstream(Column("xlsum", "XL-Sum", 3, False, "Summarisation, ROUGE-L."), ("tli_xlsum_",), ("rougeL",)),
    Downstream(
        Column("english", "English", 3, False, "Mean over the tasks of tli_suite_english: does the adapter damage it?"),
        _ENGLISH,
        ("acc", "f1"),
        every_scope=True,
    ),
)
COLUMNS: tuple[Column, ...] = (*ALIGNMENT, *(d.column for d in DOWNSTREAM))


def shown(column: Column, value: float | None) -> str:
    """The value as every format prints it; a dash where there is none."""
    if value is None:
        return "–"
    text = f"{value:{'+' if column.signed else ''}.{column.digits}f}"
    return text[0].replace("-", "−") + text[1:]
