"""Reading a mapping of a YAML file into a frozen dataclass; errors about unknown keys and wrong types name file and key."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from tli_bench.base.errors import LanguageError, suggest

T = TypeVar("T")


def read_fields(kind: type[T], data: object, *, file: str, key: str = "") -> T:
    """An instance of the dataclass `kind` with the values of `data`; a key that is left out takes its default.

    key: where `data` is in the file, for errors. A single text is read as a list of one. Raises LanguageError naming file
    and key for a key that the dataclass does not have, one that is missing, and a value of the wrong type.
    """
    if not isinstance(data, Mapping):
        raise _wrong(file, key or "the file", "keys and values", data)
    assert is_dataclass(kind)
    declared: dict[str, Field[Any]] = {field.name: field for field in fields(kind) if field.init}
    prefix = f"{key}." if key else ""
    for name in data:
        if name not in declared:
            near = suggest(str(name), declared)
            hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(declared)}"
            raise LanguageError(f"{file}: unknown key `{prefix}{name}`; {hint}")
    types = get_type_hints(kind)
    found = {}
    for name, field in declared.items():
        if name in data:
            found[name] = _value(types[name], data[name], file=file, key=prefix + name)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise LanguageError(f"{file}: the key `{prefix}{name}` is missing")
    return kind(**found)


def _value(kind: Any, value: object, *, file: str, key: str) -> Any:
    if isinstance(kind, type) and is_dataclass(kind):
        return read_fields(kind, value, file=file, key=key)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):  # X | None
        return None if value is None else _value(arguments[0], value, file=file, key=key)
    if origin is tuple:
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list):
            raise _wrong(file, key, "a list of texts", value)
        return tuple(_value(arguments[0], item, file=file, key=f"{key}[{i}]") for i, item in enumerate(items))
    if origin is Mapping:
        if not isinstance(value, Mapping):
            raise _wrong(file, key, "keys and values", value)
        return {
            _value(str, name, file=file, key=key): _value(arguments[1], item, file=file, key=f"{key}.{name}")
            for name, item in value.items()
        }
    if not isinstance(value, kind):
        expected = {str: "a text", bool: "true or false"}.get(kind, kind.__name__)
        quote = " (quote it)" if kind is str and isinstance(value, bool | int | float) else ""
        raise _wrong(file, key, expected + quote, value)
    return value


def _wrong(file: str, key: str, expected: str, value: object) -> LanguageError:
    return LanguageError(f"{file}: `{key}` must be {expected}, got {value!r:.60}")
