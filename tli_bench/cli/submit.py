"""`tli-bench submit`: pack a run into one file, ready for a pull request."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tli_bench.records.schema import Record


def submit(
    run: Annotated[Path, typer.Argument(help="Folder of records that `tli-bench run --output` wrote.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write, ending in .zip.")] = Path(
        "submission.zip"
    ),
    audit: Annotated[
        bool,
        typer.Option(
            "--audit/--no-audit",
            help="Score the core lexicon's audit words as well, once, into RUN/audit; without them the board says so.",
        ),
    ] = True,
) -> None:
    """Check the records of a run and pack them with their hashes into one file.

    For rows on the core lexicon, the same model, adapter and pairs are first scored on its audit words, which `run` never shows.
    Hand the file in as a pull request, see docs/contributing-a-row.md; anyone can check it with `tli-bench results validate FILE`.
    """
    import tli_bench
    from tli_bench.base.errors import InputError
    from tli_bench.base.locks import replacing
    from tli_bench.base.wording import counted
    from tli_bench.records.audit import gaps, is_row
    from tli_bench.records.schema import RunRecord
    from tli_bench.records.submission import pack
    from tli_bench.records.validate import validate_record

    if out.suffix != ".zip":
        raise InputError(f"--out {out}: the ending must be .zip, by which other commands know a submission")
    with replacing(out, "submit"):
        records = _with_audit(run) if audit else _read(run, audit=False)
        manifest = pack(records, out, version=tli_bench.__version__)
    notes = {note for record in records for note in validate_record(record).notes}
    typer.echo(f"{out}: {counted(len(manifest.files), 'record')}")
    alignment = [record for record in records if isinstance(record, RunRecord) and is_row(record)]
    for line in gaps(alignment):
        typer.echo(line)
    if alignment and not manifest.audit:
        typer.echo("  note: without audit words; the board shows a dash for them")
    for note in sorted(notes):
        typer.echo(f"  note: {note}")


def _read(run: Path, *, audit: bool) -> "list[Record]":
    from tli_bench.records.schema import RunRecord
    from tli_bench.records.sources import iter_all

    found = [record for _, record in iter_all(run)]
    return [record for record in found if audit or not (isinstance(record, RunRecord) and record.signature.audit)]


def _with_audit(run: Path) -> "list[Record]":
    """All records of a run, once the audit words that are missing have been scored."""
    from tli_bench.base.locks import writing_into
    from tli_bench.lexicon.core import installed_core
    from tli_bench.plugin.audit import pending, without_stale
    from tli_bench.records.schema import RunRecord

    records = _read(run, audit=True)
    core = installed_core()
    left = pending(run, [record for record in records if isinstance(record, RunRecord)], core)
    if left:
        from tli_bench.cli.auditing import score_audit

        with writing_into(run, "submit"):
            for item in left:
                score_audit(item)
        records = _read(run, audit=True)
    return without_stale(records, core)
