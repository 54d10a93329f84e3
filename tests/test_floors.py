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
# One test for all files of a room: of a test for each, most of the time would be pytest's own.
FOUND = sorted({room(path) for path in FILES})
by_room = pytest.mark.parametrize("here", FOUND)


def imported(here):
    """What each file of a room imports: its path and a module, one by one."""
    return [(path, name) for path in FILES if room(path) == here for name in imports(path)]


@by_room
def test_a_room_imports_only_from_rooms_before_it(here):
    if here in ("__init__", "__main__"):
        return  # the facade imports on first use; the other is the front door
    theirs = [(path, name, name.split(".")[1]) for path, name in imported(here) if name.startswith("tli_bench.")]
    assert [
        f"{path} imports {name}"
        for path, name, there in theirs
        if ROOMS.index(there) > ROOMS.index(here) and (here, there) not in BORROWED
    ] == []


@by_room
def test_third_parties_stay_in_their_rooms(here):
    owners = [(path, name, OWNERS.get(name.split(".")[0])) for path, name in imported(here)]
    assert [f"{path} imports {name}" for path, name, whose in owners if whose is not None and here not in whose] == []


def test_every_room_is_looked_at():
    assert {*ROOMS, "__init__", "__main__"} == set(FOUND)
    assert all(imported(here) for here in ROOMS)


def test_measures_and_stats_know_nothing_of_ours_but_errors():
    for path in FILES:
        if room(path) in ("measures", "stats"):
            ours = {name for name in imports(path) if name.startswith("tli_bench.")}
            assert all(name == "tli_bench.base.errors" or name.split(".")[1] == room(path) for name in ours), path


def test_light_commands_do_not_import_torch():
    """In one process: what a call imports is there for the next one."""
    calls = (["--help"], ["run", "--help"], ["ls"], ["ls", "tasks"], ["ls", "measures"], ["lexicon", "check", "--json"])
    said = require_light(*calls)
    for shown in (
        "COMMAND [ARGS]",
        " run [OPTIONS]",
        "embedded demonstration",
        "tli_turkic",
        "p1_of_50 ",
        '"findings"',
    ):
        assert shown in said, shown
