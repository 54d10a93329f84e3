"""YAML that anyone may have written: one sentence for whatever is wrong with it, and nothing in it that grows or bites later."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import yaml

from tli_bench.base.errors import InputError, reason_of
from tli_bench.base.reading import read_limited
from tli_bench.base.wording import visible

try:  # libyaml's loader if it is installed: twenty times as fast
    from yaml import CSafeLoader as _Base
except ImportError:
    from yaml import SafeLoader as _Base  # type: ignore[assignment]

MAX_BYTES, MAX_DEPTH, MAX_VALUES = 1024 * 1024, 50, 200_000
_LARGEST = 2**63
T = TypeVar("T")


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file; raises InputError when it cannot be read or is not a mapping from names."""
    try:
        data = load_yaml(path)
    except (OSError, ValueError) as err:
        raise InputError(f"{path} cannot be read as YAML: {reason_of(err)}") from err
    if data is None:
        raise InputError(f"{path} is empty; write one NAME: VALUE per line")
    if not isinstance(data, dict):
        raise InputError(f"{path} holds a {type(data).__name__}, not a mapping of names to values")
    for key in data:
        if not isinstance(key, str):
            raise InputError(f"{path}: the name {key!r:.60} is a {type(key).__name__}, not a text; put it in quotes")
    return data


def load_yaml(path: Path) -> Any:
    """The data in a YAML file of at most 1 MiB; raises OSError when it cannot be read, else ValueError as `parse_yaml`."""
    return parse_yaml(read_limited(path, most=MAX_BYTES).decode("utf-8-sig"))


def parse_yaml(text: str) -> Any:
    """The data in YAML text: texts, numbers, dates, lists and mappings; no tag runs code.

    Raises ValueError, its message one sentence with the line, for what is not YAML, for a value that is not what it looks like
    (`2001-99-99`), for numbers beyond 64 bits, and for nesting or repetition by aliases that only exhausts whoever shows it.
    """
    return _bounded(text, lambda: yaml.load(text, Loader=_Loader))


def compose_yaml(text: str) -> yaml.Node | None:
    """The nodes of YAML text, for who looks at tags without acting on them; raises as `parse_yaml` does."""
    return _bounded(text, lambda: yaml.compose(text, Loader=_Base))


def _bounded(text: str, read: Callable[[], T]) -> T:
    try:
        _require_bounded(yaml.parse(text, Loader=_Base))
        return read()
    except yaml.MarkedYAMLError as err:
        mark = err.problem_mark or err.context_mark
        line = f"line {mark.line + 1}: " if mark else ""
        raise ValueError(visible(f"{line}{err.problem or err.context}", limit=200)) from err
    except yaml.YAMLError as err:
        raise ValueError(visible(str(err), limit=200)) from err
    except RecursionError:
        raise ValueError(f"lists and mappings nested deeper than {MAX_DEPTH}") from None


class _Loader(_Base):
    """Safe, and says of a scalar that cannot be what it looks like where it stands."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        if isinstance(node, yaml.MappingNode):
            _require_distinct(node)
        try:
            found = super().construct_object(node, deep=deep)
        except yaml.YAMLError:
            raise
        except (ValueError, TypeError, AttributeError, LookupError, ArithmeticError) as err:
            kind = node.tag.rpartition(":")[2]
            raise _wrong(node, f"{_shown(node)} cannot be read as {kind}; put it in quotes if it is a text") from err
        if isinstance(found, int) and not -_LARGEST <= found < _LARGEST:
            raise _wrong(node, f"the number {_shown(node)} is beyond 64 bits")
        return found


def _require_distinct(node: yaml.MappingNode) -> None:
    """Refuse a name that stands twice in one mapping: the first value would be dropped without a word."""
    names = set()
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode):
            if (key.tag, key.value) in names:
                raise _wrong(key, f"{_shown(key)} stands twice; leave one of them out")
            names.add((key.tag, key.value))


def _wrong(node: yaml.Node, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)


def _shown(node: yaml.Node) -> str:
    return visible(repr(node.value), limit=40)


def _require_bounded(events: Iterable[yaml.Event]) -> None:
    """Refuse deep nesting, aliases that stand inside what they name, and more values than MAX_VALUES once every alias is spelt out."""
    open_: list[tuple[str | None, int]] = []
    sizes: dict[str, int] = {}
    total = 0
    for event in events:
        if isinstance(event, yaml.AliasEvent):
            if any(anchor == event.anchor for anchor, _ in open_):
                raise _at(event, f"the alias {event.anchor!r:.40} stands inside what it names")
            total += sizes.get(str(event.anchor), 0)
        elif isinstance(event, yaml.ScalarEvent):
            total += 1
            if event.anchor:
                sizes[event.anchor] = 1
        elif isinstance(event, yaml.CollectionStartEvent):
            open_.append((event.anchor, total))
            total += 1
            if len(open_) > MAX_DEPTH:
                raise _at(event, f"lists and mappings nested deeper than {MAX_DEPTH}")
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_.pop()
            if anchor:
                sizes[anchor] = total - before
        if total > MAX_VALUES:
            raise _at(event, f"more than {MAX_VALUES:,} values once its aliases are spelt out")


def _at(event: Any, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)
