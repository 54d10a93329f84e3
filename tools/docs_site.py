"""A hook of mkdocs: links that leave docs/ lead to the repository, or are plain names where it has no address."""

import posixpath
import re
from typing import Any

_LINK = re.compile(r"\[([^\]]*)\]\((\.\.?/[^)\s#]*)(#[^)\s]*)?\)")


def on_page_markdown(markdown: str, *, page: Any, config: Any, **_: Any) -> str:
    """The page's text with every relative link that leaves docs/ replaced; called by mkdocs for each page."""
    return rewritten(markdown, page.file.src_uri, config.get("repo_url") or "")


def rewritten(markdown: str, source: str, repository: str) -> str:
    """source: the page's path in docs/. repository: its address, without a slash at the end; empty if there is none."""

    def link(found: re.Match[str]) -> str:
        text, target, anchor = found[1], found[2], found[3] or ""
        path = posixpath.normpath(posixpath.join("docs", posixpath.dirname(source), target))
        if path.startswith("docs/"):
            return found[0]
        return f"[{text}]({repository}/blob/main/{path}{anchor})" if repository else text

    return _LINK.sub(link, markdown)
