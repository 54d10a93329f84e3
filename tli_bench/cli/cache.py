"""`tli-bench cache`: the hidden states that are kept on disk."""

import time
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Hidden states kept on disk: where TLI_BENCH_CACHE names a folder, the same words of the same model run once.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Folder = Annotated[
    Path | None, typer.Option("--folder", help="Folder of states. Default: the one that TLI_BENCH_CACHE names.")
]


@app.command("ls")
def ls(folder: Folder = None) -> None:
    """One line per file: last use, size, words, layers, state of the model, first digits of its fingerprint, text around words."""
    from tli_bench.base.wording import counted, visible
    from tli_bench.vectors.shelf import parts

    root = _root(folder)
    found = parts(root)
    for part in found:
        about, day = part.about, time.strftime("%Y-%m-%d", time.localtime(part.used))
        around = (about.get("framing") or {}).get("template") or "alone"
        print(
            f"{day}  {part.size / 2**20:9,.1f} MiB  {len(about.get('texts', ())):6,} words  {len(about.get('layers', ())):3} layers  "
            f"{visible(str(about.get('state')), limit=8):8} {visible(str(about.get('weights')), limit=16)}  "
            f"{visible(str(around), limit=60)}"
        )
    print(f"{counted(len(found), 'file')}, {sum(part.size for part in found) / 2**20:,.1f} MiB in {root}")


@app.command("clear")
def clear(folder: Folder = None) -> None:
    """Remove all of them, and what is kept of the models; whatever else is in the folder stays."""
    from tli_bench.base.wording import counted
    from tli_bench.vectors.shelf import clear as remove

    root = _root(folder)
    count, size = remove(root)
    print(f"removed {counted(count, 'file')}, {size / 2**20:,.1f} MiB, from {root}")


def _root(folder: Path | None) -> Path:
    from tli_bench.base.errors import InputError
    from tli_bench.vectors import shelf

    root = folder or shelf.folder()
    if root is None:
        raise InputError(
            f"no folder of hidden states: set {shelf.ENVIRONMENT} to the one that runs are to keep them in, or give --folder"
        )
    if not root.is_dir():
        raise InputError(f"{root} is not a folder; runs with {shelf.ENVIRONMENT}={root} make it")
    return root
