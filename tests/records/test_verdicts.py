"""Verdicts of records from before it was asked on which pair an adapter was trained."""

import numpy as np
import pytest

from tests.support import make_signature, pseudo_of, scored_record
from tli_bench.lexicon.pairs import Split
from tli_bench.models.identity import AdapterRef, TrainingRef
from tli_bench.records.trained import split_names, trained_here
from tli_bench.records.verdicts import verdicts_of
from tli_bench.stats.verdict import Verdict, VerdictKind

OLD = {
    "1": Verdict(kind=VerdictKind.MEMORISES, text="memorises: P@1 of 50 of unseen words +0.000, of trained words +0.4")
}


def old_record(trained_on, kept=True):
    """Control words that do not move, train words that do, and the verdict that this was once given."""
    base = (0.4 + np.random.default_rng(0).normal(0, 0.1, 60)).tolist()
    after = (np.array(base) + np.random.default_rng(1).normal(0, 0.01, 60)).tolist()
    adapter = AdapterRef(name="a", sha256="a" * 64, trained_on=trained_on)
    record = scored_record(adapter=adapter, scores=after, base_scores=base)
    rise = {state: {"1": pseudo_of([x + by for x in base])} for state, by in (("base", 0.0), ("adapted", 0.4))}
    parts = {part: getattr(record, part) | {Split.TRAIN: rise} for part in ("columns", "pseudo")}
    parts = parts if kept else {"columns": {}, "pseudo": {}}
    return record.model_copy(
        update={"verdicts": OLD, "words": record.words | {Split.TRAIN: record.words[Split.DEV]}, **parts}
    )


@pytest.mark.parametrize("trained_on", [None, "swh_Latn-eng_Latn", "eng_Latn-swh_Latn"])
def test_on_the_pair_that_was_trained_on_it_stands(trained_on):
    record = old_record(trained_on)
    assert trained_here(record.signature)
    assert verdicts_of(record) == OLD
    assert split_names(record.signature)[Split.TRAIN] == "trained"


def test_on_another_pair_it_is_computed_again_without_trained_words():
    record = old_record("tur_Latn-eng_Latn")
    assert not trained_here(record.signature)
    (found,) = verdicts_of(record).values()
    assert found.kind is VerdictKind.NO_CHANGE
    assert "trained" not in found.text
    assert split_names(record.signature)[Split.TRAIN] == "train split"
    assert verdicts_of(old_record("tur_Latn-eng_Latn", kept=False)) == OLD


@pytest.mark.parametrize(
    ("trained_on", "expected"),
    [
        ("swh_Latn-eng_Latn", True),
        ("eng_Latn-swh_Latn", True),
        ("tur_Latn-eng_Latn", False),
        (None, True),
        ("x", False),
    ],
)
def test_words_are_trained_words_only_on_the_pair_that_was_trained(trained_on, expected):
    adapter = AdapterRef(name="a", sha256="a" * 64, trained_on=trained_on)
    assert trained_here(make_signature(adapter=adapter)) is expected
    training = TrainingRef(kind="full", name="f", base="m", trained_on=trained_on)
    assert trained_here(make_signature(training=training)) is expected


def test_a_model_as_it_came_has_no_trained_words():
    assert trained_here(make_signature()) is False


@pytest.mark.parametrize(("seen", "expected"), [(None, True), (0, False), (9, False), (10, True), (20, True)])
def test_a_training_on_the_pair_but_on_other_words_leaves_no_trained_words(seen, expected):
    adapter = AdapterRef(name="a", sha256="a" * 64, trained_on="swh_Latn-eng_Latn")
    signature = make_signature(adapter=adapter, n={"train": 20, "control": 20}, seen_train=seen)
    assert trained_here(signature) is expected
    assert split_names(signature)[Split.TRAIN] == ("trained" if expected else "train split")
