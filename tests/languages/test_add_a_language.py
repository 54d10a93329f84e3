"""A language in the core lexicon, by the steps of CONTRIBUTING.md in a copy of the tree."""

import re

import pytest

from tests.languages.kinyarwanda import CODE, WORDS
from tests.walk import commands, copy_of_the_tree, section, touched, type_in

TITLE = "Add a language"
FILE, TABLE = f"tasks/languages/{CODE}.yaml", "tasks/lexicon/core.tsv"

pytestmark = pytest.mark.slow  # the walk scores a copy of the tree


def add_column(path):
    """The column of the language before the last one, with the words that we have."""
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    english = rows[0].index("eng_Latn")
    cells = [CODE, *(WORDS.get(row[english].split("|")[0], "") for row in rows[1:])]
    rows = [[*row[:-1], cell, row[-1]] for row, cell in zip(rows, cells, strict=True)]
    path.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
    return sum(map(bool, cells)) - 1


@pytest.fixture(scope="module")
def walked(tmp_path_factory):
    """A copy of the tree after the documented steps, how many words the column holds, and what each command printed."""
    tree = copy_of_the_tree(tmp_path_factory.mktemp("walk"))
    shown = dict(re.findall(r"^`([^`\n]+)`[^\n]*:\n```yaml\n(.*?)^```", section(TITLE), re.MULTILINE | re.DOTALL))
    assert list(shown) == [FILE]
    (tree / FILE).write_text(shown[FILE], encoding="utf-8")
    count = add_column(tree / TABLE)
    return tree, count, [type_in(tree, line) for line in commands(TITLE)]


def test_two_files_are_written_and_the_rest_follows(walked):
    tree, count, _ = walked
    assert count >= 30
    made = {"tasks/lexicon/README.md", "tasks/lexicon/version.yaml"}
    assert set(touched(tree)) == {FILE, TABLE, *made}
    assert f"| Kinyarwanda | `{CODE}` | {count} |" in (tree / "tasks/lexicon/README.md").read_text(encoding="utf-8")


def test_its_words_are_checked_and_scored(walked):
    tree, _, (_, checked, _) = walked
    assert "clean: no leakage, no wrong script" in checked
    assert list((tree / "runs" / "kin").rglob(f"{CODE}-eng_Latn*"))


def test_the_splits_of_the_others_stay(walked):
    def published(path):
        rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
        return [(row[0], *row[4:15], row[-1]) for row in rows]

    from tests.walk import ROOT

    assert published(walked[0] / TABLE) == published(ROOT / TABLE)
