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


def trained_here(signature: Signature) -> bool:
    """Whether the train split of the scored pair holds trained words."""
    return trained_on_pair(signature.pair, signature.adapter, signature.training)


def split_names(signature: Signature) -> Mapping[Split, str]:
    """What people read for the words of each split."""
    return {
        Split.TRAIN: TRAINED if trained_here(signature) else UNTRAINED,
        Split.DEV: "dev",
        Split.CONTROL: CONTROL,
    }
