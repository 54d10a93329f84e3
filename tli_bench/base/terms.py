"""Words that tables, pages and the command line use, each with its one meaning."""

from types import MappingProxyType

TRAINED, CONTROL, GAIN, BEST_LAYER, VERDICT = "trained", "control", "gain", "best layer", "verdict"

TERMS = MappingProxyType(
    {
        TRAINED: "the words of the train split, where the scored adapter (or the model itself, where tli-bench fine-tuned it) was trained "
        "on this language pair and saw at least half of them; on any other pair, or after a training on another list, the same split was "
        "never trained",
        CONTROL: "words that no training of the scored adapter saw, in any form, variant or root: what conclusions are about; "
        "also called unseen words",
        GAIN: "what the adapter changed: the score with it minus the score without it, from one load of the model, at one and the "
        "same layer, on control words unless others are named",
        BEST_LAYER: "the layer with the highest P@1 of 50 on the dev words of the state that is read; never chosen on control words; the "
        "last layer where no dev words can be scored",
        VERDICT: "what fixed rules say of a change, or of a model by itself; its intervals hold together over all layers that are judged, "
        "and so are wider than those of a single layer, which stand in tables",
    }
)
"""Definitions by term, each a sentence without its full stop."""


def terms_markdown() -> str:
    """The definitions as a Markdown table."""
    lines = [f"| **{term}** | {definition} |" for term, definition in TERMS.items()]
    return "\n".join(["| word | what it means here |", "|---|---|", *lines])
