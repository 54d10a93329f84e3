"""The transfer matrix as a table for docs, from the committed file that --pack wrote."""

import json
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from tli_bench.report.scopes import short_pair
from tools.transfer.matrix import ALL

PACKED = Path(__file__).resolve().parent.parent.parent / "leaderboards" / "transfer"


def gain_table(model: str) -> str:
    """What each training of a model gave every pair."""
    return matrix_table(_told(model), "gain")


def net_table(model: str) -> str:
    """The same, net of the twin on shuffled pairs, of the trainings that have one."""
    return matrix_table(_told(model), "net")


def together_table(model: str, alone: str) -> str:
    """One training on several pairs together next to the one on the pair `alone`: what each gave every pair, and net of the twin."""
    told, single = _told(f"{model}-together"), _told(model)["cells"]["chosen"][alone]
    ((trained, row),) = told["cells"]["chosen"].items()
    columns = {
        f"{short_pair(alone)} alone": {scored: cell["gain"] for scored, cell in single.items()},
        f"{trained.count(',') + 1} pairs together": {scored: cell["gain"] for scored, cell in row.items()},
        "net of its twin": {scored: cell["net"] for scored, cell in row.items() if "net" in cell},
    }
    return _table(told, columns, lambda scored: [_cell(cells.get(scored)) for cells in columns.values()])


def maps_table(model: str) -> str:
    """What linear maps of its own train words give each pair, next to what the training on it gives."""
    told, trained = _told(f"{model}-maps")["pairs"], _told(model)["cells"]["chosen"]
    names = [name for name in next(iter(told.values())) if name != "base"]
    lines = [f"| scored on | base | {' | '.join(names)} | adapter |", f"|---|---:|{'---:|' * (len(names) + 1)}"]
    for pair, row in told.items():
        cells = [*(row[name]["gain"] for name in names), trained[pair][pair]["gain"]]
        lines.append(f"| {short_pair(pair)} | {row['base']['control']:.3f} | {' | '.join(map(_cell, cells))} |")
    return "\n".join(lines)


def own_table(model: str) -> str:
    """What its own training gave each trained pair, next to what the trainings on other pairs gave it, in the mean."""
    told = _told(model)
    own, others = own_and_others(told)
    lines = ["| scored on | trained on itself | trained on another | share of the other |", "|---|---:|---:|---:|"]
    for pair in own:
        lines.append(
            f"| {short_pair(pair)} | {own[pair]:+.3f} | {others[pair]:+.3f} | {others[pair] / own[pair]:.2f} |"
        )
    mine, theirs = fmean(own.values()), fmean(others.values())
    lines.append(f"| **mean** | {mine:+.3f} | {theirs:+.3f} | {theirs / mine:.2f} |")
    return "\n".join(lines)


def own_and_others(told: dict[str, Any]) -> tuple[dict[str, float], dict[str, float]]:
    """By trained pair: the gain of its own training, and the mean gain of all other trainings."""
    cells = told["cells"]["chosen"]
    own = {pair: float(cells[pair][pair]["gain"][0]) for pair in told["base"]["chosen"] if pair in cells}
    others = {pair: fmean(row[pair]["gain"][0] for name, row in cells.items() if name != pair) for pair in own}
    return own, others


def recipes_table(model: str, pair: str) -> str:
    """Recipes side by side: what each gave the words of `pair` that none of them saw, and those of all pairs in the mean."""
    told = _told(f"{model}-recipes")
    heads = [
        "recipe",
        "loss at",
        "learning rate",
        f"{short_pair(pair)}, {told['words'][pair]} words",
        "at the output",
        "mean of all pairs",
    ]
    lines = [f"| {' | '.join(heads)} |", "|---|---|---:|---:|---:|---:|"]
    for name, arm in told["arms"].items():
        recipe, (row,) = arm["recipe"], arm["cells"]["chosen"].values()
        (output,) = arm["cells"]["output"].values()
        cells = [row[pair]["gain"], output[pair]["gain"], row[ALL]["gain"]]
        layer = ", ".join(map(str, recipe["layer"])) if isinstance(recipe["layer"], list) else recipe["layer"]
        lines.append(f"| {name} | {layer} | {recipe['learning_rate']:g} | {' | '.join(map(_with_ends, cells))} |")
    return "\n".join(lines)


def seeds_table(model: str, pair: str) -> str:
    """Trainings of several seeds on one pair: the mean change of every pair, how far seeds are apart, and net of their twins."""
    told = _told(f"{model}-seeds")
    cells = told["cells"]["chosen"][pair]

    def shown(scored: str) -> list[str]:
        gain, net = cells[scored]["gain"], cells[scored]["net"]
        return [_with_ends(gain), f"{gain[3]:.3f}", _cell(net)]

    return _table(told, ("change", "standard deviation between seeds", "net of twins"), shown)


def _with_ends(cell: list[float]) -> str:
    low, high = cell[1:3]
    return f"{_cell(cell)} [{low:+z.3f}, {high:+z.3f}]".replace("-", "−")


def _told(model: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((PACKED / f"{model}.json").read_text(encoding="utf-8"))
    return told


def matrix_table(told: dict[str, Any], kind: str) -> str:
    """Scored pairs as rows, trained pairs as columns, at the layer that dev words chose; bold where the 95 % interval leaves out zero.

    Next to gains stands the size of change that 95 % of the placebos stay within, where there are some.
    """
    cells = {pair: row for pair, row in told["cells"]["chosen"].items() if any(kind in cell for cell in row.values())}
    rows = list(told["base"]["chosen"])
    cells = {
        pair: cells[pair] for pair in sorted(cells, key=lambda pair: rows.index(pair) if pair in rows else len(rows))
    }
    floors = told["placebos"].get("chosen", {}) if kind == "gain" else {}
    return _table(
        told,
        [*(["placebos"] if floors else []), *map(short_pair, cells)],
        lambda scored: [
            *([f"±{floors[scored]:.3f}"] if floors else []),
            *(_cell(row.get(scored, {}).get(kind), own=pair == scored) for pair, row in cells.items()),
        ],
    )


def _table(told: dict[str, Any], heads: Collection[str], shown: Callable[[str], Sequence[str]]) -> str:
    """A row for each scored pair and one for all, with the base's score before what is shown of it."""
    lines = [f"| scored on | base | {' | '.join(heads)} |", f"|---|---:|{'---:|' * len(heads)}"]
    for scored in (*told["base"]["chosen"], ALL):
        before = told["base"]["chosen"].get(scored)
        name = "**mean of all**" if scored == ALL else short_pair(scored)
        lines.append(f"| {name} | {'' if before is None else f'{before:.3f}'} | {' | '.join(shown(scored))} |")
    return "\n".join(lines)


def _cell(cell: list[float] | None, *, own: bool = False) -> str:
    if cell is None:
        return "–"
    value, low, high, _ = cell
    text = f"{value:+z.3f}".replace("-", "−")
    text = f"**{text}**" if low > 0 or high < 0 else text
    return f"{text} ◂" if own else text
