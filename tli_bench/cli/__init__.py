"""The `tli-bench` command: one small file per verb. `--help` and `ls` answer without importing torch."""

import sys
from typing import Annotated

import typer

from tli_bench.base.collection import collection_paused
from tli_bench.cli.failures import DEBUG, bound_warnings, exit_code, told
from tli_bench.cli.processes import silence_others

app = typer.Typer(
    name="tli-bench",
    help="Cross-lingual lexical alignment in language models: Swahili and the Turkic languages first.",
    epilog=f"Any command takes {DEBUG}: an error is then shown with its traceback.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(asked: bool) -> None:
    if asked:
        from tli_bench.base.versions import package_versions

        print("\n".join(f"{name.replace('_', '-')} {number}" for name, number in package_versions().items()))
        raise typer.Exit


@app.callback()
def _every_command(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_version,
            is_eager=True,
            help="Versions of tli-bench and of what its scores depend on.",
        ),
    ] = False,
) -> None:
    pass


@collection_paused()
def _register() -> None:
    """Attach the verbs. Each module registers itself on `app` when imported."""
    from tli_bench.cli import verbs

    verbs.register(app)


def main(argv: list[str] | None = None) -> None:
    """Run the command line; an error becomes one message on standard error and an exit code, whatever it is."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    debug = DEBUG in arguments
    arguments = [argument for argument in arguments if argument != DEBUG]
    silence_others(arguments)
    bound_warnings()
    try:
        _register()
        app(args=arguments)
    except KeyboardInterrupt:
        print("interrupted; finished units are kept, run the same command again to go on", file=sys.stderr)
        raise SystemExit(130) from None
    except Exception as err:
        if debug:
            raise
        print(told(err), file=sys.stderr)
        raise SystemExit(exit_code(err)) from None
