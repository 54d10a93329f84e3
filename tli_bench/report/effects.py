"""The main figure of a study: the change of each setting against the base, and net of its twin, with intervals, as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tli_bench.base.errors import ResultError
from tli_bench.base.wording import visible
from tli_bench.report.plots import COLOURS, figure, save


@dataclass(frozen=True, slots=True)
class Shown:
    """One mark. group: whose colour and line it shares; rank: its place on the axis, None where there is none; ends: of its interval."""

    group: str
    label: str
    rank: int | None
    value: float
    ends: tuple[float, float] | None
    net: bool = False


def effects_figure(marks: Sequence[Shown], stem: Path, *, title: str, axis: str) -> Path:
    """Write `stem`.svg: ranks along the axis with level bands for settings that have none; without any rank one row for each setting.

    Net of the twin is hollow and dashed. Raises ResultError without marks.
    """
    if not marks:
        raise ResultError("no setting has a value to draw; run the study to the end")
    groups = {name: i for i, name in enumerate(dict.fromkeys(mark.group for mark in marks))}
    ranked = any(mark.rank is not None for mark in marks)
    with figure(6.2, 3.9 if ranked else 1.4 + 0.42 * len(marks)) as (drawn, axes):
        if ranked:
            _by_rank(axes, marks, groups)
            axes.axhline(0, color="black", lw=0.8)
            axes.set_ylabel(visible(axis))
            drawn.legend(loc="outside lower center", ncols=2)
        else:
            _by_row(axes, marks, groups)
            axes.axvline(0, color="black", lw=0.8)
            axes.set_xlabel(visible(axis))
        axes.set_title(visible(title, limit=200), fontsize=9, parse_math=False)
        (path,) = save(drawn, stem, endings=(".svg",))
        return path


def _by_rank(axes: Any, marks: Sequence[Shown], groups: dict[str, int]) -> None:
    ranks = sorted({mark.rank for mark in marks if mark.rank is not None})
    for (group, net), own in _lines(marks).items():
        place = groups[group]
        style = {"color": COLOURS[place % len(COLOURS)], "ls": "--" if net else "-"}
        label = visible(f"{group}{', net of twin' if net else ''}", limit=60)
        on_axis = [mark for mark in own if mark.rank is not None]
        aside = 1.05 ** (2 * place + net - len(groups) + 0.5)
        if on_axis:
            axes.errorbar(
                [aside * (mark.rank or 1) for mark in on_axis], [mark.value for mark in on_axis], _bars(on_axis), label=label,
                marker="osD^v*X"[place % 7], ms=5, capsize=3, mfc="white" if net else style["color"], **style,
            )  # fmt: skip
        for mark in own:
            if mark.rank is None:
                axes.axhline(mark.value, lw=1.2, label=label, **style)
                axes.axhspan(*(mark.ends or (mark.value,) * 2), color=style["color"], alpha=0.12, lw=0)
    axes.set_xscale("log", base=2)
    axes.set_xticks(ranks, [str(rank) for rank in ranks])
    axes.minorticks_off()
    axes.set_xlabel("LoRA rank, lines moved aside; bands have no rank")


def _by_row(axes: Any, marks: Sequence[Shown], groups: dict[str, int]) -> None:
    for row, mark in enumerate(marks):
        colour = COLOURS[groups[mark.group] % len(COLOURS)]
        axes.errorbar(
            [mark.value], [row], xerr=_bars([mark]), color=colour, marker="o", ms=6, capsize=3, mfc="white" if mark.net else colour,
            ls="--" if mark.net else "-",
        )  # fmt: skip
    labels = [visible(f"{mark.label}{', net of twin' if mark.net else ''}", limit=60) for mark in marks]
    axes.set_yticks(range(len(marks)), labels, parse_math=False)
    axes.set_ylim(len(marks) - 0.5, -0.5)


def _lines(marks: Sequence[Shown]) -> dict[tuple[str, bool], list[Shown]]:
    found: dict[tuple[str, bool], list[Shown]] = {}
    for mark in marks:
        found.setdefault((mark.group, mark.net), []).append(mark)
    return found


def _bars(marks: Sequence[Shown]) -> list[list[float]]:
    ends = [mark.ends or (mark.value, mark.value) for mark in marks]
    return [
        [mark.value - low for mark, (low, _) in zip(marks, ends, strict=True)],
        [high - mark.value for mark, (_, high) in zip(marks, ends, strict=True)],
    ]
