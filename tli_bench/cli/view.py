"""`tli-bench view`: a page of one's own runs."""

from pathlib import Path
from typing import Annotated

import typer


def view(
    runs: Annotated[Path, typer.Argument(help="Folder that `tli-bench run --output` wrote to, or one record.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="HTML file to write. Default: view.html in RUNS.")
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Write one HTML page of your runs and print its path: which words fail, their nearest wrong neighbours, groups and curves.

    The page works from the file, without a network or a server, and every view of it has an address of its own. It holds the
    newest 200 records; a file that cannot be read is skipped and named.
    """
    from tli_bench.base.files import write_bytes
    from tli_bench.base.wording import counted
    from tli_bench.report.view import left_out
    from tli_bench.report.view import view as page_of

    made = page_of(runs)
    path = out or (runs / "view.html" if runs.is_dir() else runs.with_name("view.html"))
    content = made.html.encode("utf-8")
    write_bytes(path, content, alone=True)
    for line in left_out(made.older, made.skipped):
        typer.echo(line, err=True)
    typer.echo(f"{path}  ({counted(made.records, 'record')}, {len(content) / 1e6:.1f} MB)")
    if show:
        import webbrowser

        webbrowser.open(path.absolute().as_uri())
