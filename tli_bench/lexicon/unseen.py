"""Control words must be unseen: refuse an adapter whose training covers them."""

from collections.abc import Mapping
from typing import Any

from tli_bench.base.errors import AdapterError
from tli_bench.lexicon import Lexicon, match_key
from tli_bench.lexicon.pairs import Split


def trained_concepts(card: Mapping[str, Any] | None) -> frozenset[str]:
    """Concept ids that an adapter card says were trained; empty for an adapter without a card of ours."""
    listed = (card or {}).get("trained_concepts")
    return frozenset(str(concept) for concept in listed) if isinstance(listed, list) else frozenset()


def seen_control(lexicon: Lexicon, trained: frozenset[str]) -> list[str]:
    """Control concepts that were trained: by id, or, in a list with other ids, by a form that is a trained id."""
    found = []
    for pair in lexicon.of(Split.CONTROL):
        names = {pair.concept}
        names |= {match_key(form, lexicon.source_language) for form in pair.sources}
        names |= {match_key(form, lexicon.target_language) for form in pair.targets}
        # Within one lexicon ids are exact; a form may be the id of another concept there.
        shared = {pair.concept} & trained if lexicon.name == "core" else names & trained
        if shared:
            found.append(pair.concept)
    return found


def require_unseen(lexicon: Lexicon, trained: frozenset[str], *, adapter: str) -> None:
    """Raise AdapterError when control words of `lexicon` were in the adapter's training."""
    seen = seen_control(lexicon, trained)
    if seen:
        raise AdapterError(
            f"{adapter} was trained on {len(seen)} of the {len(lexicon.of(Split.CONTROL))} control words of "
            f"{lexicon.name} (first: {', '.join(seen[:3])}), so they are not unseen; retrain it on this lexicon's "
            "train split, or pass --allow-leakage to score it anyway and have every score say so"
        )
