"""`tli-bench explain`: alignment over the pairs of a run against language distance, and against downstream scores."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tli_bench.base.errors import InputError
from tli_bench.measures.roles import HEADLINE

if TYPE_CHECKING:
    from rich.table import Table

    from tli_bench.evaluate.explain import Explanation


def explain(
    folder: Annotated[Path, typer.Argument(help="Folder that `tli-bench run --output` wrote to.")],
    uriel: Annotated[
        Path | None,
        typer.Option(help="CSV with columns lang1, lang2 and distances, such as an extract of URIEL (lang2vec)."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Also write everything to this JSON file.")
    ] = None,
    measure: Annotated[
        str,
        typer.Option(
            help="Alignment measure whose change is compared with downstream changes: p1_of_50, auc_centred, p1, ..."
        ),
    ] = HEADLINE,
    layer: Annotated[
        list[str] | None,
        typer.Option(
            help="Layers to compare downstream changes at: best (chosen on dev), output, a name, all. Default: best,output."
        ),
    ] = None,
    at: Annotated[
        str,
        typer.Option(
            help="The one layer at which all pairs are related to distance: dev (chosen by the dev words for the mean of the "
            "pairs of the base), output, or a name."
        ),
    ] = "dev",
    metric: Annotated[
        list[str] | None,
        typer.Option(help="Downstream metrics to test, e.g. p1,f1. Default: all; fewer metrics, fewer tests."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of bootstrap and permutations.")] = 0,
) -> None:
    """Relate alignment of the control words to language distance, and its gain by an adapter to downstream gains.

    Spearman's rank correlation with its 95 % interval and n, base and gain at one layer for all pairs (--at), corrected by
    Holm over all relations tested; and how much of the spread is of pairs, of layers and, of several trainings, of seeds.
    Lexical distance is LDND over the run's own word pairs; words of two scripts are romanised first. Downstream records are
    those in the folder, of the same model and adapter.
    It says nothing about causes, and with fewer than 10 pairs it says nothing at all.
    """
    from dataclasses import asdict

    from rich.console import Console
    from rich.text import Text

    from tli_bench.config.options import several
    from tli_bench.evaluate.explain import explain as relate
    from tli_bench.evaluate.explain import over_seeds, read_distances
    from tli_bench.evaluate.join import join
    from tli_bench.records import RecordStore, write_json
    from tli_bench.records.downstream import iter_downstream
    from tli_bench.records.scores import BEST, OUTPUT
    from tli_bench.report.terminal.joined import print_join
    from tli_bench.report.terminal.tables import show_table

    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; give the one that `tli-bench run --output` wrote to")
    found = relate(RecordStore(folder), supplied=read_distances(uriel) if uriel else None, layer=at, seed=seed)
    joined = join(
        RecordStore(folder),
        iter_downstream(folder),
        measure=measure,
        layers=several(layer) or (BEST, OUTPUT),
        metrics=several(metric) or (),
        seed=seed,
    )
    console = Console()
    for part in found:
        console.print(Text(f"\n{part.title}", "bold"), soft_wrap=True)
        show_table(console, _pairs(part))
        for facts in part.pairs:
            for note in facts.notes:
                console.print(Text(f"  {facts.pair}: {note}", "yellow"), soft_wrap=True)
        show_table(console, _relations(part))
        console.print(Text(f"  {part.conclusion}", "bold"), soft_wrap=True)
        for effects in part.effects:
            console.print(Text(f"  {effects}", "dim"), soft_wrap=True)
    for title, effects in over_seeds(RecordStore(folder)):
        console.print(Text(f"\n{title}: {effects}", "dim"), soft_wrap=True)
    print_join(console, joined)
    if output is not None:
        write_json(output, {"distance": [asdict(part) for part in found], "downstream": asdict(joined)})


def _pairs(part: "Explanation") -> "Table":
    from rich.table import Table

    table = Table(box=None, header_style="dim", padding=(0, 1))
    table.add_column("pair", no_wrap=True)
    outcomes, distances = list(part.pairs[0].outcomes), list(part.pairs[0].distances)
    for name in (*outcomes, *distances):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("related by", no_wrap=True)
    for facts in part.pairs:
        numbers = [facts.outcomes.get(name) for name in outcomes] + [facts.distances.get(name) for name in distances]
        same = [
            name
            for name, holds in (
                ("family", facts.same_family),
                ("branch", facts.same_branch),
                ("script", facts.same_script),
            )
            if holds
        ]
        how = ", ".join(same) or "nothing"
        table.add_row(facts.pair, *map(_number, numbers), how + (" (romanised)" if facts.romanised else ""))
    return table


def _relations(part: "Explanation") -> "Table":
    from rich.table import Table

    table = Table(box=None, header_style="dim", padding=(0, 1))
    for name in ("outcome", "distance"):
        table.add_column(name, no_wrap=True)
    for name in ("n", "Spearman", "95 % CI", "p", "Holm"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for relation in part.relations:
        result = relation.result
        interval = f"[{result.ci.low:+.2f}, {result.ci.high:+.2f}]" if result and result.ci else "–"
        rho = "–" if result is None else f"{result.rho:+.2f}"
        p = "–" if result is None else f"{result.p:.3g}"
        corrected = "–" if relation.holm is None else f"{relation.holm:.3g}"
        table.add_row(relation.outcome, relation.distance, str(relation.n), rho, interval, p, corrected, relation.note)
    return table


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
