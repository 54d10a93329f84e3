"""`tli-bench lexicon`: check a word list, count it, and write a pair in other tools' formats."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from tli_bench.cli.params import LIST, list_options, takes
from tli_bench.languages import default_pair

DEFAULT_PAIR = default_pair()

app = typer.Typer(name="lexicon", help="Word lists: check, stats, export.", no_args_is_help=True, rich_markup_mode=None)

_SHOWN = 10
_Pair = Annotated[str, typer.Option(help="Language pair of a two-language list, e.g. swh-eng.")]
_Json = Annotated[bool, typer.Option("--json", help="Print everything as JSON.")]


@app.command()
@takes(*LIST)
def check(
    source: Annotated[str, typer.Argument(help="core, a file, a folder, or hf:ID.")] = "core",
    pair: Annotated[
        str | None,
        typer.Option(
            help=f"Language pair, e.g. swh-eng. Default: that of the file's name, else {DEFAULT_PAIR}; of the core, all."
        ),
    ] = None,
    tokenizer: Annotated[
        str | None, typer.Option(help="Model whose tokenizer counts tokens per word (alias, folder, Hub id).")
    ] = None,
    as_json: _Json = False,
    **options: Any,
) -> None:
    """Look for leakage, wrong scripts, duplicates, homographs, loans and unbalanced splits; exit 1 on the first two.

    A list that is clearly not in its languages is refused with exit code 2, as `run` refuses it.
    """
    from tli_bench.lexicon import load_core, load_lexicon
    from tli_bench.lexicon.doctor import check as examine
    from tli_bench.lexicon.readers.names import pair_in_name

    layout = list_options(options)
    if source == "core" and pair is None:
        lexicon: Any = load_core()
    else:
        lexicon = load_lexicon(source, pair=pair or pair_in_name(source), **layout)
    report = examine(lexicon, tokenizer=_tokenizer(tokenizer))
    if as_json:
        typer.echo(json.dumps(report.to_dict(), ensure_ascii=False, indent=1))
    else:
        _print_report(report)
    if report.failed:
        raise typer.Exit(1)


def _tokenizer(name: str | None) -> Any:
    if name is None:
        return None
    from tli_bench.models.catalog import resolve_model

    resolve_model(name)  # an unknown one is told before torch is imported
    from tli_bench.models.load import load_tokenizer

    return load_tokenizer(name)


def _print_report(report: Any) -> None:
    from tli_bench.base.wording import counted

    typer.echo(f"{report.name}: {report.n} concepts")
    for severity in ("error", "warning", "info"):
        by_kind: dict[str, list[Any]] = {}
        for finding in report.of(severity):
            by_kind.setdefault(finding.kind, []).append(finding)
        for kind, findings in by_kind.items():
            typer.echo(f"{severity}: {kind}: {len(findings)}")
            shown = findings if severity == "error" else findings[: _SHOWN if severity == "warning" else 3]
            for finding in shown:
                typer.echo(f"  {finding.language} {finding.message}")
            if len(shown) < len(findings):
                typer.echo(f"  ... {len(findings) - len(shown)} more (--json prints all)")
    for code, count in report.tokens.items():
        typer.echo(
            f"tokens per word, {code}: mean {count.mean:.2f}, at most {count.most} ({count.finest[0]}), {count.whole:.0%} are one token"
        )
    warnings, sound = len(report.of("warning")), "no leakage, no wrong script"
    if report.failed:
        typer.echo("FAILED: do not score this lexicon")
    else:
        typer.echo(f"{sound}; {counted(warnings, 'warning')} above" if warnings else f"clean: {sound}")


@app.command()
def stats(as_json: _Json = False) -> None:
    """Coverage of the core lexicon per language and field, its version and content hash."""
    from rich.console import Console
    from rich.table import Table

    from tli_bench.languages import language_or_default
    from tli_bench.lexicon import load_core
    from tli_bench.lexicon.coverage import stats as count

    found = count(load_core())
    if as_json:
        typer.echo(json.dumps(found.to_dict(), ensure_ascii=False, indent=1))
        return
    table = Table(box=None, title=f"core {found.version}, {found.concepts} concepts, sha256 {found.content_hash[:16]}")
    for name in ("language", "filled", "share", "forms", "multi-word"):
        table.add_column(name, justify="left" if name == "language" else "right")
    for row in found.languages:
        label = f"{row.code} {language_or_default(row.code).name}"
        table.add_row(label, str(row.filled), f"{row.share:.1%}", str(row.forms), str(row.multi_word))
    console = Console()
    console.print(table)
    for title, counts in (
        ("splits", found.splits),
        ("parts of speech", found.parts_of_speech),
        ("fields", found.fields),
    ):
        console.print(f"{title}: " + ", ".join(f"{name} {n}" for name, n in counts.items()))
    gaps = {row.code: {f: share for f, share in row.by_field.items() if share < 1} for row in found.languages}
    for code, fields in gaps.items():
        if fields:
            console.print(f"gaps in {code}: " + ", ".join(f"{f} {share:.0%}" for f, share in fields.items()))


@app.command()
@takes(*LIST)
def export(
    output: Annotated[Path, typer.Argument(help="File to write.")],
    pair: _Pair = DEFAULT_PAIR,
    source: Annotated[str, typer.Option("--lexicon", help="core, a file, a folder, or hf:ID.")] = "core",
    format: Annotated[str, typer.Option(help="tsv, muse or json.")] = "tsv",
    **options: Any,
) -> None:
    """Write one language pair as TSV, MUSE or JSON.

    TSV and JSON keep concepts, variants and splits, so that a run over the file gives the same scores. MUSE, one line for each pair of
    forms, keeps none of them: whoever reads it splits the words anew. The file's ending has to fit: .tsv; .txt or .dict of MUSE; .json.
    Audit words of the core are left out.
    """
    from tli_bench.base.wording import counted
    from tli_bench.lexicon import load_lexicon
    from tli_bench.lexicon.export import export as write

    lexicon = load_lexicon(source, pair=pair, **list_options(options))
    write(lexicon, output, format=format)
    typer.echo(f"{counted(len(lexicon.pairs), 'pair')} of {lexicon.pair} written to {output}")
