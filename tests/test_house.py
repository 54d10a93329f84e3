"""The house stays pleasant to change: no import circles, short files and functions, typed doors, no language in the code."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "tli_bench"
FILES = sorted(p for p in PACKAGE.rglob("*.py") if p.relative_to(PACKAGE).parts[0] != "data")
LONGEST_FILE, LONGEST_FUNCTION = 400, 60
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


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_files_and_functions_are_short(path):
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= LONGEST_FILE, f"{path} has {lines} lines"
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and "cli" not in path.relative_to(PACKAGE).parts:
            length = node.end_lineno - node.lineno + 1
            assert length <= LONGEST_FUNCTION, f"{path}:{node.name} has {length} lines"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_public_door_takes_just_anything_for_a_model_a_tokenizer_or_an_lm(path):
    for node in ast.walk(tree_of(path)):
        if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
            continue
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        loose = [
            a.arg
            for a in arguments
            if a.arg in ("model", "tokenizer", "lm") and isinstance(a.annotation, ast.Name) and a.annotation.id == "Any"
        ]
        assert not loose, f"{path}:{node.name} takes Any for {', '.join(loose)}; tli_bench.models.types has protocols"


CODE = re.compile(r"""["'](?:eng|swh|tur|azj|uzn|kaz|kir|tat|bak|tuk|uig)(?:_(?:Latn|Cyrl|Arab))?["']""")


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_language_stands_in_the_code(path):
    found = CODE.findall(path.read_text(encoding="utf-8"))
    assert not found, f"{path} names {found}; what a language is stands in tasks/languages"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_list_of_measures_stands_outside_their_room(path):
    inside = path.relative_to(PACKAGE)
    # A downstream task names its own metrics, some of which are called as measures of words are.
    if inside.parts[0] in ("measures", "downstream") or inside.as_posix() in NAMES_MAY_STAND_IN:
        return
    names = {"cosine", "mismatched", "gap", "p1", "p5", "p10", "mrr", "csls_p1", "mexa", "cka", "auc"}
    texts = {n.value for n in ast.walk(tree_of(path)) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    assert len(names & texts) < TOO_MANY_NAMES, f"{path} lists {sorted(names & texts)}; derive it from list_measures()"
