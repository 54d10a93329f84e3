"""Finding a specification by name: a file of `specs/`, an entry point of another package, or `module:Class`."""

import inspect
import pkgutil
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from tli_bench.base.errors import InputError, UnknownNameError
from tli_bench.downstream import specs
from tli_bench.downstream.spec import DownstreamSpec

GROUP = "tli_bench.downstream"
"""Entry points of this group are specifications of other packages."""


def own_names() -> list[str]:
    """Names of the specifications in this package: those of the files in `tli_bench/downstream/specs/`."""
    return sorted(module.name for module in pkgutil.iter_modules(specs.__path__))


def find_spec(name: str) -> type[DownstreamSpec]:
    """The specification called `name`; raises UnknownNameError with suggestions, InputError for something that is not one.

    name: `xquad` (a file of `specs/`), the name of an entry point of the group `tli_bench.downstream`, or `module:Class`.
    """
    if ":" in name:
        return _checked(_load(EntryPoint(name, name, GROUP)), name)
    if name in own_names():
        return _spec_of(f"{specs.__name__}.{name}")
    others = {point.name: point for point in entry_points(group=GROUP)}
    if name not in others:
        hint = f"or write `module:Class`, or declare an entry point of the group `{GROUP}`"
        raise UnknownNameError("specification of a downstream task", name, [*own_names(), *others], hint=hint)
    return _checked(_load(others[name]), name)


def _spec_of(module: str) -> type[DownstreamSpec]:
    """The one specification that a file of `specs/` defines."""
    found = [
        value
        for value in vars(import_module(module)).values()
        if inspect.isclass(value) and value.__module__ == module and issubclass(value, DownstreamSpec)
    ]
    if len(found) != 1:
        names = ", ".join(value.__name__ for value in found) or "none"
        raise InputError(f"{module} must define one subclass of DownstreamSpec, got {names}")
    return _checked(found[0], module)


def _load(point: EntryPoint) -> object:
    try:
        return point.load()
    except (ImportError, AttributeError) as err:
        raise InputError(f"downstream specification {point.value!r} cannot be imported: {err}") from err


def _checked(found: object, name: str) -> type[DownstreamSpec]:
    if not inspect.isclass(found) or not issubclass(found, DownstreamSpec):
        raise InputError(f"downstream specification {name!r} must be a subclass of DownstreamSpec, got {found!r}")
    if inspect.isabstract(found):
        missing = ", ".join(sorted(found.__abstractmethods__))
        raise InputError(f"downstream specification {name!r} does not define {missing}")
    return found
