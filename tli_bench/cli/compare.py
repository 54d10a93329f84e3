"""`tli-bench compare`: two or more models, adapters or runs, tested on the same words."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tli_bench.base.errors import InputError

if TYPE_CHECKING:
    from tli_bench.records.compare import CompareResult, PairComparison

FORMATS = ("table", "markdown", "json")
_HEADER = ("against", "task", "layers", "n", "A", "B", "B - A [95 % CI]", "p", "p adjusted", "d_z")


def compare(
    sides: Annotated[
        list[str],
        typer.Argument(
            help="A B [...]: folders, records, submissions, or names of models and adapters; @base or @adapted picks a state."
        ),
    ],
    results: Annotated[Path, typer.Option(help="Where names are looked up.")] = Path("runs"),
    quantity: Annotated[str, typer.Option(help="gap, p1, cosine or mismatched.")] = "gap",
    layer: Annotated[
        str, typer.Option(help="best (each side's own, chosen on dev), output, or a layer's name.")
    ] = "best",
    split: Annotated[str, typer.Option(help="control, dev or train.")] = "control",
    correction: Annotated[str, typer.Option(help="holm or bh (Benjamini-Hochberg), over all tests shown.")] = "holm",
    seed: Annotated[int, typer.Option(help="Seed of bootstrap and permutation.")] = 0,
    form: Annotated[str, typer.Option("--format", help=f"One of: {', '.join(FORMATS)}.")] = "table",
) -> None:
    """Compare every later side with the first, pair by pair, on the same words; refuse what is not comparable."""
    from tli_bench.base.wording import visible
    from tli_bench.lexicon.pairs import Split
    from tli_bench.records.compare import compare as compare_sides
    from tli_bench.records.compare import load_side

    if form not in FORMATS:
        raise InputError(f"unknown format {form!r}; choose one of {', '.join(FORMATS)}")
    if correction not in ("holm", "bh"):
        raise InputError(f"unknown correction {correction!r}; choose holm or bh")
    if split not in {s.value for s in Split}:
        raise InputError(f"unknown split {split!r}; choose one of {', '.join(s.value for s in Split)}")
    found = compare_sides(
        [load_side(side, results=results) for side in sides],
        quantity=quantity,
        layer=layer,
        split=Split(split),
        correction="holm" if correction == "holm" else "bh",
        seed=seed,
    )
    if form == "json":
        typer.echo(json.dumps(asdict(found), ensure_ascii=False, indent=1, allow_nan=False))
    elif form == "markdown":
        typer.echo(_markdown(found))
    else:
        _print(found)
    for reason in found.refused:
        typer.echo(f"refused: {visible(reason, limit=400)}", err=True)


def _cells(row: "PairComparison") -> list[str]:
    layers = row.layer_a if row.layer_a == row.layer_b else f"{row.layer_a} / {row.layer_b}"
    return [
        row.b,
        row.task,
        layers,
        str(row.n),
        f"{row.value_a:.3f}",
        f"{row.value_b:.3f}",
        f"{row.difference:+.3f} [{row.ci[0]:+.3f}, {row.ci[1]:+.3f}]",
        _p(row.p),
        _p(row.p_adjusted),
        "–" if row.d_z is None else f"{row.d_z:+.2f}",
    ]


def _p(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.1e}" if value < 1e-3 else f"{value:.3f}"


def _caption(found: "CompareResult") -> str:
    first = found.rows[0]
    name = {"holm": "Holm", "bh": "Benjamini-Hochberg"}[found.correction]
    return (
        f"{first.quantity} on {first.split.value} words, A = {first.a}; p corrected by {name} over {found.tests} tests"
    )


def _markdown(found: "CompareResult") -> str:
    from tli_bench.base.wording import visible

    def line(cells: list[str]) -> str:
        return (
            "| "
            + " | ".join(visible(c).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;") for c in cells)
            + " |"
        )

    rule = "|---|---|---|" + "---:|" * (len(_HEADER) - 3)
    return "\n".join([_caption(found), "", line(list(_HEADER)), rule, *(line(_cells(row)) for row in found.rows)])


def _print(found: "CompareResult") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from tli_bench.base.wording import visible

    table: Any = Table(title=Text(visible(_caption(found), limit=200)), box=None, padding=(0, 1), title_justify="left")
    for i, name in enumerate(_HEADER):
        table.add_column(name, justify="left" if i < 3 else "right", overflow="fold")
    for row in found.rows:
        table.add_row(*(Text(visible(cell)) for cell in _cells(row)))
    Console().print(table)
