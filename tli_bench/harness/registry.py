"""Registries in lm-eval's manner: `@register_task` here, `@register_measure` from the measures; unknown names get suggestions."""

from collections.abc import Callable
from typing import Any, TypeVar

from tli_bench.errors import InputError, UnknownNameError
from tli_bench.measures.registry import register_measure as register_measure

_TASKS: dict[str, type[Any]] = {}
T = TypeVar("T", bound=type[Any])


def register_task(name: str) -> Callable[[T], T]:
    """Class decorator: make a Task class known as `name`, for YAML definitions and `tli-bench ls`.

    Raises InputError when the name already belongs to another class.
    """

    def keep(cls: T) -> T:
        if _TASKS.get(name, cls) is not cls:
            raise InputError(f"task kind {name!r} is already registered by {_TASKS[name].__qualname__}")
        _TASKS[name] = cls
        return cls

    return keep


def get_task_class(name: str) -> type[Any]:
    """The Task class registered as `name`; raises UnknownNameError with suggestions."""
    if name not in _TASKS:
        raise UnknownNameError("task kind", name, _TASKS)
    return _TASKS[name]


def list_task_classes() -> dict[str, type[Any]]:
    """Every registered Task class by name."""
    return dict(sorted(_TASKS.items()))
