"""What the YAML files of a folder of tasks would run, found without running it.

lm-eval runs whatever function a file names (`!function utils.process_docs`), a file next to it first, as soon as it reads the file's
folder; and its templates are not sandboxed, so that one which reaches for Python's own attributes runs code, too.
"""

import glob
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from tli_bench.base.errors import InputError
from tli_bench.base.paths import data_dir, expanded
from tli_bench.base.reading import read_limited
from tli_bench.base.wording import visible
from tli_bench.base.yamls import MAX_BYTES, compose_yaml, load_yaml

TRUST = "--trust-tasks"
_FUNCTION = "!function"
_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_REACHES = re.compile(r"__|\|\s*attr\b|\bimport\b|\\x|\\u")
_PATHS = ("--include_path", "--tasks", "-t")
_CONFIG = ("--config", "-C")


def require_trusted(arguments: Iterable[str]) -> None:
    """Raise InputError, naming file and function, where tasks of lm-eval's arguments would run code from outside installed packages."""
    for path in _files(_places(list(arguments))):
        for what in code_of(path):
            raise InputError(
                f"{path} {what}; lm-eval would run it as soon as it reads the folder. Read it, and give {TRUST} if you trust it"
            )


def code_of(path: Path) -> Iterator[str]:
    """What a file of a task would run that no installed package holds, in words."""
    try:
        root = compose_yaml(read_limited(path, most=MAX_BYTES).decode("utf-8-sig"))
    except (OSError, ValueError) as err:
        yield f"cannot be read as YAML ({visible(str(err))})"
        return
    for key, node in _scalars(root):
        value = str(node.value)
        if node.tag == _FUNCTION and _is_foreign(value.rpartition(".")[0], path.parent):
            yield f"names the function {visible(value)!r}, which is not of an installed package"
        elif key == "spec" and ":" in value and _is_foreign(value.partition(":")[0], path.parent):
            yield f"names the class {visible(value)!r}, which is not of an installed package"
        elif any(_REACHES.search(part) for part in _TEMPLATE.findall(value)):
            yield f"has a template that reaches for Python's own attributes ({visible(value, limit=60)!r})"


def _is_foreign(module: str, folder: Path) -> bool:
    """Whether a module is a file next to the task, comes from there or from the working directory, or is Python's own (`os.system`)."""
    top = module.partition(".")[0]
    if not top or top in sys.stdlib_module_names or (folder / f"{module.replace('.', '/')}.py").exists():
        return True
    try:
        found = find_spec(top)
    except (ImportError, ValueError):
        return True
    if found is None:
        return True
    own = Path(__file__).resolve().parents[1]
    places = [Path(place).resolve() for place in (found.submodule_search_locations or [found.origin or ""])]
    outside = (folder.resolve(), Path.cwd())
    return any(own not in (place, *place.parents) and any(one in place.parents for one in outside) for place in places)


def _scalars(root: yaml.Node | None) -> Iterator[tuple[str, yaml.ScalarNode]]:
    """Every scalar of a document with the key that it stands under; those of lists stand under the list's."""
    waiting, seen = [("", root)], set()
    while waiting:
        key, node = waiting.pop()
        if isinstance(node, yaml.ScalarNode):
            yield key, node
        elif node is not None and id(node) not in seen:
            seen.add(id(node))
            if isinstance(node, yaml.MappingNode):
                waiting += [(str(name.value), value) for name, value in node.value]
            elif isinstance(node, yaml.SequenceNode):
                waiting += [(key, value) for value in node.value]


def _files(places: Iterable[Path]) -> Iterator[Path]:
    """The YAML files of folders and files, and those that they include, each once; ours are left out."""
    own, seen = data_dir("tasks").resolve(), set()
    waiting = list(places)
    while waiting:
        place = expanded(waiting.pop()).resolve()
        if place in seen or own in (place, *place.parents):
            continue
        seen.add(place)
        if place.is_dir():
            waiting += sorted(place.rglob("*.yaml"))
        elif place.is_file():
            yield place
            waiting += [place.parent / name for name in _included(place)]


def _included(path: Path) -> list[str]:
    try:
        root = compose_yaml(read_limited(path, most=MAX_BYTES).decode("utf-8-sig"))
    except (OSError, ValueError):
        return []
    return [str(node.value) for key, node in _scalars(root) if key == "include"]


def _places(arguments: list[str]) -> Iterator[Path]:
    """The folders and files of tasks that lm-eval's arguments name, in a configuration file too; argparse takes shortened names."""
    option = ""
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if argument.startswith("-"):
            option = name
            if not equals:
                continue
        else:
            value = argument
        if _means(option, _CONFIG):
            yield from _configured(Path(value))
        elif _means(option, _PATHS):
            yield from _named(value)


def _means(option: str, names: tuple[str, ...]) -> bool:
    return option in names or (len(option) > 3 and any(name.startswith(option) for name in names))


def _configured(path: Path) -> Iterator[Path]:
    try:
        data: Any = load_yaml(path)
    except (OSError, ValueError):
        return  # lm-eval says what is wrong with it
    if isinstance(data, Mapping):
        for name in ("include_path", "tasks"):
            given = data.get(name)
            for value in given if isinstance(given, list) else [given]:
                yield from _named(str(value))


def _named(value: str) -> Iterator[Path]:
    for part in value.split(","):
        yield from (Path(found) for found in glob.glob(str(expanded(part.strip()))))
