"""How `tli-bench explain` shows sentence alignment next to Belebele."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from tli_bench.base.wording import visible
from tli_bench.evaluate.sentences import Linked
from tli_bench.report.terminal.parts import Column, Part, Sheet

TITLES = {"mexa_mean": "mean over layers", "mexa_max": "maximum over layers"}


def sentence_parts(found: Sequence[Linked]) -> Iterator[Part]:
    """The languages of each model and state with both scores, and their correlation; nothing where there are none."""
    if not found:
        return
    yield Text()
    yield Text("Does sentence alignment (MEXA) go with reading (Belebele)?", "bold")
    for one in found:
        name = visible(one.model, limit=80) + (f" + {visible(one.adapter, limit=60)}" if one.adapter else "")
        title = f"{name}, {visible(one.how, limit=200)}, MEXA's {TITLES[one.summary]}"
        yield Text()
        columns = (Column("language", left=True), Column("MEXA"), Column("Belebele"))
        rows = tuple((visible(p.language, limit=40), f"{p.mexa:.3f}", f"{p.accuracy:.3f}") for p in one.points)
        yield Sheet(columns, rows, title=title, about=(("model", title),))
        if one.result is None or one.pearson is None:
            yield Text(f"  {len(one.points)} languages: {one.note}", "yellow")
            continue
        interval = f" [{one.result.ci.low:+.2f}, {one.result.ci.high:+.2f}]" if one.result.ci else ""
        yield Text(
            f"  {len(one.points)} languages: Pearson {one.pearson:+.2f}; Spearman {one.result.rho:+.2f}{interval}, "
            f"p = {one.result.p:.2g}, not corrected"
        )
    yield Text(
        "Languages differ in script, family and share of the training text: no correlation here says what causes what.",
        "dim",
    )
