"""Names of tasks and groups, ours and lm-eval's own, read from their folders without torch or lm-eval."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from tli_bench.base.errors import UnknownNameError
from tli_bench.base.paths import data_dir
from tli_bench.languages import DEFAULT_PAIRS, pair_id, resolve_pair

ALL = "all"
# In YAML a name follows `task`, `group` or `tag`, or is in the list that follows `tag`.
_NAME = re.compile(rb"""^["']?(?:task|group|tag)["']?\s*:\s*["']?(\w[^\s"'#\[\]]*)""", re.MULTILINE)
_LIST = re.compile(rb"""^["']?tag["']?\s*:\s*\n((?:\s*-\s*\S+\s*\n?)+)""", re.MULTILINE)


def our_task_names() -> dict[str, str]:
    """Names of our tasks and groups, each with `task` or `group`, read from YAML without lm-eval's index."""
    names: dict[str, str] = {}
    root = data_dir("tasks")
    for path in sorted(root.rglob("*.yaml")):
        if path.parent == root / "languages":
            continue
        config = _peek(path)
        if isinstance(config.get("group"), str):
            names[config["group"]] = "group"
        elif isinstance(config.get("task"), str):
            names[config["task"]] = "task"
    return names


def require_known(names: Iterable[str]) -> None:
    """Raise UnknownNameError, with suggestions, for a name that is neither ours, `all`, a pair's task, nor lm-eval's own.

    A name in our style (`tli_...`) is looked up among ours alone; any other is searched for in the text of lm-eval's
    definitions, which takes one second where its own index takes ten.
    """
    ours = our_task_names()
    for name in names:
        if name == ALL or name in ours or is_pair_task(name):
            continue
        known = [*ours] if name.startswith("tli_") else [*ours, *stock_names()]
        if name not in known and (name.startswith("tli_") or not _mentioned(name)):
            hint = "`tli-bench ls tasks` lists ours, `tli-bench lm-eval ls tasks` lm-eval's own"
            raise UnknownNameError("task", name, known, hint=hint)


def alignment_task(pair: str) -> str:
    """Name of a pair's main task: `tli_alignment_swh_Latn-eng_Latn` for `swh-eng`."""
    return f"tli_alignment_{resolved_pair(pair)}"


def resolved_pair(pair: str) -> str:
    """Canonical id of a pair, `swh_Latn-eng_Latn` for `swh-eng`."""
    return pair_id(*resolve_pair(pair))


def default_tasks(pairs: Sequence[str] = ()) -> list[str]:
    """Alignment tasks of the given pairs, or of the default pairs."""
    return [alignment_task(pair) for pair in (pairs or DEFAULT_PAIRS)]


def is_pair_task(name: str) -> bool:
    """Whether a name is `tli_alignment_<pair>`, which needs no definition; raises InputError or UnknownNameError for a bad pair."""
    kind, _, pair = name.rpartition("_alignment_")
    if kind != "tli":
        return False
    resolve_pair(pair)
    return True


@cache
def stock_names() -> frozenset[str]:
    """Names of lm-eval's own tasks, groups and tags, as its definitions spell them; nothing is imported."""
    found: set[str] = set()
    for text in _stock_texts():
        found.update(name.decode() for name in _NAME.findall(text))
        for block in _LIST.findall(text):
            found.update(line.strip(b" -\"'").decode() for line in block.splitlines() if line.strip())
    return frozenset(found)


def _mentioned(name: str) -> bool:
    """Whether a name occurs anywhere in lm-eval's definitions; if so, only its own index can tell what it is."""
    return any(name.encode() in text for text in _stock_texts())


def _stock_texts() -> Iterator[bytes]:
    spec = find_spec("lm_eval")
    for folder in (spec.submodule_search_locations if spec else None) or ():
        for path in (Path(folder) / "tasks").rglob("*"):
            # Templates without a suffix are included by others and may hold tags.
            if path.suffix in ("", ".yaml") and path.is_file():
                yield path.read_bytes()


class _Peek(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Safe YAML in which `!function` is a plain string."""


def _as_text(loader: yaml.SafeLoader, node: yaml.Node) -> str:
    assert isinstance(node, yaml.ScalarNode)
    return str(loader.construct_scalar(node))


_Peek.add_constructor("!function", _as_text)


def _peek(path: Path) -> Mapping[str, Any]:
    facts = path.stat()
    return _read(path, facts.st_mtime_ns, facts.st_size)


# A run asks for the names five times, and there are hundreds of files.
@lru_cache(maxsize=4096)
def _read(path: Path, changed: int, size: int) -> Mapping[str, Any]:
    """A definition as it was when the file was last changed."""
    data = yaml.load(path.read_text(encoding="utf-8"), Loader=_Peek)
    return data if isinstance(data, dict) else {}
