"""Tables in docs/ that are made from the code are current, and a marked block is all that is replaced."""

import re

import pytest

from tests.command import require_light
from tli_bench.measures.table import measure_lines
from tools.docs_tables import DOCS, TABLES, main, with_tables


def test_the_committed_tables_are_current():
    assert main(["--check"]) == 0, "run `make docs-tables` and commit the result"
    pages = {path.relative_to(DOCS).as_posix(): path.read_text(encoding="utf-8") for path in DOCS.rglob("*.md")}
    assert all(any(f"<!-- table: {name}," in page for page in pages.values()) for name in TABLES)
    text = pages["measures.md"]
    assert re.search(r"^\| `p1_of_50` \| P@1 of 50 \| .*\. \| higher \| 0 to 1 \| centre, vectors \|", text, re.M)
    assert re.search(r"^\| `gap` \| gap \| .*\. \| – \| −2 to 2 \| vectors \|", text, re.M)


def test_only_the_marked_block_is_replaced():
    page = "before\n<!-- table: measures, written by make docs-tables -->\nold\n<!-- end of table -->\nafter | x |\n"
    new = with_tables(page)
    assert new.startswith("before\n<!-- table: measures")
    assert new.endswith("<!-- end of table -->\nafter | x |\n")
    assert "old" not in new
    assert with_tables(new) == new
    with pytest.raises(KeyError, match="nothing"):
        with_tables(page.replace("measures", "nothing"))


def test_the_command_lists_every_measure_without_torch():
    shown = require_light(["ls", "measures"])
    for line in measure_lines():
        assert any(row.startswith(f"{line.name} ") and line.definition in row for row in shown.splitlines()), line.name
    assert re.search(r"^gap .*\(needs vectors\)$", shown, re.M)
    assert re.search(r"^evs .*\(needs vectors\), computed when asked for$", shown, re.M)
