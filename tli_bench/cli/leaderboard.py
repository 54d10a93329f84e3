"""`tli-bench leaderboard`: tables and a page from records."""

from pathlib import Path
from typing import Annotated

import typer


def leaderboard(
    results: Annotated[Path, typer.Argument(help="Folder of records, and of lm-eval results_*.json if any.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the tables and the page.")] = Path(
        "leaderboards"
    ),
    sweep: Annotated[
        list[Path] | None,
        typer.Option(
            help="Output folder of `tli-bench sweep`, or its --pack file; may be repeated. Default: sweeps/*.json in --out "
            "or next to RESULTS."
        ),
    ] = None,
    reported: Annotated[
        Path | None,
        typer.Option(
            help="YAML of published figures, shown apart. Default: reported.yaml in --out or next to RESULTS."
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(help="Seed of the draws that the critical value of the ranks comes from.", min=0)
    ] = 0,
) -> None:
    """Rank what was measured and write Markdown, CSV, LaTeX and one HTML page that works offline.

    Ranks are by P@1 of 50 on words never trained on; records scored before there was one are listed without a rank. Every record is
    checked as `tli-bench results validate` does: one that fails is left out and named on standard error, and the others are ranked.
    """
    from rich.console import Console
    from rich.text import Text

    from tli_bench.base.errors import ResultError
    from tli_bench.base.locks import writing_into
    from tli_bench.base.wording import counted
    from tli_bench.cli.showing import show
    from tli_bench.records.sources import require_no_sweep
    from tli_bench.report.conclusion import conclude
    from tli_bench.report.reported import load_reported
    from tli_bench.report.sweeps import load_sweep
    from tli_bench.report.table import build, load_results
    from tli_bench.report.write import write_all

    with writing_into(out, "leaderboard"):
        records, scores = load_results(results)
        homes = (out, results.parent)
        given = reported or next((p for home in homes if (p := home / "reported.yaml").is_file()), None)
        packed = sweep or next((found for home in homes if (found := sorted(home.glob("sweeps/*.json")))), [])
        built = build(
            records,
            scores=scores,
            sweeps=[load_sweep(path) for path in packed],
            reported=load_reported(given) if given else [],
            seed=seed,
        )
        if built.left_out and not built.boards:
            raise ResultError(
                f"{results} holds nothing that can be ranked: {built.left_out[0]}; `tli-bench results validate {results}` says what is "
                "wrong with each file"
            )
        if not built.boards and not built.sweeps and not built.reported:
            require_no_sweep(results)
            raise ResultError(f"{results} holds nothing to show; `tli-bench run --output {results}` writes records")
        paths = write_all(built, out)
    entries = sum(len(board.entries) for board in built.boards)
    typer.echo(
        f"{counted(len(built.boards), 'board')}, {entries} {'entry' if entries == 1 else 'entries'}, "
        f"{counted(len(built.sweeps), 'sweep')}, {counted(len(built.reported), 'reported figure')}"
    )
    for path in paths:
        typer.echo(f"  {path}")
    console = Console()
    for said in map(conclude, built.boards):
        lines = filter(None, (said.basis, said.sources, said.disagreement))
        show(console, [Text(), Text(said.sentence, "bold"), *(Text(f"  {line}") for line in lines)])
    for line in built.left_out:
        typer.echo(f"left out: {line}", err=True)
