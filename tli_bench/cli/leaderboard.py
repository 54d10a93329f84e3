"""`tli-bench leaderboard`: tables and a page from records."""

from pathlib import Path
from typing import Annotated

import typer


def leaderboard(
    results: Annotated[Path, typer.Argument(help="Folder of records, and of lm-eval results_*.json if any.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the tables and the page.")] = Path(
        "leaderboards"
    ),
    reported: Annotated[
        Path | None, typer.Option(help="YAML of published figures, shown apart. Default: reported.yaml in --out.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap over concepts.")] = 0,
    resamples: Annotated[int, typer.Option(min=100, help="Bootstrap resamples.")] = 1000,
) -> None:
    """Rank what was measured and write Markdown, CSV, LaTeX and one HTML page that works offline."""
    from tli_bench.leaderboard.reported import load_reported
    from tli_bench.leaderboard.table import build, load_results
    from tli_bench.leaderboard.write import write_all

    records, scores = load_results(results)
    given = reported or out / "reported.yaml"
    rows = load_reported(given) if reported or given.is_file() else []
    built = build(records, scores=scores, reported=rows, seed=seed, resamples=resamples)
    paths = write_all(built, out)
    entries = sum(len(board.entries) for board in built.boards)
    typer.echo(f"{len(built.boards)} boards, {entries} entries, {len(built.reported)} reported figures")
    for path in paths:
        typer.echo(f"  {path}")
    for line in built.left_out:
        typer.echo(f"  left out: {line}")
