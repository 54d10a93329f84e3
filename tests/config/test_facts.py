"""The table of facts and the signature hold the same fields, and the lists that readers use follow from the table."""

import pytest

from tests.support import make_signature
from tli_bench.config.facts import (
    AGREE,
    BY_NAME,
    FACTS,
    IDENTITY,
    PROMPTING,
    flags_of,
    marks_of,
    notes_of,
    same_unit,
)
from tli_bench.models.identity import AdapterRef
from tli_bench.records.schema import DownstreamRecord, Signature


def test_every_field_of_a_signature_is_declared_and_nothing_else():
    assert len(BY_NAME) == len(FACTS) + len(PROMPTING)
    assert {fact.name for fact in FACTS} == set(Signature.model_fields)
    assert {fact.name for fact in PROMPTING} <= set(DownstreamRecord.model_fields) - set(Signature.model_fields)


def test_what_must_agree_to_be_compared_and_to_be_reused():
    assert {"protocol", "lexicon_hash", "pair", "n", "limit", "leaking", "measures"} <= set(AGREE)
    assert not {"model", "adapter", "dtype", "seed"} & set(AGREE)  # models are what is compared
    assert not {"layers", "n"} & set(IDENTITY)  # unknown before the unit has run


@pytest.mark.parametrize("name", [name for name in IDENTITY if name not in ("adapter", "training", "versions")])
def test_another_value_of_an_identity_field_is_another_unit(name):
    ours = make_signature()
    value = getattr(ours, name)
    changed = {bool: True, int: 7, tuple: ("water",)}.get(
        type(value), 7 if name in ("limit", "first_blocks") else "other"
    )
    assert same_unit(ours, make_signature())
    assert not same_unit(ours, make_signature(**{name: changed}))


def test_an_adapter_is_the_same_by_its_hash_whatever_its_name():
    first, renamed = (AdapterRef(name=name, sha256="a" * 64) for name in ("one", "two"))
    assert same_unit(make_signature(adapter=first), make_signature(adapter=renamed))
    assert not same_unit(make_signature(adapter=first), make_signature(adapter=None))


def test_flags_and_notes_of_a_run():
    assert flags_of(make_signature()) == notes_of(make_signature()) == ()
    raised = {"limit": 5, "skip_gate": True, "any_base": True, "training_unknown": True}
    flagged = make_signature(**raised, adapter=AdapterRef(name="one", sha256="a" * 64))
    assert flags_of(flagged) == ("training unknown", "skip_gate", "any_base", "limit 5")
    assert flags_of(flagged, adapter=False) == ("skip_gate", "limit 5")
    # Without an adapter it is the model itself that nobody knows.
    assert flags_of(make_signature(training_unknown=True), adapter=False) == ("training unknown",)
    assert notes_of(flagged)[-1] == "only the first 5 words: shown without a rank"
    assert len(notes_of(flagged)) == 4


def test_marks_keep_runs_apart_by_name():
    assert marks_of(make_signature()) == ()
    assert marks_of(make_signature(limit=5, dtype="bfloat16", quantization="nf4")) == ("limit5", "bfloat16", "nf4")
