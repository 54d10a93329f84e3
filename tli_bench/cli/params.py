"""Parameters of a verb, made from declared options: one declaration serves all verbs that have the option."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any

import typer

from tli_bench.config.options import Setting, settings
from tli_bench.config.run import RunConfig

LOAD = ("quantize", "dtype", "device", "revision")
"""How a model is loaded, for verbs that do little else with it."""


def takes(
    *names: str, config: type = RunConfig, order: Iterable[str] = ()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Let a verb take the options `names` of a configuration class in place of its `**options`.

    Without names it takes all of them. order: of all parameters in `--help`, the verb's own among them; without it the
    options stand where `**options` stood.
    """

    def decorate(verb: Callable[..., None]) -> Callable[..., None]:
        declared = settings(config)
        return give(
            verb, [parameter(declared[name]) for name in names or declared if declared[name].option.visible], order
        )

    return decorate


def give(verb: Callable[..., None], options: list[inspect.Parameter], order: Iterable[str] = ()) -> Callable[..., None]:
    """Put `options` in place of the verb's `**options`, for typer to read."""
    own = inspect.signature(verb, eval_str=True)
    places: dict[str, inspect.Parameter] = {}
    for item in own.parameters.values():
        if item.kind is inspect.Parameter.VAR_KEYWORD:
            places |= {option.name: option for option in options}
        else:
            places[item.name] = item.replace(kind=inspect.Parameter.KEYWORD_ONLY)
    ordered = {name: places[name] for name in order} | places
    verb.__signature__ = own.replace(parameters=list(ordered.values()))  # type: ignore[attr-defined]
    verb.__annotations__ = {name: item.annotation for name, item in ordered.items()} | {"return": None}
    return verb


def parameter(setting: Setting) -> inspect.Parameter:
    """The command-line option of a declaration; its text is checked by the declaration, as from any other road."""
    kind: Any = list[str] if setting.kind is tuple else setting.kind
    default = None if setting.kind is tuple or not setting.option.shown else setting.default
    if setting.kind is bool:
        declared = typer.Option(*(setting.option.flags or (setting.flag,)), help=setting.option.help)
    else:
        # A path is left to typer, which calls it one in the help; a list is put together before it is checked.
        parser = setting.parse if setting.kind in (str, int) else None
        declared = typer.Option(
            *setting.option.flags, help=setting.option.help, min=setting.option.minimum, parser=parser
        )
    return inspect.Parameter(
        setting.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[kind if default is not None else kind | None, declared],
    )


def put_together(options: Mapping[str, Any]) -> dict[str, Any]:
    """A verb's options by name, without those that were not given and have no default."""
    return {name: value for name, value in options.items() if value is not None}


def given(context: typer.Context) -> dict[str, Any]:
    """What stood on the command line itself, by name: neither defaults nor what was left out."""
    return {
        name: value
        for name, value in context.params.items()
        if (source := context.get_parameter_source(name)) is not None and source.name == "COMMANDLINE"
    }
