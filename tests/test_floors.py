"""The shape of the house: imports run one way, third parties stay in their rooms, the front door is light."""

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.command import require_light

PACKAGE = Path(__file__).resolve().parent.parent / "tli_bench"
# A room imports only from rooms that stand before it here.
ROOMS = (
    "base", "config", "languages", "lexicon", "measures", "stats", "models", "vectors", "records", "evaluate", "downstream", "training",
    "plugin", "report", "studies", "api", "cli",
)  # fmt: skip
# What reaches the wrong way: to stay empty.
BORROWED: set[tuple[str, str]] = set()
OWNERS = {
    "lm_eval": {"plugin", "cli"},
    "peft": {"models", "training"},
    "bitsandbytes": {"models"},
    "typer": {"cli"},
    "rich": {"cli", "report"},
}


def room(path):
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


@cache
def imports(path):
    return tuple(_imports(path))


def _imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            if node.module == "tli_bench":
                yield from (f"tli_bench.{alias.name}" for alias in node.names if (PACKAGE / alias.name).exists())
            else:
                yield node.module


FILES = sorted(p for p in PACKAGE.rglob("*.py") if "data" not in p.relative_to(PACKAGE).parts[:1])


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_room_imports_only_from_rooms_before_it(path):
    here = room(path)
    if here in ("__init__", "__main__"):
        return  # the facade imports on first use; the other is the front door
    for name in imports(path):
        if name.startswith("tli_bench."):
            there = name.split(".")[1]
            assert ROOMS.index(there) <= ROOMS.index(here) or (here, there) in BORROWED, f"{path} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_third_parties_stay_in_their_rooms(path):
    for name in imports(path):
        owners = OWNERS.get(name.split(".")[0])
        assert owners is None or room(path) in owners, f"{path} imports {name}"


def test_measures_and_stats_know_nothing_of_ours_but_errors():
    for path in FILES:
        if room(path) in ("measures", "stats"):
            ours = {name for name in imports(path) if name.startswith("tli_bench.")}
            assert all(name == "tli_bench.base.errors" or name.split(".")[1] == room(path) for name in ours), path


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["run", "--help"], ["ls"], ["ls", "tasks"], ["ls", "measures"], ["lexicon", "check", "--json"]],
)
def test_light_commands_do_not_import_torch(arguments):
    assert require_light(arguments)
