"""Details of control words: neighbours by definition, and a record that its own ranks, groups and pseudo-values confirm."""

import json

import numpy as np
import pytest
import torch

from tests.evaluate.test_analysis import LAYERS, MANY, aligned_at, analyse, pairs
from tests.support import record_of
from tli_bench.evaluate.views import Vectors
from tli_bench.lexicon.pairs import Split
from tli_bench.measures import LayerView
from tli_bench.measures.geometry import centre
from tli_bench.measures.roles import COMPANION, HEADLINE
from tli_bench.records import RecordStore, read_record
from tli_bench.records.details import Neighbours
from tli_bench.records.validate import validate_record
from tools.leaderboard_records import shorter


@pytest.fixture(scope="module")
def analysis():
    """Base, adapted and twin; two control words have a second accepted translation."""
    gold = torch.eye(MANY, dtype=torch.bool)
    control = rows()
    gold[control[0], control[5]] = gold[control[7], control[2]] = True
    states = {"base": aligned_at(1, n=MANY, noise=3.0), "adapted": aligned_at(1, n=MANY, noise=1.0)}
    return analyse(states | {"twin": aligned_at(1, n=MANY, noise=2.0)}, n=MANY, gold=gold)


@pytest.fixture(scope="module")
def record(analysis):
    return record_of(analysis)


def rows():
    return [i for i, pair in enumerate(pairs(MANY)) if pair.split is Split.CONTROL]


def changed(record, **details):
    """The record with some of its details replaced, read again."""
    data = record.model_dump()
    data["details"] |= details
    return type(record).model_validate(data)


def with_ranks(record, **columns):
    neighbours = record.details.model_dump()["neighbours"]
    neighbours["adapted"]["1"] |= columns
    return changed(record, neighbours=neighbours)


def test_neighbours_are_those_of_a_search_by_hand(analysis):
    """Unit vectors, less the mean direction of the words that are not scored, unit again; ties are misses, variants no rivals."""
    vectors, control = aligned_at(1, n=MANY, noise=1.0), rows()
    rest = [i for i in range(MANY) if i not in control]
    source, target = (side[1].double().numpy() for side in (vectors.source, vectors.target))
    unit = lambda x: x / np.linalg.norm(x, axis=1, keepdims=True)  # noqa: E731
    a, b = (unit(unit(x)[control] - unit(x)[rest].mean(axis=0)) for x in (source, target))
    found = analysis.details.neighbours["adapted"]["1"]
    accepted = {0: {0, 5}, 7: {7, 2}}
    for i in range(len(control)):
        right = accepted.get(i, {i})
        wrong = [j for j in range(len(control)) if j not in right]
        near = {j: a[i] @ b[j] for j in range(len(control))}
        best = max(near[j] for j in right)
        assert found.rank_forward[i] == 1 + sum(near[j] >= best - 1e-7 for j in wrong)
        assert found.wrong_forward[i] == max(wrong, key=near.get)
    assert analysis.details.accepted == ((0, 5), (7, 2))


def test_every_state_has_neighbours_at_the_chosen_layers_and_at_the_output(analysis):
    assert {state: list(layers) for state, layers in analysis.details.neighbours.items()} == {
        "base": ["1", "2"],
        "adapted": ["1", "2"],
        "twin": ["1", "2"],
    }


def test_intervals_are_there_at_every_layer_and_hold_the_number(analysis):
    for state in ("base", "adapted", "twin"):
        for name in (HEADLINE, COMPANION, "p1"):
            band = analysis.details.bands[state][name]
            curve = analysis.curves[Split.CONTROL][state][name]
            assert all(low <= value <= high for (low, high), value in zip(band, curve, strict=True)), (state, name)


def test_labels_are_those_of_the_strata(analysis):
    labels, strata = analysis.details.labels, analysis.controls.strata
    assert set(labels) == {item.kind for item in strata if item.split is Split.CONTROL}
    assert [labels["form"][i] for i in range(3)] == ["different"] * 3


def test_there_are_none_without_control_words():
    from tli_bench.evaluate.analysis import Analyser

    some = [pair for pair in pairs(MANY) if pair.split is not Split.CONTROL]
    states = {"base": aligned_at(1, n=len(some))}
    assert Analyser(some, LAYERS, states, torch.eye(len(some), dtype=torch.bool)).run().details is None


def test_a_pool_that_is_too_small_for_the_headline_still_has_neighbours():
    details = analyse({"base": aligned_at(1)}, n=60).details
    assert len(details.neighbours["base"]["1"].rank_forward) == 15


def test_a_word_of_which_everything_is_accepted_has_no_wrong_neighbour():
    from tli_bench.evaluate.details import neighbours_of

    gold = torch.eye(3, dtype=torch.bool)
    gold[1] = True
    x = torch.randn(3, 8, generator=torch.Generator().manual_seed(0))
    found = neighbours_of(LayerView(x, x + 0.1, gold=gold, centre=centre(x, x + 0.1)))
    assert found.wrong_forward[1] is None
    assert found.rank_forward[1] == 1
    assert None not in found.wrong_backward


def test_the_record_is_sound_and_comes_back_as_it_was(record, tmp_path):
    assert validate_record(record).errors == ()
    path = RecordStore(tmp_path).write(record)
    assert read_record(path) == record


def test_a_changed_rank_is_found_by_the_headline_and_by_the_share_of_farther_words(record):
    found = record.details.neighbours["adapted"]["1"]
    near = found.rank_forward.index(1)
    ranks = list(found.rank_forward)
    ranks[near] = 2
    errors = validate_record(with_ranks(record, rank_forward=ranks)).errors
    concept = record.words[Split.CONTROL].concepts[near]
    assert any(f"control/adapted/layer 1: {HEADLINE} of {concept!r} is" in line for line in errors)
    far = max(range(len(ranks)), key=found.rank_backward.__getitem__)
    backward = list(found.rank_backward)
    backward[far] -= 1
    errors = validate_record(with_ranks(record, rank_backward=backward)).errors
    assert any(COMPANION in line and f"ranks {found.rank_forward[far]} and {backward[far]}" in line for line in errors)


def test_an_accepted_word_is_no_wrong_neighbour(record):
    wrong = list(record.details.neighbours["adapted"]["1"].wrong_forward)
    wrong[0] = 5
    (error,) = validate_record(with_ranks(record, wrong_forward=wrong)).errors
    assert error == "control/adapted/layer 1: the nearest wrong word of 'c180' is an accepted one"


def test_a_word_in_another_group_is_found(record):
    labels = record.details.model_dump()["labels"]
    labels["overlap"] = {"names": ["high", "low (< 0.5)"], "of": [0, *[1] * 59]}
    errors = validate_record(changed(record, labels=labels)).errors
    assert any("overlap 'low (< 0.5)' has 60 words, but 59 are labelled so" in line for line in errors)


def test_a_narrower_band_is_found(record):
    bands = record.details.model_dump()["bands"]
    low, high = bands["base"][HEADLINE][1]
    bands["base"][HEADLINE][1] = (low + 0.01, high)
    (error,) = validate_record(changed(record, bands=bands)).errors
    assert f"control/base/layer 1: band of {HEADLINE} is given as (" in error


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"rank_forward": [1] * 59}, "rank_forward has 59 values for 60 control words"),
        ({"rank_forward": [0] * 60}, "rank_forward holds a value outside 1 to 60"),
        ({"wrong_backward": [60] * 60}, "wrong_backward holds a value outside 0 to 59"),
        ({"wrong_backward": [-1] * 60}, "wrong_backward holds a value outside 0 to 59"),
    ],
)
def test_what_does_not_fit_the_words_is_refused_on_reading(record, columns, said):
    with pytest.raises(ValueError, match=said):
        with_ranks(record, **columns)


@pytest.mark.parametrize(
    ("details", "said"),
    [
        ({"accepted": [(0, 60)]}, "accepted holds a position outside 0 to 59"),
        ({"labels": {"pos": {"names": ["noun"], "of": [1] * 60}}}, "'pos' hold a position outside their 1 names"),
        ({"labels": {"pos": {"names": ["noun"], "of": [0] * 3}}}, "details/labels/pos: 3 values for 60 control words"),
        ({"bands": {"base": {HEADLINE: [None]}}}, "details/bands/base: no such state, or not one interval"),
        ({"neighbours": {"other": {"1": {"rank_forward": [], "rank_backward": [], "wrong_forward": [], "wrong_backward": []}}}},
         "details/neighbours/other/layer 1: no such state or layer"),
    ],
)  # fmt: skip
def test_other_details_that_do_not_fit_are_refused_on_reading(record, details, said):
    with pytest.raises(ValueError, match=said):
        changed(record, **details)


def test_details_of_other_words_are_an_error_of_a_record_that_was_never_read(record):
    words = record.words | {Split.CONTROL: record.words[Split.TRAIN]}
    errors = validate_record(record.model_copy(update={"words": words})).errors
    assert "details/neighbours/base/layer 1: rank_forward has 60 values for 120 control words" in errors


def test_a_record_from_before_details_is_read_without_them(record):
    data = record.model_dump(mode="json")
    del data["details"]
    old = type(record).model_validate(data)
    assert old.details is None
    assert validate_record(old).errors == ()


def test_details_are_a_small_part_of_a_record(record):
    whole = len(json.dumps(record.model_dump(mode="json")))
    assert len(json.dumps(record.details.model_dump(mode="json"))) < 0.1 * whole


def test_a_board_keeps_none_of_them_and_the_rest_is_valid(record):
    short = shorter(record)
    assert short.details is None
    assert validate_record(short).errors == ()


def test_equal_states_have_equal_neighbours():
    base = aligned_at(1, n=MANY)
    same = analyse({"base": base, "adapted": Vectors(base.source.clone(), base.target.clone())}, n=MANY).details
    assert same.neighbours["base"] == same.neighbours["adapted"]
    assert isinstance(same.neighbours["base"]["1"], Neighbours)
