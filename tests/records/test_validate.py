"""Validation: an honest record passes; each lie, hidden character and hostile name is found and named."""

import re

import numpy as np
import pytest

from tests.support import changed_columns, scored_record, words_of
from tli_bench.base.wording import unseen, visible
from tli_bench.lexicon.pairs import Split
from tli_bench.models.identity import AdapterRef
from tli_bench.records import RecordStore
from tli_bench.records.columns import Sums, kept
from tli_bench.records.validate import validate_record

ADAPTER = AdapterRef(name="tli", sha256="a" * 64, recipe="tli", rank=4, trainable_parameters=1000)


def changed(record, **fields):
    """The record with fields replaced, checked by the schema again."""
    return type(record).model_validate(record.model_dump() | fields)


def with_signature(record, **fields):
    return changed(record, signature=record.signature.model_dump() | fields)


def test_an_honest_record_has_no_errors():
    assert validate_record(scored_record()).errors == ()
    assert validate_record(scored_record(adapter=ADAPTER, base_scores=(0.0, 0.1, 0.1))).errors == ()


@pytest.mark.parametrize("measure", ["gap", "cosine", "mismatched", "p1", "mrr"])
def test_an_aggregate_that_its_words_do_not_give_is_named(measure):
    record = scored_record(hits=[True, False, True])
    curves = record.model_dump()["curves"]
    curves[Split.CONTROL]["base"][measure][1] += 0.01
    errors = validate_record(changed(record, curves=curves)).errors
    assert any(f"control/base/layer 1: {measure} is given as" in line for line in errors)


def test_a_layer_chosen_on_other_than_dev_is_found():
    record = scored_record()
    curves = record.model_dump()["curves"]
    curves[Split.DEV]["base"]["mrr"][0] = 1.0
    errors = validate_record(changed(record, curves=curves)).errors
    assert any("best layer of base is given as 1, but the dev split gives 0" in line for line in errors)


def test_a_missing_word_is_counted():
    record = scored_record()
    shorter = changed_columns(record, lambda columns: {name: column[:-1] for name, column in columns.items()})
    words = {split: words_of(split, 2) for split in record.words}
    errors = validate_record(changed(shorter, words={k: v.model_dump() for k, v in words.items()})).errors
    assert any("control: 2 words, but n says 3" in line for line in errors)
    with pytest.raises(ValueError, match="column dev/base/layer 1/cosine has 3 values for 2 words"):
        changed(record, words={k: v.model_dump() for k, v in words.items()})


def test_a_column_that_a_figure_rests_on_may_not_be_left_out():
    record = changed_columns(
        scored_record(), lambda columns: {name: column for name, column in columns.items() if name != "p1"}
    )
    errors = validate_record(record).errors
    assert "control/base/layer 1: no column of p1, which is given as 1.000000" in errors


def test_a_concept_that_occurs_twice_is_found():
    record = scored_record()
    words = record.words[Split.CONTROL].model_copy(update={"concepts": ("a", "a", "b")})
    errors = validate_record(record.model_copy(update={"words": record.words | {Split.CONTROL: words}})).errors
    assert "control: a concept occurs twice" in errors


def test_sums_in_the_place_of_a_large_column_are_held_against_the_figures(monkeypatch):
    monkeypatch.setattr("tli_bench.records.columns.MAX_COLUMN", 2)
    record = scored_record(hits=[True, False, True])
    summed = changed_columns(record, lambda columns: {name: kept(np.array(column)) for name, column in columns.items()})
    summed = changed(summed)
    assert isinstance(summed.held("gap", Split.CONTROL, "base"), Sums)
    assert summed.column("gap", Split.CONTROL, "base") is None
    for measure in ("gap", "p1"):
        exact = record.standard_error(measure, Split.CONTROL, "base")
        assert summed.standard_error(measure, Split.CONTROL, "base") == pytest.approx(exact, rel=1e-9)
    assert validate_record(summed).errors == ()
    curves = summed.model_dump()["curves"]
    curves[Split.CONTROL]["base"]["gap"][1] += 0.01
    assert any("gap is given as" in line for line in validate_record(changed(summed, curves=curves)).errors)


def test_an_impossible_value_is_found_by_its_measures_range():
    record = scored_record()
    columns = record.model_dump()["columns"]
    columns[Split.CONTROL]["base"]["1"]["cosine"][2] = 1.5
    columns[Split.CONTROL]["base"]["1"]["mrr"][0] = 9.0
    errors = validate_record(changed(record, columns=columns)).errors
    assert any("'control2' has cosine 1.5, outside [-1, 1]" in line for line in errors)
    assert any("'control0' has mrr 9, outside [0, 1]" in line for line in errors)


def test_a_comparison_is_computed_again():
    record = scored_record(adapter=ADAPTER, base_scores=(0.0, 0.1, 0.1))
    lie = {
        "split": "control", "layer": "1", "quantity": "gap", "n": 3, "before": 0.2 / 3, "after": 0.2, "difference": 0.5,
        "ci": None, "t": None, "p": None, "d_z": None,
    }  # fmt: skip
    errors = validate_record(changed(record, comparisons=[lie])).errors
    assert len(errors) == 1
    assert "difference is given as 0.5, but the columns give 0.1333" in errors[0]


@pytest.mark.parametrize(("ci", "fair"), [((0.1, 0.2), True), ((0.101, 0.199), True), ((0.14, 0.16), False)])
def test_an_interval_may_differ_by_the_luck_of_the_draws_only(ci, fair):
    record = scored_record(adapter=ADAPTER, base_scores=(0.0, 0.1, 0.1))
    item = {
        "split": "control", "layer": "1", "quantity": "gap", "n": 3, "before": 0.2 / 3, "after": 0.2, "difference": 0.4 / 3,
        "ci": ci, "t": None, "p": None, "d_z": None,
    }  # fmt: skip
    errors = validate_record(changed(record, comparisons=[item])).errors
    assert errors == () if fair else "ci is given as [0.1400, 0.1600]" in errors[0]


def test_words_on_both_sides_need_the_leaking_flag():
    record = scored_record()
    leaking = record.model_copy(update={"words": record.words | {Split.TRAIN: record.words[Split.CONTROL]}})
    assert any("trained and control at once" in line for line in validate_record(leaking).errors)
    flagged = with_signature(leaking, leaking=True, allow_leakage=True)
    assert not any("at once" in line for line in validate_record(flagged).errors)
    assert any(
        "leakage was not allowed" in line for line in validate_record(with_signature(record, leaking=True)).errors
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"model": "org/x\u202egnp"}, "U\\+202E"),
        ({"model": "../../etc/passwd"}, "`..` path part"),
        ({"model": "m" * 5000}, "5,000 characters"),
        ({"revision": "a\x00b"}, "U\\+0000"),
        ({"lexicon_hash": "xyz"}, "not a SHA-256"),
        ({"adapter": ADAPTER.model_copy(update={"trained_on": "a\u202eb"})}, "adapter.trained_on .*U\\+202E"),
        ({"adapter": ADAPTER.model_copy(update={"loss_layers": ("2", "x\x00")})}, "adapter.loss_layers .*U\\+0000"),
        ({"adapter": ADAPTER.model_copy(update={"recipe": "r" * 5000})}, "adapter.recipe has 5,000 characters"),
    ],
)
def test_hostile_names_are_refused(fields, message):
    errors = validate_record(with_signature(scored_record(), **fields)).errors
    assert any(re.search(message, line) for line in errors), errors


def test_control_words_that_were_trained_are_left_out_and_few():
    record = scored_record()
    concept = record.words[Split.CONTROL].concepts[0]
    scored = validate_record(with_signature(record, seen_control=(concept,))).errors
    assert any(f"1 control words were left out as trained, yet they are scored ({concept})" in line for line in scored)
    half = tuple(f"w{i}" for i in range(record.signature.n["control"]))
    assert any(
        "above 10% such a run is refused" in e
        for e in validate_record(with_signature(record, seen_control=half)).errors
    )
    hidden = validate_record(with_signature(record, seen_control=("a\u202eb",))).errors
    assert any("signature.seen_control 0" in line for line in hidden)
    forged = validate_record(with_signature(record, trained_words="mine")).errors
    assert any("signature.trained_words 'mine' is not a SHA-256" in line for line in forged)


def test_an_unknown_training_is_a_reservation():
    noted = validate_record(with_signature(scored_record(), training_unknown=True)).notes
    assert any(line.startswith("nobody says which words were trained") for line in noted)


def test_dates_and_tasks_are_checked():
    errors = validate_record(changed(scored_record(), created="yesterday", task="tli_alignment_other")).errors
    assert any("not an ISO 8601" in line for line in errors)
    assert any("is not a task of the pair" in line for line in errors)


def test_a_record_that_claims_the_core_lexicon_is_held_against_it():
    from tli_bench.lexicon import load_lexicon

    lexicon = load_lexicon("core", pair="swh-eng")
    record = scored_record(lexicon=f"{lexicon.name} {lexicon.version}")
    assert any("lexicon_hash 000000000000 is not that of core" in line for line in validate_record(record).errors)
    true_hash = with_signature(record, lexicon_hash=lexicon.content_hash)
    errors = validate_record(true_hash).errors
    assert any("scored words are not in core" in line for line in errors)
    assert any("n.control is 3, but core" in line for line in errors)


def test_reservations_are_notes_not_errors():
    found = validate_record(scored_record(skip_gate=True, limit=3, model="/home/me/model"))
    assert found.ok
    assert any("sanity gate skipped" in line for line in found.notes)
    assert any("only the first 3 words" in line for line in found.notes)
    assert any("local folder" in line for line in found.notes)


def test_unseen_characters_are_spelt_out():
    assert unseen("a\u202eb\u200bc") == ["U+202E", "U+200B"]
    assert visible("a\u202eb\nc") == "a<U+202E>b c"
    assert visible("x" * 500, limit=10) == "x" * 9 + "…"
    assert visible("Kiswahili çğüöıİ кыргыз ئۇيغۇر") == "Kiswahili çğüöıİ кыргыз ئۇيغۇر"


def test_the_store_keeps_hostile_records_inside(tmp_path):
    store = RecordStore(tmp_path / "in", compressed=True)
    path = store.write(scored_record(model="../../../x", pair="swh_Latn-eng_Latn"))
    assert path.resolve().is_relative_to((tmp_path / "in").resolve())
