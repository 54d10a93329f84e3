"""The `tli-bench` command: one small file per verb. `--help` and `ls` answer without importing torch."""

import sys

import typer

from tli_bench.base.errors import TLIError

app = typer.Typer(
    name="tli-bench",
    help="Cross-lingual lexical alignment in language models: Swahili and the Turkic languages first.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _register() -> None:
    """Attach the verbs. Each module registers itself on `app` when imported."""
    from tli_bench.cli import verbs

    verbs.register(app)


def main(argv: list[str] | None = None) -> None:
    """Run the command line; a TLIError becomes one message on standard error and its exit code."""
    _register()
    try:
        app(args=argv)
    except TLIError as err:
        print(f"error: {err}", file=sys.stderr)
        raise SystemExit(err.exit_code) from None
    except KeyboardInterrupt:
        print("interrupted; finished units are kept, run the same command again to go on", file=sys.stderr)
        raise SystemExit(130) from None
