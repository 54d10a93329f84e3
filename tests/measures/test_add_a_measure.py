"""The steps of CONTRIBUTING.md that add a measure, taken in a copy of the tree."""

import json
import os
import re
import subprocess
import sys

import pytest

from tests.walk import commands, copy_of_the_tree, section, touched, type_in

TITLE = "Add a measure"
NAME = "cosine_squared"

pytestmark = pytest.mark.slow  # the walk scores a copy of the tree


def snippets():
    """What the section says to write: path, the line it goes under, and the text."""
    found = re.findall(
        r"^In `([^`]+)`, (?:at the beginning of|under) `([^`]+)`:\n```\w+\n(.*?)^```", section(TITLE), re.M | re.S
    )
    assert len(found) == 2
    return found


@pytest.fixture(scope="module")
def walked(tmp_path_factory):
    """A copy of the tree after the documented steps, and what each command printed, by its first words."""
    tree = copy_of_the_tree(tmp_path_factory.mktemp("walk"))
    for path, place, text in snippets():
        source = (tree / path).read_text(encoding="utf-8")
        line = re.search(rf"^(?:def )?{re.escape(place)}\b.*$", source, re.M)
        assert line, f"{path} has no {place}"
        (tree / path).write_text(f"{source[: line.end()]}\n{text}{source[line.end() :]}", encoding="utf-8")
    return tree, {" ".join(line.split()[:3]): type_in(tree, line) for line in commands(TITLE)}


def test_one_file_and_its_docs_are_touched(walked):
    assert touched(walked[0]) == ["docs/measures.md", "tli_bench/measures/library.py"]


def test_it_is_listed_documented_shown_checked_compared_and_drawn(walked):
    tree, printed = walked
    assert re.search(rf"^{NAME} +squared cosine +higher", printed["tli-bench ls measures"], re.M)
    page = (tree / "docs" / "measures.md").read_text(encoding="utf-8")
    assert f"| `{NAME}` | squared cosine | Mean squared cosine of translations. | higher | 0 to 1 | vectors |" in page
    assert "squared cosine" in printed["tli-bench run --pairs"].split("layer", 1)[1]
    assert "1 valid, 0 invalid" in printed["tli-bench results validate"]
    compared = printed["tli-bench compare runs/mine@base"]
    assert "squared cosine on control words, A = runs/mine@base" in compared
    assert compared.startswith("nothing is concluded: P@1 of 50 decides")  # 20 words are too few for it
    assert printed["tli-bench plot curves"].count(f"curves-{NAME}") == 2
    (results,) = (tree / "runs" / "mine").glob("results_*.json")
    told = json.loads(results.read_text())
    (metrics,), (better,) = told["results"].values(), told["higher_is_better"].values()
    assert 0 < metrics[f"control_{NAME},none"] < 1
    assert better[f"control_{NAME}"] is True


def test_the_measures_own_tests_hold_with_it(walked):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "tests/measures/test_registry.py"],
        cwd=walked[0], capture_output=True, text=True, timeout=600, env={**os.environ, "PYTHONPATH": str(walked[0])},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
