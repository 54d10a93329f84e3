"""How an option is declared, once: its annotation says what it means, what it may be, where it goes and what it decides.

    class RunConfig:
        limit: Annotated[int | None, Option(help="Only the first N.", goes=Goes.RUN, minimum=1, decides=("limit",))] = None

Name, type and default are those of the dataclass field. `settings(RunConfig)` gives the declarations to whoever derives
something from them: the command line, YAML, Python, the model arguments and task metadata of the lm-eval plugin.
"""

import inspect
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from tli_bench.base.errors import InputError, UnknownNameError
from tli_bench.config.facts import BY_NAME

_BEYOND = 2**63
_YES, _NO = ("true", "yes", "1", "on"), ("false", "no", "0", "off")
YES_NO, ON_OFF = ("yes", "no"), ("on", "off")
"""Choices of an option that is yes or no, or left open, in the words that fit it."""


class Goes(StrEnum):
    """Who acts on an option: the model when it is loaded, the task when it reads its words, or the run around both."""

    MODEL = "model"
    TASK = "task"
    RUN = "run"


class Flags(tuple[str, ...]):
    """What a field is called on the command line, where its name alone would not do: `Flags(["--learning-rate", "--lr"])`."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """What a declaration says beyond name, type and default.

    flags: on the command line, where `--name` is not enough; empty with `visible=False` for an option that has none.
    argument: name among the model arguments of the lm-eval plugin, where it differs. minimum: of a number.
    choices: the valid texts; noun: what such a text is called in an error. decides: fields of a signature that follow
    from the option. told: whether tasks hear of an option of the model, too.
    shown: whether `--help` prints the default; False where the help text says it better. auto: whether the text `auto` means the default.
    """

    help: str
    goes: Goes
    flags: tuple[str, ...] = ()
    visible: bool = True
    argument: str = ""
    minimum: int | None = None
    choices: tuple[str, ...] = ()
    noun: str = ""
    decides: tuple[str, ...] = ()
    told: bool = False
    shown: bool = True
    auto: bool = False

    def __post_init__(self) -> None:
        for name in self.decides:
            if name not in BY_NAME:
                raise UnknownNameError("fact of a signature", name, BY_NAME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A declared option together with its field. kind: `str`, `int`, `bool`, `Path`, or `tuple` for several texts."""

    name: str
    kind: type
    optional: bool
    default: Any
    option: Option

    @property
    def flag(self) -> str:
        """What the option is called in errors and on the command line."""
        return self.option.flags[0].partition("/")[0] if self.option.flags else "--" + self.name.replace("_", "-")

    @property
    def argument(self) -> str:
        """Its name among the model arguments of the lm-eval plugin."""
        return self.option.argument or self.name

    @property
    def agrees(self) -> bool:
        """Whether two scores are compared only when this option was the same for both."""
        return any(BY_NAME[name].agree for name in self.option.decides)

    def parse(self, value: Any) -> Any:
        """The option's value from a command line, YAML or Python; raises InputError naming option, value and what is valid."""
        if value is None and self.optional:
            return None
        if value == "auto" and self.option.auto:
            return self.default
        if isinstance(value, bool):  # YAML reads a plain yes or on as true
            value = next((pair[not value] for pair in (YES_NO, ON_OFF) if {*pair} <= {*self.option.choices}), value)
        found = _PARSERS[self.kind](value)
        if found is None:
            raise InputError(f"{self.flag} must be {self._expected()}, got {value!r}")
        if self.option.minimum is not None and found < self.option.minimum:
            raise InputError(f"{self.flag} must be {self._expected()}, got {value!r}")
        if self.option.choices and found not in self.option.choices:
            noun = self.option.noun or self.name
            raise InputError(f"unknown {noun} {found!r}; use one of {', '.join(self.option.choices)}")
        return found

    def _expected(self) -> str:
        if self.kind is int and self.option.minimum is not None:
            return f"a whole number, {self.option.minimum} or more"
        return _EXPECTED[self.kind]


def settings(config: type) -> Mapping[str, Setting]:
    """The declared options of a configuration class, by name, in order."""
    return _settings(config)


@cache
def _settings(config: type) -> dict[str, Setting]:
    hints = get_type_hints(config, include_extras=True)
    found = {}
    for field in fields(config):
        declared = hints[field.name]
        options = [item for item in get_args(declared)[1:] if isinstance(item, Option)]
        if get_origin(declared) is not Annotated or not options:
            raise TypeError(f"{config.__name__}.{field.name} declares no Option")
        kind, optional = _kind(get_args(declared)[0])
        found[field.name] = Setting(
            name=field.name, kind=kind, optional=optional, default=field.default, option=options[0]
        )
    return found


def of_road(config: type, goes: Goes) -> list[Setting]:
    """The options of a configuration class that one of model, task and run acts on."""
    return [setting for setting in settings(config).values() if setting.option.goes is goes]


def plain(value: Any) -> Any:
    """The value of an option as YAML and JSON know it."""
    if isinstance(value, Path):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def require_names(names: Iterable[str], known: Iterable[str], *, kind: str = "option", where: str = "") -> None:
    """Raise UnknownNameError, with suggestions, for a name that is not among the known; `where` says who gave it."""
    known = list(known)
    for name in names:
        if name not in known:
            raise UnknownNameError(kind, str(name), known, hint=f"in {where}" if where else "")


def call_signature(
    config: type, *, first: Iterable[str] = (), defaults: Mapping[str, Any] | None = None
) -> inspect.Signature:
    """The signature of a function that takes every option by keyword; `first` may be given by position, in that order.

    defaults: of this function, where they differ from the declared ones.
    """
    declared, changed, leading = settings(config), dict(defaults or {}), list(first)
    hints = get_type_hints(config)
    order = [*leading, *(name for name in declared if name not in leading)]
    return inspect.Signature(
        [
            inspect.Parameter(
                name,
                inspect.Parameter.POSITIONAL_OR_KEYWORD if name in leading else inspect.Parameter.KEYWORD_ONLY,
                default=changed.get(name, declared[name].default),
                annotation=hints[name],
            )
            for name in order
        ]
    )


def option_lines(config: type) -> str:
    """One line per option for a docstring: name and help."""
    return "\n".join(f"    {setting.name}: {setting.option.help}" for setting in settings(config).values())


def _kind(annotation: Any) -> tuple[type, bool]:
    """The plain type of an annotation, and whether None is a value of it."""
    optional = False
    if get_origin(annotation) in (Union, UnionType):
        kinds = [part for part in get_args(annotation) if part is not NoneType]
        optional, annotation = len(kinds) < len(get_args(annotation)), kinds[0]
    kind = get_origin(annotation) or annotation
    if kind not in _PARSERS:
        raise TypeError(
            f"an option of type {annotation!r} cannot be declared; use one of {', '.join(_EXPECTED.values())}"
        )
    return kind, optional


def _text(value: Any) -> str | None:
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return value if isinstance(value, str) else None


def _number(value: Any) -> int | None:
    if isinstance(value, str):
        try:
            value = int(value)
        except ValueError:
            return None
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _BEYOND else None


def _switch(value: Any) -> bool | None:
    """lm-eval hands model arguments over as parsed strings, so `1` and `True` mean the same."""
    text = str(value).strip().lower()
    return (text in _YES) if isinstance(value, bool | int | str) and text in (*_YES, *_NO) else None


def _path(value: Any) -> Path | None:
    text = _text(value)
    return Path(text) if text else None


def several(value: Any) -> tuple[str, ...] | None:
    """The texts of a repeatable option, each of which may hold several joined by commas; None for anything else."""
    if value is None:
        return ()
    items = [value] if isinstance(value, str) else value
    # In a list, YAML reads a column's number as a number.
    if not isinstance(items, list | tuple) or not all(type(item) in (str, int) for item in items):
        return None
    return tuple(part.strip() for item in items for part in str(item).split(",") if part.strip())


_PARSERS: dict[Any, Any] = {str: _text, int: _number, bool: _switch, Path: _path, tuple: several}
_EXPECTED: dict[Any, str] = {
    str: "a text",
    int: "a whole number",
    bool: "true or false",
    Path: "a path",
    tuple: "names, as a list or joined by commas",
}
