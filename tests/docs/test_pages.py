"""Every command of the pages: run as it stands, or marked with what it needs; its output is what the page shows."""

import re
import shlex

import pytest

from tests.command import tli_bench
from tests.docs.blocks import NEEDS, PAGES, ROOT, blocks, command_lines
from tests.docs.walked import missing, runnable, same, walk
from tests.walk import copy_of_the_tree

COMMAND = re.compile(r"^(tli-bench|lm[_-]eval|make|python|pip|pytest|torchrun|sbatch|kubectl|hf) ", re.M)
WALKED = [page for page in PAGES if runnable(page)]


@pytest.mark.parametrize("page", PAGES)
def test_no_command_hides_in_a_block_that_is_not_run(page):
    for block in blocks(page):
        assert block.needs is None or block.needs in NEEDS, f"{page}:{block.line}: unknown need {block.needs!r}"
        if block.language not in ("sh", "python"):
            assert not COMMAND.search(block.text), f"{page}:{block.line}: commands stand in a ```sh block"


@pytest.mark.parametrize("page", PAGES)
def test_every_verb_and_option_exists_also_where_it_is_not_run(page):
    """Commands that need a GPU are not run; a name that is mistyped or gone is found all the same."""
    for block in blocks(page):
        for line in command_lines(block) if block.language == "sh" else ():
            for part in re.split(r"[;|&]+", line):
                words = shlex.split(part)
                if words[:1] != ["tli-bench"] or words[1:2] == ["lm-eval"]:
                    continue
                verbs = [word for word in words[1:3] if re.fullmatch(r"[a-z][a-z-]*", word)]
                shown = _help(*verbs)
                for word in words[1:]:
                    option = word.partition("=")[0]
                    if option.startswith("-") and option != "--help":
                        assert re.search(rf"(^|[\s,/]){option}\b", shown), f"{page}:{block.line}: no {option} in {line}"


def _help(verb="", below=""):
    if verb in ("results", "plot", "lexicon", "cache", "repro", "stats") and below:
        return tli_bench(verb, below, "--help")
    return tli_bench(verb, "--help") if verb else tli_bench("--help")


@pytest.mark.docs
@pytest.mark.parametrize("page", WALKED)
def test_the_commands_of_a_page_do_what_it_says(page, tmp_path, monkeypatch):
    tree = copy_of_the_tree(tmp_path / "tree")
    monkeypatch.chdir(tree)
    monkeypatch.setenv("PYTHONPATH", str(tree))
    # Modules that the page has its reader write.
    monkeypatch.syspath_prepend(tree)
    wrong = walk(page, tree)
    assert not wrong, "\n\n".join(wrong)


def test_what_is_compared():
    assert same("a 1\n...\nz\n", "a 1\nb\nc\nz\n")
    assert same(
        "15 tasks in 175 s; results_2026-11-27T19-18-03.json", "15 tasks in 4 s; results_2027-01-01T00-00-00.json"
    )
    assert not same("P@1 of 50 0.28", "P@1 of 50 0.27")
    assert not same("a\nz\n", "a\nb\nz\n")
    assert missing("b\n...\nq\n", "a\nb\nc\n") == ["q"]


def test_the_pages_that_are_walked_are_there():
    assert {f"docs/tutorials/{path.name}" for path in (ROOT / "docs" / "tutorials").glob("*.md")} <= set(WALKED)
