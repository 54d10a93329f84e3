"""Which words of a task are also run inside a sentence: a few for the ordinary norm, control and dev words for a confirmation."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from tli_bench.evaluate.framed import Framed
from tli_bench.languages import Language, pivot
from tli_bench.lexicon.pairs import Split, WordPair
from tli_bench.vectors.protocols import Protocol, get_protocol
from tli_bench.vectors.responses import PairStates

CARRIER = "carrier:next"
SAMPLE = 30
"""How many pairs, the first of a task, say what the ordinary norm is."""
CONFIRMED = (Split.CONTROL, Split.DEV)


@dataclass(frozen=True, slots=True)
class Carried:
    """The sentences that run next to a task's protocols.

    reference: for the ordinary norm; a language without a sentence of its own gets the pivot's. confirming: None where no
    confirmation is wanted, or a language has no sentence, which `missing` then says.
    """

    reference: Protocol
    confirming: Protocol | None
    missing: str = ""

    def beside(self, protocols: Sequence[Protocol], split: str, *, sampled: bool) -> tuple[Protocol, ...]:
        """`protocols` and the sentences that a pair of `split` is run in as well, each once."""
        extra = [self.reference] if sampled else []
        if self.confirming is not None and split in CONFIRMED:
            extra.append(self.confirming)
        return tuple(dict.fromkeys([*protocols, *extra]))

    def framed(
        self, protocol: Protocol, pairs: Sequence[WordPair], responses: Sequence[PairStates], sampled: Collection[str]
    ) -> Framed:
        """What `protocol` made of the words, next to the sentences. sampled: concepts that were asked for the ordinary norm."""
        named = [response.protocols for response in responses]
        confirming = {}
        if self.confirming is not None and protocol != self.confirming:
            rows = [i for i, pair in enumerate(pairs) if pair.split in CONFIRMED]
            confirming = {i: named[i][self.confirming.id] for i in rows}
        return Framed(
            [answers[protocol.id] for answers in named],
            [named[i][self.reference.id] for i, pair in enumerate(pairs) if pair.concept in sampled],
            confirming,
            self.missing,
        )


def carried(source: Language, target: Language, *, confirm: bool) -> Carried:
    """The sentences for words of two languages."""
    known = get_protocol(CARRIER)
    sentences = dict(known.templates)
    without = [language.code for language in (source, target) if language.code not in sentences]
    if not without:
        return Carried(known, known if confirm else None)
    lent = tuple(sorted({**sentences, "*": sentences[pivot().code]}.items()))
    missing = f"confirmation: {CARRIER} has no sentence for {' and '.join(without)}" if confirm else ""
    return Carried(replace(known, name=f"{CARRIER}+{pivot().code}", templates=lent), None, missing)
