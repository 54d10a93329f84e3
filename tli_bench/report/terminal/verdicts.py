"""Verdicts with a colour by kind; the kind stands in the line itself, so that nothing rests on the colour."""

from rich.text import Text

from tli_bench.stats.verdict import Verdict, VerdictKind

_COLOURS = {
    VerdictKind.GENERALISES: "green",
    VerdictKind.ALIGNED: "green",
    VerdictKind.DAMAGE: "red",
    VerdictKind.NOT_ALIGNED: "red",
}
"""Green for what is claimed, red for what speaks against it; all that claims neither is amber."""


def verdict_style(kind: VerdictKind) -> str:
    """The style of a verdict's kind."""
    return f"bold {_COLOURS.get(kind, 'yellow')}"


def verdict_line(before: str, verdict: Verdict, *, style: str = "") -> Text:
    """The verdict after `before`, its kind coloured where the line begins with it."""
    kind, colon, rest = str(verdict).partition(":")
    if kind != verdict.kind or not colon:
        return Text(f"{before}{verdict}", style)
    return Text(before, style).append(kind, verdict_style(verdict.kind)).append(f":{rest}", style)
