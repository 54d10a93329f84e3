"""The shape of the house: imports run one way, third parties stay in their rooms, the front door is light."""

import ast
from pathlib import Path

import pytest

from tests.command import require_light

PACKAGE = Path(__file__).resolve().parent.parent / "tli_bench"
FLOORS = [
    {"errors", "languages", "paths", "protocols", "__init__"},
    {"schema", "tasklist", "files"},
    {"measures", "stats", "lexicon", "scorers"},
    {"hidden", "models"},
    {"harness", "training", "results"},
    {"leaderboard"},
    {"cli"},
    {"__main__"},
]
# Rooms of one floor that may look at each other: a run is stored by its runner, models run over hidden states.
NEIGHBOURS = {
    ("harness", "results"),
    ("training", "results"),
    ("lexicon", "lexicon"),
    ("hidden", "models"),
    ("models", "hidden"),
}
OWNERS = {
    "lm_eval": {"harness", "cli"},
    "peft": {"models", "training"},
    "bitsandbytes": {"models"},
    "typer": {"cli"},
    "rich": {"cli"},
}


def room(path):
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imports(path):
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
def test_a_room_imports_only_from_rooms_below(path):
    here = room(path)
    floor = next(i for i, rooms in enumerate(FLOORS) if here in rooms)
    if here == "__init__":
        return  # the facade names rooms for type checkers and imports them on first use
    for name in imports(path):
        if name.startswith("tli_bench."):
            there = name.split(".")[1]
            level = next((i for i, rooms in enumerate(FLOORS) if there in rooms), 0)
            assert level < floor or there == here or (here, there) in NEIGHBOURS or level == 0, f"{path} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_third_parties_stay_in_their_rooms(path):
    for name in imports(path):
        owners = OWNERS.get(name.split(".")[0])
        assert owners is None or room(path) in owners, f"{path} imports {name}"


def test_measures_and_stats_know_nothing_of_ours_but_errors():
    for path in FILES:
        if room(path) in ("measures", "stats"):
            ours = {name.split(".")[1] for name in imports(path) if name.startswith("tli_bench.")}
            assert ours <= {"errors", room(path)}, path


@pytest.mark.parametrize(
    "arguments", [["--help"], ["run", "--help"], ["ls"], ["ls", "tasks"], ["lexicon", "check", "--json"]]
)
def test_light_commands_do_not_import_torch(arguments):
    assert require_light(arguments)
