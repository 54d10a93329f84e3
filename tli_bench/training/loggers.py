"""Whether the loggers of a training are there, before anything is loaded."""

from collections.abc import Iterable

from tli_bench.base.errors import InputError, UnknownNameError

_USUAL = ("tensorboard", "wandb", "trackio")
_ALL_OR_NONE = ("all", "none")


def require_loggers(names: Iterable[str]) -> None:
    """Raise UnknownNameError for a logger that transformers does not know, InputError for one that is not installed."""
    from transformers.integrations import INTEGRATION_TO_CALLBACK, get_reporting_integration_callbacks

    given = tuple(names)
    for name in () if len(given) == 1 and given[0] in _ALL_OR_NONE else given:
        if name not in INTEGRATION_TO_CALLBACK:
            raise UnknownNameError("logger", name, _USUAL, hint="transformers knows more, by their names there")
        try:
            get_reporting_integration_callbacks([name])[0]()
        except (RuntimeError, ImportError) as err:
            raise InputError(f"report_to {name}: {err}") from err
