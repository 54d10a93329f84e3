"""The controls of a unit that concern the framing of its words, and the same words inside a sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from torch import Tensor

from tli_bench.evaluate.analysis import Analysis
from tli_bench.evaluate.confirmation import confirmation, stacked
from tli_bench.evaluate.own_sink import own_sink_share
from tli_bench.evaluate.unknown import token_counts
from tli_bench.lexicon import Lexicon
from tli_bench.lexicon.normalise import match_key
from tli_bench.lexicon.pairs import Split, WordPair
from tli_bench.records.controls import TokenCounts
from tli_bench.records.framing import warnings_of
from tli_bench.vectors.responses import ProtocolStates


@dataclass(frozen=True, slots=True)
class Framed:
    """What the words of a unit became under its protocol, and inside a sentence.

    measured: one for each pair, in order. reference: of some pairs, inside a sentence, for the ordinary norm. confirming: by
    position, of the control and dev pairs inside a sentence. missing: why there is no confirmation where one was asked for.
    """

    measured: Sequence[ProtocolStates]
    reference: Sequence[ProtocolStates] = ()
    confirming: Mapping[int, ProtocolStates] = field(default_factory=dict)
    missing: str = ""


def with_framing(
    analysis: Analysis, pairs: Sequence[WordPair], gold: Tensor, lexicon: Lexicon, framed: Framed
) -> Analysis:
    """The analysis with its controls of framing filled in. pairs, gold: as it was made from."""
    reasons = [framed.missing] if framed.missing else []
    rows = list(framed.confirming)
    confirmed = {}
    if rows:
        states = {
            state: stacked([framed.confirming[i].vectors[state] for i in rows]) for state in framed.measured[0].vectors
        }
        confirmed = confirmation([pairs[i] for i in rows], states, gold[rows][:, rows], reasons=reasons)
    controls = analysis.controls.model_copy(
        update={
            "own_sink": _own_sink(framed, analysis.layers),
            "unknown": _unknown(framed, pairs, lexicon),
            "confirmation": confirmed,
        }
    )
    controls = controls.model_copy(update={"warnings": list(warnings_of(controls))})
    return replace(analysis, controls=controls, unscored=[*analysis.unscored, *dict.fromkeys(reasons)])


def _own_sink(framed: Framed, layers: Sequence[str]) -> float | None:
    """The share of the words of all pairs, in the state where it is larger."""
    found = []
    for state in framed.measured[0].vectors:
        words, carried = (
            [norms for pair in side for norms in pair.own_norms(state)] for side in (framed.measured, framed.reference)
        )
        found.append(own_sink_share(words, carried, layers))
    known = [share for share in found if share is not None]
    return max(known) if known else None


def _unknown(framed: Framed, pairs: Sequence[WordPair], lexicon: Lexicon) -> dict[Split, dict[str, TokenCounts]]:
    """Counts by split and language; a split's words are one pool."""
    found: dict[Split, dict[str, TokenCounts]] = {}
    for split in Split:
        rows = [i for i, pair in enumerate(pairs) if pair.split is split]
        if not rows:
            continue
        words = {
            lexicon.source_language: [pairs[i].source for i in rows],
            lexicon.target_language: [pairs[i].target for i in rows],
        }
        found[split] = {
            language.code: token_counts(
                [framed.measured[i].encoded[side] for i in rows], [match_key(form, language) for form in forms]
            )
            for side, (language, forms) in enumerate(words.items())
        }
    return found
