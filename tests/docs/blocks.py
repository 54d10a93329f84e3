"""The fenced blocks of a page, and what each is for.

    ```sh                      commands, which are run
    ```python                  run in one namespace per page
    ```text                    right after commands: what the last of them prints; `...` stands for anything.
                               further down: lines that it prints among others
    ```yaml title="FILE"       written to FILE before the next commands; any language
    ```                        only to be looked at

A block that cannot be run here says what it needs, in a comment on the line before it: `<!-- needs: a GPU -->`.
"""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("README.md", *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")))
NEEDS = frozenset(
    {"a GPU", "the Hub", "official files", "a real checkpoint", "records of your own", "minutes", "a night"}
)
"""What a block may ask for; `minutes`: it runs here, and a slow test or CI runs the same."""
_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<text>.*?)^(?P=indent)```$", re.M | re.S
)
_NEEDS = re.compile(r"<!-- needs: ([^>]+?) -->\n *\Z")


class Block(NamedTuple):
    """line: where it stands in the page. needs: None if it can be run here. printed: what its last command prints, where the page tells."""

    page: str
    line: int
    language: str
    title: str | None
    text: str
    needs: str | None
    printed: str | None = None


def blocks(page: str) -> list[Block]:
    """Every fenced block of a page, in order; a `text` block right after commands is part of theirs."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found: list[Block] = []
    end = 0
    for fence in _FENCE.finditer(text):
        body = re.sub(rf"^{fence['indent']}", "", fence["text"], flags=re.M)
        between, end = text[end : fence.start()], fence.end()
        if fence["language"] == "text" and found and found[-1].language in ("sh", "python") and not between.strip():
            found[-1] = found[-1]._replace(printed=body)
            continue
        asked = _NEEDS.search(text[: fence.start()])
        line = text.count("\n", 0, fence.start()) + 1
        found.append(Block(page, line, fence["language"], fence["title"], body, asked[1] if asked else None))
    return found


def command_lines(block: Block) -> list[str]:
    """The commands of an `sh` block: comments left out, lines that end in a backslash joined."""
    joined = block.text.replace("\\\n", " ")
    lines = (re.sub(r"(^|\s)#\s.*", "", line).strip() for line in joined.splitlines())
    return [line for line in lines if line]
