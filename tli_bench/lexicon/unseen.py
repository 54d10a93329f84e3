"""Control words must be unseen: which of them a training covers, by their forms, whatever list it was on."""

from collections.abc import Iterable

from tli_bench.base.errors import AdapterError
from tli_bench.lexicon.lexicon import Lexicon
from tli_bench.lexicon.pairs import Split, WordPair
from tli_bench.lexicon.trained import Trained

MOST_SEEN = 0.1
"""The share of control words that may be left out; a training that covers more of them is refused."""


def seen_control(lexicon: Lexicon, trained: Trained) -> tuple[str, ...]:
    """Control concepts of which the training saw a word, as `seen_among` says."""
    return seen_among(lexicon.of(Split.CONTROL), lexicon, trained)


def seen_among(pairs: Iterable[WordPair], lexicon: Lexicon, trained: Trained) -> tuple[str, ...]:
    """Concepts of which the training saw a word: a form, a variant or one of its root family, on either side."""
    source, target = lexicon.source_language, lexicon.target_language
    known = trained.read_as(source, target)
    return tuple(
        pair.concept
        for pair in pairs
        if any(known.saw(form, source) for form in pair.sources)
        or any(known.saw(form, target) for form in pair.targets)
    )


def left_out_of_control(lexicon: Lexicon, trained: Trained, *, name: str) -> tuple[str, ...]:
    """The control concepts that the training saw, to be left out of the score of `name`.

    Raises AdapterError where they are more than a tenth of the control words.
    """
    seen, control = seen_control(lexicon, trained), lexicon.of(Split.CONTROL)
    if len(seen) > MOST_SEEN * len(control):
        raise AdapterError(
            f"{name} was trained on {len(seen)} of the {len(control)} control words of {lexicon.name} (first: "
            f"{', '.join(seen[:3])}; by form, variant or root), so they are not unseen: up to {MOST_SEEN:.0%} are left "
            "out of the score, more are refused; retrain it on this lexicon's train split, or pass --allow-leakage to "
            "score it anyway and have every score say so"
        )
    return seen
