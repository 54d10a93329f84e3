"""Validation: an honest record passes; each lie, hidden character and hostile name is found and named."""

import re

import numpy as np
import pytest
from scipy import stats as sps

from tests.support import changed_columns, scored_record, words_of
from tli_bench.base.wording import unseen, visible
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.roles import HEADLINE
from tli_bench.models.identity import AdapterRef
from tli_bench.records import RecordStore
from tli_bench.records.columns import Sums, kept
from tli_bench.records.comparison import comparison
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


@pytest.mark.parametrize("measure", ["p1_of_50", "gap", "cosine", "mismatched", "p1", "mrr"])
def test_an_aggregate_that_its_words_do_not_give_is_named(measure):
    record = scored_record(hits=[True, False, True])
    curves = record.model_dump()["curves"]
    curves[Split.CONTROL]["base"][measure][1] += 0.01
    errors = validate_record(changed(record, curves=curves)).errors
    assert any(f"control/base/layer 1: {measure} is given as" in line for line in errors)


def test_a_layer_chosen_on_other_than_dev_is_found():
    record = scored_record()
    curves = record.model_dump()["curves"]
    curves[Split.DEV]["base"][HEADLINE][0] = 1.0
    errors = validate_record(changed(record, curves=curves)).errors
    assert any("best layer of base is given as 1, but the dev split gives 0" in line for line in errors)
    # A record of an earlier rule is not judged by this one.
    earlier = changed(record, curves=curves, best_layer_rule="highest dev MRR")
    assert not any("best layer" in line for line in validate_record(earlier).errors)


def test_a_missing_word_is_counted():
    record = scored_record()
    shorter = changed_columns(record, lambda columns: {name: column[:-1] for name, column in columns.items()})
    words = {split: words_of(split, 2) for split in record.words}
    errors = validate_record(changed(shorter, words={k: v.model_dump() for k, v in words.items()})).errors
    assert any("control: 2 words, but n says 3" in line for line in errors)
    with pytest.raises(ValueError, match=r"column dev/base/layer 1/\w+ has 3 values for 2 words"):
        changed(record, words={k: v.model_dump() for k, v in words.items()})


def test_a_column_that_a_figure_rests_on_may_not_be_left_out():
    record = changed_columns(
        scored_record(), lambda columns: {name: column for name, column in columns.items() if name != "p1"}
    )
    errors = validate_record(record).errors
    assert "control/base/layer 1: no column of p1, which is given as 1.000000" in errors
    assert "control/base/layer 1: no pseudo-values of p1, which is given as 1.000000" in errors


@pytest.mark.parametrize("measure", [HEADLINE, "auc_centred", "p1", "mexa"])
def test_one_pseudo_value_that_was_changed_is_found(measure):
    """What intervals, tests and ranks are computed from has the mean that the curves state."""
    record = scored_record(hits=[True, False, True])
    pseudo = record.model_dump()["pseudo"]
    pseudo[Split.CONTROL]["base"]["1"][measure][0] += 0.3
    stated = record.value(measure, Split.CONTROL, "base")
    assert validate_record(changed(record, pseudo=pseudo)).errors == (
        f"control/base/layer 1: {measure} is given as {stated:.6f}, but its pseudo-values have the mean {stated + 0.1:.6f}",
    )


def test_pseudo_values_may_not_be_left_out():
    record = scored_record()
    pseudo = record.model_dump()["pseudo"]
    del pseudo[Split.CONTROL]["base"]["1"][HEADLINE]
    assert validate_record(changed(record, pseudo=pseudo)).errors == (
        f"control/base/layer 1: no pseudo-values of {HEADLINE}, which is given as 0.200000",
    )


def test_pseudo_values_may_lie_outside_the_range_of_their_measure():
    """They are no words' own values: only their mean is one."""
    record = scored_record()
    pseudo = record.model_dump()["pseudo"]
    pseudo[Split.CONTROL]["base"]["1"][HEADLINE] = [-0.5, 1.5, -0.4]
    assert validate_record(changed(record, pseudo=pseudo)).errors == ()


def test_a_record_of_before_pseudo_values_answers_for_the_columns_that_it_has():
    record = scored_record()
    old = changed(record, pseudo={}, columns=without(record, HEADLINE, "mexa"), best_layer_rule="highest dev MRR")
    assert validate_record(old).errors == ()
    one = old.model_dump()["columns"]
    del one[Split.CONTROL]["base"]["1"]["p1"]
    assert validate_record(changed(old, columns=one)).errors == (
        "control/base/layer 1: no column of p1, which is given as 1.000000",
    )


def without(record, *measures):
    """The record's columns without those of some measures."""
    columns = changed_columns(record, lambda found: {name: c for name, c in found.items() if name not in measures})
    return columns.model_dump()["columns"]


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
    for measure in (HEADLINE, "cosine", "p1"):
        exact = record.standard_error(measure, Split.CONTROL, "base")
        assert summed.standard_error(measure, Split.CONTROL, "base") == pytest.approx(exact, rel=1e-9)
    assert validate_record(summed).errors == ()
    curves = summed.model_dump()["curves"]
    curves[Split.CONTROL]["base"]["gap"][1] += 0.01
    assert any("gap is given as" in line for line in validate_record(changed(summed, curves=curves)).errors)


def test_a_comparison_of_columns_too_large_to_be_kept_is_believed(monkeypatch):
    monkeypatch.setattr("tli_bench.records.columns.MAX_COLUMN", 2)
    record = compared(MANY, LESS)
    summed = changed_columns(record, lambda columns: {name: kept(np.array(column)) for name, column in columns.items()})
    assert validate_record(changed(summed)).errors == ()


def test_an_impossible_value_is_found_by_its_measures_range():
    record = scored_record()
    columns = record.model_dump()["columns"]
    columns[Split.CONTROL]["base"]["1"]["cosine"][2] = 1.5
    columns[Split.CONTROL]["base"]["1"]["mrr"][0] = 9.0
    errors = validate_record(changed(record, columns=columns)).errors
    assert any("'control2' has cosine 1.5, outside [-1, 1]" in line for line in errors)
    assert any("'control0' has mrr 9, outside [0, 1]" in line for line in errors)


RNG = np.random.default_rng(0)
LESS = RNG.uniform(0.1, 0.4, 25).tolist()
MANY = (np.array(LESS) + RNG.uniform(0.0, 0.4, 25)).tolist()


def compared(better, worse, **changes):
    """A record of these scores with its comparison of the headline, of which some fields may be others."""
    record = scored_record(adapter=ADAPTER, scores=better, base_scores=worse)
    found = comparison(Split.CONTROL, "1", HEADLINE, np.array(worse), np.array(better)).model_dump(mode="json")
    return changed(record, comparisons=[found | changes])


def test_a_comparison_is_computed_again_from_pseudo_values():
    honest = compared(MANY, LESS)
    (item,) = honest.comparisons
    test = sps.ttest_rel(MANY, LESS)
    assert (item.t, item.p) == pytest.approx((test.statistic, test.pvalue))
    assert item.ci == pytest.approx(tuple(test.confidence_interval()))
    assert validate_record(honest).errors == ()
    # The same words' own values with other pseudo-values: it is those that count.
    pseudo = honest.model_dump()["pseudo"]
    pseudo[Split.CONTROL]["adapted"]["1"][HEADLINE] = [float(np.mean(MANY))] * len(MANY)
    assert any("t is given as" in line for line in validate_record(changed(honest, pseudo=pseudo)).errors)


def test_a_t_near_zero_may_differ_by_the_last_place_of_written_pseudo_values():
    """Both means are equal, but seven decimal places take half of the last one from every value of one side."""
    before = np.full(40, 0.1 + 4.9e-8)
    after = before + np.tile([1e-4 + 3e-8, -1e-4 - 3e-8], 20)
    honest = compared(after.tolist(), before.tolist())
    assert honest.comparisons[0].t == pytest.approx(0.0, abs=1e-9)
    pseudo = honest.model_dump()["pseudo"]
    for state, values in (("base", before), ("adapted", after)):
        pseudo[Split.CONTROL][state]["1"][HEADLINE] = values.round(7).tolist()
    written = changed(honest, pseudo=pseudo)
    assert validate_record(written).errors == ()
    false = [written.comparisons[0].model_copy(update={"t": 0.02})]
    assert any("t is given as 0.02" in line for line in validate_record(changed(written, comparisons=false)).errors)


@pytest.mark.parametrize(
    ("field", "lie"), [("n", 24), ("before", 0.5), ("after", 0.9), ("difference", 0.5), ("t", 99.0), ("p", 0.5), ("d_z", 9.0)]
)  # fmt: skip
def test_a_comparison_that_its_pseudo_values_do_not_give_is_named(field, lie):
    (error,) = validate_record(compared(MANY, LESS, **{field: lie})).errors
    assert error.startswith(
        f"comparison control/layer 1/{HEADLINE}: {field} is given as {lie:.6g}, but the columns give"
    )


def test_an_interval_follows_from_pseudo_values_to_the_last_digit_that_is_shown():
    low, high = compared(MANY, LESS).comparisons[0].ci
    assert validate_record(compared(MANY, LESS, ci=(low + 1e-6, high))).errors == ()
    (error,) = validate_record(compared(MANY, LESS, ci=(low + 0.01, high))).errors
    assert f"ci is given as [{low + 0.01:.4f}, {high:.4f}], but the columns give [{low:.4f}, {high:.4f}]" in error


@pytest.mark.parametrize(
    ("layer", "lie", "message"),
    [
        ("1", {"difference": 0.2}, "the difference is given as 0.200000, but the curves give 0.100000"),
        ("0", {"difference": -0.1}, "the difference is given as -0.100000, but the curves give 0.000000"),
        ("1", {"t": 40.0}, "its standard error is given as 0.002500, but the words give 0.00"),
        ("1", {"n": 23}, "of 23 words, but n says 24"),
    ],
)
def test_a_test_over_all_layers_that_does_not_follow_is_named(layer, lie, message):
    record = scored_record(adapter=ADAPTER, scores=(0.3, 0.4, 0.6, 0.5) * 6, base_scores=(0.2, 0.35, 0.5, 0.35) * 6)
    assert validate_record(record).errors == ()
    family = record.controls.family.model_dump()
    next(test for test in family["tests"] if test["layer"] == layer).update(lie)
    errors = validate_record(changed(record, controls=record.controls.model_dump() | {"family": family})).errors
    assert len(errors) == 1
    assert errors[0].startswith(f"test of layer {layer}: {message}")


def test_tests_of_layers_that_are_not_there_are_found():
    record = scored_record(adapter=ADAPTER, scores=(0.3, 0.4) * 12, base_scores=(0.2, 0.35) * 12)
    family = record.controls.family.model_dump()
    family["tests"][0]["layer"] = "7"
    errors = validate_record(changed(record, controls=record.controls.model_dump() | {"family": family})).errors
    assert errors == ("tests of all layers: 2 tests of 2 layers, which are not those of the signature",)


def test_under_twenty_words_no_interval_is_believed():
    few = compared(MANY[:5], LESS[:5], ci=(0.1, 0.3))
    (error,) = validate_record(few).errors
    assert "ci is given as [0.1000, 0.3000], but the columns give none" in error


def test_a_comparison_without_pseudo_values_is_refused():
    record = compared(MANY, LESS)
    bare = changed(record, comparisons=[record.comparisons[0].model_dump() | {"quantity": "gap"}])
    (error,) = validate_record(bare).errors
    assert error == "comparison control/layer 1/gap: no pseudo-values of base and adapted to compute it from"


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
    more = validate_record(with_signature(record, seen_train=record.signature.n.get("train", 0) + 1)).errors
    assert any("words of the train split were scored" in line for line in more)


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
