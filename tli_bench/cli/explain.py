"""`tli-bench explain`: alignment over the pairs of a run against language distance, and against downstream scores."""

from pathlib import Path
from typing import Annotated

import typer

from tli_bench.cli.showing import Plain, show
from tli_bench.measures.roles import HEADLINE


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
            help="Layers to compare downstream changes at: dev or a name (one for all pairs, as in --at), best (each pair's own, "
            "chosen on dev), output, all. Default: that of --at, and output."
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
    seed: Annotated[int, typer.Option(help="Seed of bootstrap and permutations.", min=0)] = 0,
    plain: Plain = False,
) -> None:
    """Relate alignment of the control words to language distance, and its gain by an adapter to downstream gains.

    Spearman's rank correlation with its 95 % interval and n, base and gain at one layer for all pairs (--at). The base stands
    once, next to the gain by each of its adapters; all their relations are one family, corrected by Holm. One
    is left, of distance and of downstream scores alike, where its corrected p is below 0.05 and its interval excludes zero. And how
    much of the spread is of pairs, of layers and, of several trainings, of seeds.
    Lexical distance is LDND over the run's own word pairs; words of two scripts are romanised first. Downstream records are
    those in the folder, of the same model and adapter. Where MEXA (`tli_mexa_...`) and Belebele (`belebele_...`) were both run, the two
    are correlated over languages, with and without the adapter.
    It says nothing about causes, and with fewer than 10 pairs it says nothing at all.
    """
    from dataclasses import asdict

    from rich.console import Console

    from tli_bench.config.options import several
    from tli_bench.evaluate.distances import read_distances
    from tli_bench.evaluate.explain import explain as relate
    from tli_bench.evaluate.explain import over_seeds
    from tli_bench.evaluate.join import join
    from tli_bench.evaluate.sentences import mexa_and_belebele
    from tli_bench.records import RecordStore, write_json
    from tli_bench.records.downstream import iter_downstream
    from tli_bench.records.scores import OUTPUT
    from tli_bench.records.sources import require_folder
    from tli_bench.report.terminal.explained import explanation_parts, seeds_parts
    from tli_bench.report.terminal.joined import join_parts
    from tli_bench.report.terminal.sentences import sentence_parts

    require_folder(folder)
    sentences = mexa_and_belebele(iter_downstream(folder), seed=seed)
    supplied = read_distances(uriel) if uriel else None
    sentences_alone = bool(sentences) and next(iter(RecordStore(folder)), None) is None
    found = [] if sentences_alone else relate(RecordStore(folder), supplied=supplied, layer=at, seed=seed)
    joined = join(
        RecordStore(folder),
        iter_downstream(folder),
        measure=measure,
        layers=several(layer) or (at, OUTPUT),
        metrics=several(metric) or (),
        seed=seed,
    )
    show(
        Console(),
        [
            *(part for one in found for part in explanation_parts(one)),
            *seeds_parts(over_seeds(RecordStore(folder))),
            *([] if sentences_alone else join_parts(joined)),
            *sentence_parts(sentences),
        ],
        plain=plain,
    )
    if output is not None:
        told = {"distance": [asdict(part) for part in found], "downstream": asdict(joined)}
        write_json(output, told | {"sentences": [asdict(part) for part in sentences]}, alone=True)
