"""Third-party text made harmless for each format that it is written into."""

import re
from functools import lru_cache

from tli_bench.base.wording import visible

_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "–": "--",
    "−": "$-$",
    "…": r"\ldots{}",
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def markdown(text: str, *, limit: int = 120) -> str:
    """One table cell of GitHub Markdown: no markup, no HTML, no link, no column break."""
    line = visible(text, limit=limit).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    line = re.sub(r"([\\`*_\[\]|~#!$])", r"\\\1", line)
    # GitHub turns bare addresses into links; a zero-width word joiner would hide in copies, an entity does not.
    return re.sub(r"(?i)(https?|ftp|www)([:.])", lambda m: f"{m[1]}&#{ord(m[2])};", line).replace("@", "&#64;")


def latex(text: str, *, limit: int = 120) -> str:
    """Text for a LaTeX table cell: no command, no comment, no column break."""
    return "".join(_LATEX.get(character, character) for character in visible(text, limit=limit))


@lru_cache(maxsize=4096)
def csv_cell(text: str, *, limit: int = 500) -> str:
    """Text for a CSV cell that no spreadsheet takes for a formula: a quote is put before `=`, `+`, `-` and `@`."""
    line = visible(text, limit=limit)
    return f"'{line}" if line.startswith(_FORMULA) else line
