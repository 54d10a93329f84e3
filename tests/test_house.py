"""The house stays pleasant to change: no import circles, short files and functions, typed doors, no language in the code."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "tli_bench"
FILES = sorted(p for p in PACKAGE.rglob("*.py") if p.relative_to(PACKAGE).parts[0] != "data")
LONGEST_FILE, LONGEST_FUNCTION = 400, 60
# One test for all files of a room: of a test for each, most of the time would be pytest's own.
ROOMS = sorted({p.relative_to(PACKAGE).parts[0] for p in FILES})
by_room = pytest.mark.parametrize(
    "paths", [[p for p in FILES if p.relative_to(PACKAGE).parts[0] == room] for room in ROOMS], ids=ROOMS
)
# A list of measures, not a mention: a file that quotes this many of their names keeps a list of its own.
TOO_MANY_NAMES = 3
# Where the board's default columns stand.
NAMES_MAY_STAND_IN = {"report/columns.py"}


@cache
def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def name_of(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in FILES}


def top_level_imports(tree):
    """Modules of ours that are imported when the file is; what only type checkers see is passed over."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_there_is_no_import_circle_down_to_files():
    graph = {
        name: {there for there in top_level_imports(tree_of(path)) if there in MODULES and there != name}
        for name, path in MODULES.items()
    }
    assert sum(map(len, graph.values())) > 300, "the graph is nearly empty: the reader of imports is broken"
    done, trail = set(), []

    def visit(name):
        assert name not in trail, " -> ".join([*trail[trail.index(name) :], name])
        if name in done:
            return
        trail.append(name)
        for there in sorted(graph[name]):
            visit(there)
        trail.pop()
        done.add(name)

    for name in sorted(graph):
        visit(name)
    assert done == set(graph)


def test_the_check_for_circles_would_find_one():
    trees = [ast.parse("from tli_bench.a import x"), ast.parse("import tli_bench.b")]
    assert [set(top_level_imports(tree)) for tree in trees] == [{"tli_bench.a", "tli_bench.a.x"}, {"tli_bench.b"}]


@by_room
def test_files_and_functions_are_short(paths):
    assert [said for path in paths for said in too_long(path)] == []


def too_long(path):
    lines = path.read_text(encoding="utf-8").count("\n")
    if lines > LONGEST_FILE:
        yield f"{path} has {lines} lines"
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and "cli" not in path.relative_to(PACKAGE).parts:
            length = node.end_lineno - node.lineno + 1
            if length > LONGEST_FUNCTION:
                yield f"{path}:{node.name} has {length} lines"


def test_the_check_for_length_would_find_a_long_file_and_a_long_function(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.test_house.PACKAGE", tmp_path)
    path = tmp_path / "long.py"
    path.write_text("def f():\n" + "    1\n" * LONGEST_FILE, encoding="utf-8")
    assert [said.rsplit(" has ")[1] for said in too_long(path)] == [f"{LONGEST_FILE + 1} lines"] * 2


@by_room
def test_no_public_door_takes_just_anything_for_a_model_a_tokenizer_or_an_lm(paths):
    assert [said for path in paths for said in loose_doors(path)] == []


def loose_doors(path):
    for node in ast.walk(tree_of(path)):
        if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
            continue
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        loose = [
            a.arg
            for a in arguments
            if a.arg in ("model", "tokenizer", "lm") and isinstance(a.annotation, ast.Name) and a.annotation.id == "Any"
        ]
        if loose:
            yield f"{path}:{node.name} takes Any for {', '.join(loose)}; tli_bench.models.types has protocols"


CODE = re.compile(r"""["'](?:eng|swh|tur|azj|uzn|kaz|kir|tat|bak|tuk|uig)(?:_(?:Latn|Cyrl|Arab))?["']""")


@by_room
def test_no_language_stands_in_the_code(paths):
    named = {str(path): CODE.findall(path.read_text(encoding="utf-8")) for path in paths}
    assert {path: found for path, found in named.items() if found} == {}, "what a language is stands in tasks/languages"


@by_room
def test_no_list_of_measures_stands_outside_their_room(paths):
    assert [said for path in paths for said in listed_measures(path)] == []


def listed_measures(path):
    inside = path.relative_to(PACKAGE)
    # A downstream task names its own metrics, some of which are called as measures of words are.
    if inside.parts[0] in ("measures", "downstream") or inside.as_posix() in NAMES_MAY_STAND_IN:
        return
    names = {"cosine", "mismatched", "gap", "p1", "p5", "p10", "mrr", "csls_p1", "mexa", "cka", "auc"}
    texts = {n.value for n in ast.walk(tree_of(path)) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    if len(names & texts) >= TOO_MANY_NAMES:
        yield f"{path} lists {sorted(names & texts)}; derive it from list_measures()"
