"""What people write into YAML files: closed, finite, and refused in words that say what may stand there."""

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import ValidationError, ValidationInfo, field_validator

from tli_bench.base.frozen import Frozen
from tli_bench.base.wording import visible

_PLAIN = {
    "tuple_type": "give a list, such as [a, b]",
    "dict_type": "give names with their values, as NAME: VALUE",
    "model_type": "give names with their values, as NAME: VALUE",
    "path_type": "give a path",
    "extra_forbidden": "there is no such key here",
}


class Declared(Frozen):
    """Immutable data that refuses unknown fields, NaN, infinity, and `yes` or `on` where a number or a text is wanted."""

    @field_validator("*", mode="before")
    @classmethod
    def _no_yes(cls, value: Any, info: ValidationInfo) -> Any:
        wanted = set(_parts(cls.model_fields[str(info.field_name)].annotation))
        if bool not in wanted and Any not in wanted:
            for item in value if isinstance(value, list | tuple) else [value]:
                if isinstance(item, bool):
                    raise ValueError("YAML reads this as yes or no; give a number, or put a text in quotes")
        return value


def why(err: ValidationError) -> str:
    """What does not fit, the first of several, as a sentence: where it stands, what may stand there, and what was given."""
    found = err.errors()
    # A misspelt key is why another is missing.
    first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])
    place = ".".join(str(part) for part in first["loc"])
    text = _PLAIN.get(first["type"], first["msg"]).removeprefix("Value error, ")
    given = f" (given: {visible(repr(first['input']))})" if place and first["type"] != "missing" else ""
    return f"{place + ': ' if place else ''}{text}{given}"


def _parts(annotation: Any) -> Iterator[Any]:
    """A type and all that it is put together from."""
    yield annotation
    for part in get_args(annotation):
        yield from _parts(part)
