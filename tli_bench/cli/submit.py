"""`tli-bench submit`: pack a run into one file, ready for a pull request."""

from pathlib import Path
from typing import Annotated

import typer


def submit(
    run: Annotated[Path, typer.Argument(help="Folder of records that `tli-bench run --output` wrote.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write.")] = Path("submission.zip"),
) -> None:
    """Check the records of a run and pack them with their hashes into one file.

    Hand it in as a pull request, see docs/contributing-a-row.md; anyone can check it with `tli-bench results validate FILE`.
    """
    import tli_bench
    from tli_bench.records.sources import iter_all
    from tli_bench.records.submission import pack
    from tli_bench.records.validate import validate_record

    records = [record for _, record in iter_all(run)]
    manifest = pack(records, out, version=tli_bench.__version__)
    notes = {note for record in records for note in validate_record(record).notes}
    typer.echo(f"{out}: {len(manifest.files)} records")
    for note in sorted(notes):
        typer.echo(f"  note: {note}")
