"""`tli-bench lm-eval`: lm-eval's own command line, with our model and tasks already registered."""

import sys
from typing import Any

import typer

PASS_THROUGH: dict[str, Any] = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
_WITH_TASKS = ("run", "ls", "validate")


def lm_eval(context: typer.Context) -> None:
    """Everything after it goes to lm-eval's own command line: `tli-bench lm-eval run --model tli --tasks tli_swahili`.

    Our model `tli` (--model_args pretrained=tiny,adapter=PATH) and our tasks are known to it. Tasks of a folder (--include_path) that
    would run code from outside installed packages are refused; --trust-tasks lets them run it.
    """
    from tli_bench.plugin.task_code import TRUST, require_trusted

    arguments = [argument for argument in context.args if argument != TRUST]
    if len(arguments) == len(context.args):
        require_trusted(arguments)
    from lm_eval.__main__ import cli_evaluate

    import tli_bench.plugin.lm  # noqa: F401  registers the model
    from tli_bench.base.paths import data_dir

    if arguments and arguments[0] in _WITH_TASKS and "--include_path" not in arguments:
        arguments += ["--include_path", str(data_dir("tasks"))]
    sys.argv = ["lm-eval", *arguments]
    cli_evaluate()
