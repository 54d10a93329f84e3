"""Parameters of a verb, made from declared options: one declaration serves all verbs that have the option."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, get_args

import typer
from pydantic import BaseModel

from tli_bench.config.options import Flags, Setting, settings
from tli_bench.config.run import RunConfig

LOAD = ("quantize", "dtype", "device", "device_map", "max_memory", "attn", "revision")
"""How a model is loaded, for verbs that do little else with it."""

Workers = Annotated[
    int | None, typer.Option(min=1, help="Processes that train at one time, on Ray; each loads the base once.")
]
RayAddress = Annotated[str, typer.Option(help="Ray cluster: its address, or auto; local starts one on this machine.")]
GpusPerTrial = Annotated[float, typer.Option(min=0, help="GPUs of each worker on Ray, which may be a share of one.")]

LIST = ("control", "columns", "header", "swap", "split_column")
"""How a word list is read, for every verb that takes one."""


def takes(
    *names: str,
    config: type = RunConfig,
    first: Iterable[inspect.Parameter] = (),
    order: Iterable[str] = (),
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Let a verb take the options `names` of a configuration class, or all of them, in place of its `**options`.

    first: options from elsewhere, before those. order: of the parameters that open `--help`, the verb's own among them;
    whatever is not named there keeps its place.
    """

    def decorate(verb: Callable[..., None]) -> Callable[..., None]:
        declared = settings(config)
        shown = [parameter(declared[name]) for name in names or declared if declared[name].option.visible]
        own = inspect.signature(verb, eval_str=True)
        places: dict[str, inspect.Parameter] = {}
        for item in own.parameters.values():
            if item.kind is inspect.Parameter.VAR_KEYWORD:
                places |= {option.name: option for option in (*first, *shown)}
            else:
                places[item.name] = item.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        ordered = {name: places[name] for name in order} | places
        verb.__signature__ = own.replace(parameters=list(ordered.values()))  # type: ignore[attr-defined]
        verb.__annotations__ = {name: item.annotation for name, item in ordered.items()} | {"return": None}
        return verb

    return decorate


def parameter(setting: Setting) -> inspect.Parameter:
    """The command-line option of a declaration; its text is checked by the declaration, as for any other source."""
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


def of_model(model: type[BaseModel], *, without: Iterable[str] = ()) -> list[inspect.Parameter]:
    """An option for each field of a data model, None where it is not given; the model itself checks the values.

    The help is the field's description; `Flags` in its annotation are its names on the command line.
    """
    found = []
    for name, field in model.model_fields.items():
        if name in without:
            continue
        kinds = (field.annotation, *get_args(field.annotation))
        kind: Any = next((kind for kind in (bool, int, float) if kind in kinds), str)
        flags = next((item for item in field.metadata if isinstance(item, Flags)), ())
        declared = typer.Option(*flags, help=field.description)
        found.append(
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, declared]
            )
        )
    return found


def list_options(options: dict[str, Any]) -> dict[str, Any]:
    """Take a verb's options of `LIST` out of `options`, checked, as `load_lexicon` takes them."""
    return RunConfig.build(put_together({name: options.pop(name) for name in LIST})).of_list()


def put_together(options: Mapping[str, Any]) -> dict[str, Any]:
    """A verb's options by name, without those that were not given and have no default."""
    return {name: value for name, value in options.items() if value is not None}


def given(context: typer.Context) -> dict[str, Any]:
    """What was given on the command line itself, by name: neither defaults nor what was left out."""
    return {
        name: value
        for name, value in context.params.items()
        if (source := context.get_parameter_source(name)) is not None and source.name == "COMMANDLINE"
    }
