"""Which words of a record were trained on: the train split of a pair that the scored adapter was not trained on was not."""

from collections.abc import Mapping

from tli_bench.base.terms import CONTROL, TRAINED
from tli_bench.languages import pairs_of
from tli_bench.lexicon.pairs import Split
from tli_bench.models.identity import AdapterRef, TrainingRef
from tli_bench.records.signature import Signature
from tli_bench.records.task_pairs import unordered

UNTRAINED = "train split"
"""What the train split is called where nothing was trained on it."""


def trained_on_pair(pair: str, *trainings: AdapterRef | TrainingRef | None) -> bool:
    """Whether one of these trainings was on the language pair, in either direction.

    One that does not say on which pair it was may have been on this one: it is taken for that, and flagged elsewhere.
    """
    trained = [training.trained_on for training in trainings if training]
    return any(known is None or unordered(pair) in map(unordered, pairs_of(known)) for known in trained)


def are_trained(seen: int | None, scored: int) -> bool:
    """Whether words of a pair that a training was on are called trained: it saw at least half of the `scored` ones.

    A training on a list of one's own saw other words of the same languages. seen: None where that is not known.
    """
    return seen is None or 2 * seen >= scored


def trained_here(signature: Signature) -> bool:
    """Whether the train split of the scored pair holds trained words: a training was on the pair, and on these words of it."""
    on_pair = trained_on_pair(signature.pair, signature.adapter, signature.training)
    return on_pair and are_trained(signature.seen_train, signature.n.get(Split.TRAIN, 0))


def split_names(signature: Signature) -> Mapping[Split, str]:
    """What people read for the words of each split."""
    return {
        Split.TRAIN: TRAINED if trained_here(signature) else UNTRAINED,
        Split.DEV: "dev",
        Split.CONTROL: CONTROL,
    }
