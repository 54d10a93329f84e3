"""`tli-bench compare`: two or more models, adapters or runs, tested on the same words."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tli_bench.base.errors import InputError
from tli_bench.cli.showing import Plain, show
from tli_bench.measures.roles import HEADLINE

FORMATS = ("table", "markdown", "json")


def compare(
    sides: Annotated[
        list[str],
        typer.Argument(
            help="A B [...]: folders, records, submissions, or names of models and adapters; @base or @adapted picks a state. "
            "Without it the adapted one where there is one; a model's name means the model without an adapter."
        ),
    ],
    results: Annotated[Path, typer.Option(help="Where names are looked up.")] = Path("runs"),
    quantity: Annotated[
        str, typer.Option(help="A measure that is tested: p1_of_50, auc_centred, p1, mexa, ...")
    ] = HEADLINE,
    layer: Annotated[
        str, typer.Option(help="best (each side's own, chosen on dev), output, or a layer's name.")
    ] = "best",
    split: Annotated[str, typer.Option(help="control, dev or train.")] = "control",
    correction: Annotated[str, typer.Option(help="holm or bh (Benjamini-Hochberg), over all tests shown.")] = "holm",
    form: Annotated[str, typer.Option("--format", help=f"One of: {', '.join(FORMATS)}.")] = "table",
    plain: Plain = False,
) -> None:
    """Compare every later side with the first, pair by pair, on the same words; refuse what is not comparable.

    First the conclusion, of P@1 of 50 alone: which side is ahead (corrected p below 5 %), a tie (the whole interval within
    0.05), or not enough words, and then which difference they could show. Intervals and tests are Student's t over concepts,
    next to a permutation test of 10,000 random signs (seed 0). Another --quantity is shown below the headline and concludes
    nothing; raw cosine, mismatched and gap are not compared at all. Where several pairs are compared, a last line gives the mean
    over them, with a concept counted once however many pairs it is in.
    """
    from rich.console import Console

    from tli_bench.base.wording import visible
    from tli_bench.lexicon.pairs import SHOWN, Split
    from tli_bench.records.compare import compare as compare_sides
    from tli_bench.records.compare import load_side
    from tli_bench.report.terminal.comparison import comparison_markdown, comparison_parts

    if plain and form != "table":
        raise InputError(f"--plain is tab-separated values, --format {form} is not; leave one of them out")
    if form not in FORMATS:
        raise InputError(f"unknown format {form!r}; choose one of {', '.join(FORMATS)}")
    if correction not in ("holm", "bh"):
        raise InputError(f"unknown correction {correction!r}; choose holm or bh")
    if split not in SHOWN:
        raise InputError(f"unknown split {split!r}; choose one of {', '.join(SHOWN)}")
    found = compare_sides(
        [load_side(side, results=results) for side in sides],
        quantity=quantity,
        layer=layer,
        split=Split(split),
        correction="holm" if correction == "holm" else "bh",
    )
    if form == "json":
        typer.echo(json.dumps(asdict(found), ensure_ascii=False, indent=1, allow_nan=False))
    elif form == "markdown":
        typer.echo(comparison_markdown(found))
    else:
        show(Console(), comparison_parts(found), plain=plain)
    for reason in found.refused:
        typer.echo(f"refused: {visible(reason, limit=400)}", err=True)
