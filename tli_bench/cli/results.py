"""`tli-bench results`: list, show, check and merge records."""

import json
from pathlib import Path
from typing import Annotated

import typer

from tli_bench.cli.showing import Plain
from tli_bench.cli.showing import show as print_parts

app = typer.Typer(help="List, show, check and merge result records.", no_args_is_help=True, rich_markup_mode=None)

Sources = Annotated[list[Path], typer.Argument(help="Records, folders of records, or submissions (.zip).")]


@app.command("ls")
def ls(
    source: Annotated[Path, typer.Argument(help="A folder of records.")] = Path("runs"),
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
) -> None:
    """One line per record: date, model, adapter, task, protocol, P@1 of 50 and P@1 of the control words at the chosen layer.

    Downstream records follow, each with its first scores, base → adapted.
    """
    from rich.console import Console
    from rich.text import Text

    from tli_bench.base.wording import visible
    from tli_bench.measures.registry import get_measure
    from tli_bench.records.schema import DownstreamRecord
    from tli_bench.records.seal import record_digest
    from tli_bench.records.sources import iter_all
    from tli_bench.records.summary import summarise
    from tli_bench.report.terminal.downstream import as_line, as_summary

    console = Console()
    for where, record in iter_all(source):
        if isinstance(record, DownstreamRecord):
            data = {"file": where, "sha256": record_digest(record), **as_summary(record)}
            if as_json:
                typer.echo(json.dumps(data, ensure_ascii=False, allow_nan=False))
            else:
                print_parts(console, [Text(as_line(record))])
            continue
        line = summarise(record)
        if as_json:
            told = line._asdict()
            data = {"file": where, "sha256": record_digest(record), "kind": "alignment", **told.pop("scores"), **told}
            typer.echo(json.dumps(data, ensure_ascii=False, allow_nan=False))
            continue
        shown = (f"{get_measure(name).label} {_number(value)}" for name, value in line.scores.items())
        scores = f"{'  '.join(shown)}  layer {line.layer}"
        who = f"{visible(line.model, limit=40)} {visible(line.adapter or '-', limit=30)}"
        marks = f"  [{', '.join(line.flags)}]" if line.flags else ""
        # The usual lexicon and precision are not worth a column.
        apart = (
            "" if line.lexicon.startswith("core ") else line.lexicon,
            "" if line.precision == "float32" else line.precision,
        )
        what = f"{visible(line.task, limit=60)}  {visible('  '.join(filter(None, (line.protocol, *apart))), limit=100)}"
        print_parts(console, [Text(f"{line.created[:10]}  {who}  {what}  {scores}{marks}")])


@app.command("show")
def show(
    path: Annotated[Path, typer.Argument(help="A record, or a folder of records.")],
    as_json: Annotated[bool, typer.Option("--json", help="The whole record as JSON.")] = False,
    plain: Plain = False,
) -> None:
    """Curves, scores and verdicts of a record, and the signature behind them."""
    from rich.console import Console
    from rich.text import Text

    from tli_bench.base.wording import spelt_out
    from tli_bench.records.schema import DownstreamRecord
    from tli_bench.records.seal import sealed
    from tli_bench.records.sources import iter_all
    from tli_bench.report.terminal.downstream import downstream_parts
    from tli_bench.report.terminal.unit import unit_parts

    console = Console()
    for _, record in iter_all(path):
        if as_json:
            typer.echo(json.dumps(sealed(record), ensure_ascii=False, indent=1))
            continue
        # What is printed may come from anyone: escape sequences for the terminal are spelt out.
        record = type(record).model_validate(spelt_out(record.model_dump(mode="json"), limit=4000))
        if isinstance(record, DownstreamRecord):
            print_parts(console, downstream_parts(record), plain=plain)
            continue
        told = record.signature.model_dump(mode="json")
        told |= {name: getattr(record, name) for name in ("created", "command", "source_commit", "recipe")}
        facts = (Text(f"  {name}: {json.dumps(value, ensure_ascii=True)}", "dim") for name, value in told.items())
        print_parts(console, [*unit_parts(record), *facts], plain=plain)


@app.command("model-index")
def model_index(
    source: Annotated[Path, typer.Argument(help="A record, or a folder of records.")],
    name: Annotated[str | None, typer.Option(help="Name of the model. Default: that of the first record.")] = None,
) -> None:
    """The scores as `model-index` metadata, to be put at the head of a card of the Hub.

    Records with a reservation (a limit, a skipped gate) and those of audit words are left out.
    """
    import yaml

    from tli_bench.records.model_index import model_index as index
    from tli_bench.records.sources import iter_records

    records = [record for _, record in iter_records(source)]
    signature = records[0].signature
    found = index(name or (signature.adapter.name if signature.adapter else signature.model), records)
    typer.echo(yaml.safe_dump(found, sort_keys=False, allow_unicode=True), nl=False)


@app.command("validate")
def validate(sources: Sources) -> None:
    """Check schema, hashes, signature, leakage flag and arithmetic; exit 1 when anything is wrong.

    For downstream records: schema, names, hash and counts. Their scores cannot be computed again from what they hold.
    """
    from tli_bench.base.errors import ResultError
    from tli_bench.records.sources import iter_all, record_paths
    from tli_bench.records.validate import validate_record

    good = bad = 0
    for source in sources:
        parts = [source] if source.suffix == ".zip" else record_paths(source)
        for part in parts:
            try:
                for where, record in iter_all(part):
                    found = validate_record(record)
                    good, bad = good + found.ok, bad + (not found.ok)
                    typer.echo(f"{'ok     ' if found.ok else 'invalid'} {where}")
                    for line in found.errors:
                        typer.echo(f"  error: {line}")
                    for line in found.notes:
                        typer.echo(f"  note: {line}")
            except ResultError as err:
                bad += 1
                typer.echo(f"invalid {err}")
    typer.echo(f"{good} valid, {bad} invalid")
    if bad:
        raise typer.Exit(1)


@app.command("merge")
def merge(
    sources: Sources,
    into: Annotated[Path, typer.Option("--into", help="Folder to put the records in.")],
    replace: Annotated[bool, typer.Option("--replace", help="Where two differ, keep the later one.")] = False,
    compressed: Annotated[
        bool, typer.Option("--compressed", help="Write .json.gz, a fifth of the size or less.")
    ] = False,
) -> None:
    """Check records and put them into one folder; nothing is written when one is invalid or contradicts another."""
    from tli_bench.base.locks import writing_into
    from tli_bench.records.merge import merge as merge_records
    from tli_bench.records.store import RecordStore

    with writing_into(into, "results merge"):
        done = merge_records(sources, RecordStore(into, compressed=compressed), replace=replace)
    typer.echo(f"{len(done.added)} added, {len(done.replaced)} replaced, {len(done.same)} unchanged in {into}")


@app.command("schema")
def schema(
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write; standard output without it.")] = None,
) -> None:
    """The JSON Schema of a record, of alignment or of a downstream task."""
    from tli_bench.records import record_schema, write_json

    if out is None:
        typer.echo(json.dumps(record_schema(), indent=1))
    else:
        write_json(out, record_schema(), alone=True)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:+.3f}"
