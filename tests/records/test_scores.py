"""One way to name a layer, a value and a column, of records and of analyses."""

import math
from statistics import stdev

import numpy as np
import pytest

from tests.support import changed_columns, make_record, scored_record
from tli_bench.base.errors import ResultError
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.roles import HEADLINE
from tli_bench.models.identity import AdapterRef
from tli_bench.records.columns import MAX_COLUMN, Sums, Words, kept, read
from tli_bench.stats.verdict import Verdict, VerdictKind

ADAPTER = AdapterRef(name="tli", sha256="a" * 64)
SCORES = (0.1, 0.2, 0.6)


@pytest.fixture
def record():
    return scored_record(adapter=ADAPTER, scores=SCORES, base_scores=(0.0, 0.1, 0.2), layers=("0", "1p", "1"))


def test_layers_are_named_by_role_or_name(record):
    assert [record.layer(which, "adapted") for which in ("best", "output", "1p")] == ["1", "1", "1p"]
    earlier = record.model_copy(update={"best_layer": {"base": "0", "adapted": "1p"}})
    assert [earlier.layer("best", state) for state in ("base", "adapted")] == ["0", "1p"]
    assert (earlier.depth("best", "adapted"), earlier.depth("output", "adapted")) == (1, 2)
    with pytest.raises(ResultError, match="no layer '7'; choose best, output or one of 0, 1p, 1"):
        record.layer("7", "base")
    with pytest.raises(ResultError, match="no adapted state, only base"):
        scored_record().layer("best", "adapted")


def test_values_and_columns_are_those_of_the_layer(record):
    assert record.value("gap", Split.CONTROL, "adapted") == pytest.approx(0.3)
    assert record.value("gap", Split.CONTROL, "adapted", "0") == 0.0
    assert record.value("cka", Split.CONTROL, "adapted") is None
    assert record.value("gap", Split.TRAIN, "adapted") is None
    np.testing.assert_allclose(record.column("gap", Split.CONTROL, "adapted"), SCORES)
    assert record.column("gap", Split.CONTROL, "adapted", "0") is None
    assert record.column("cka", Split.CONTROL, "adapted") is None
    assert record.kept_layers() == record.kept_layers(Split.CONTROL) == ("1",)
    assert record.kept_layers(Split.TRAIN) == ()
    assert (record.split, record.state, make_record().state) == (Split.CONTROL, "adapted", "base")


def with_pseudo(record, measure, values, state="adapted"):
    """The record with other pseudo-values of one measure of the control words at layer 1."""
    pseudo = record.model_dump()["pseudo"]
    pseudo[Split.CONTROL][state]["1"][measure] = values
    return type(record).model_validate(record.model_dump() | {"pseudo": pseudo})


def test_the_standard_error_is_that_of_pseudo_values(record):
    other = with_pseudo(record, HEADLINE, [0.0, 0.2, 0.7])
    assert other.column(HEADLINE, Split.CONTROL, "adapted").tolist() == list(SCORES)
    assert other.pseudo_column(HEADLINE, Split.CONTROL, "adapted").tolist() == [0.0, 0.2, 0.7]
    expected = stdev([0.0, 0.2, 0.7]) / math.sqrt(3)
    assert other.standard_error(HEADLINE, Split.CONTROL, "adapted") == pytest.approx(expected)


def test_a_word_without_a_value_is_left_out(record):
    holed = changed_columns(record, lambda columns: {name: [*column[:2], None] for name, column in columns.items()})
    assert holed.standard_error(HEADLINE, Split.CONTROL, "adapted") == pytest.approx(stdev(SCORES[:2]) / math.sqrt(2))
    assert np.isnan(holed.column(HEADLINE, Split.CONTROL, "adapted")).tolist() == [False, False, True]
    assert holed.standard_error("cka", Split.CONTROL, "adapted") is None


def test_a_measure_whose_words_share_no_pool_is_computed_from_their_own_values(record):
    assert record.pseudo_column("cosine", Split.CONTROL, "adapted").tolist() == [0.25 + score for score in SCORES]
    expected = stdev(SCORES) / math.sqrt(3)
    assert record.standard_error("cosine", Split.CONTROL, "adapted") == pytest.approx(expected)
    # The gap's mismatched half is a pool, and its pseudo-values were not kept.
    assert record.pseudo_column("gap", Split.CONTROL, "adapted") is None
    assert record.standard_error("gap", Split.CONTROL, "adapted") is None


def test_sums_of_pseudo_values_give_the_standard_error(record):
    summed = with_pseudo(record, HEADLINE, {"n": 3, "missing": 0, "total": 0.9, "squares": 0.53})
    assert summed.pseudo_column(HEADLINE, Split.CONTROL, "adapted") is None
    expected = stdev([0.0, 0.2, 0.7]) / math.sqrt(3)
    assert summed.standard_error(HEADLINE, Split.CONTROL, "adapted") == pytest.approx(expected)


def test_no_interval_is_claimed_of_few_words(record):
    assert record.estimate(HEADLINE, Split.CONTROL, "adapted").ci is None
    many = scored_record(scores=[0.1 * (i % 5) for i in range(25)])
    found = many.estimate(HEADLINE, Split.CONTROL, "base")
    assert found.low < found.value < found.high
    assert found.n == 25


def test_the_verdict_of_a_record_is_that_of_the_layer_that_dev_chose(record):
    lines = {name: Verdict(kind=VerdictKind.UNCLEAR, text=f"unclear: {name}") for name in record.layers}
    assert record.verdict is None
    judged = record.model_copy(update={"verdicts": lines, "best_layer": {"base": "0", "adapted": "1p"}})
    assert judged.verdict == lines["1p"]


def test_a_column_past_the_bound_is_kept_as_sums():
    column = np.random.default_rng(0).normal(size=MAX_COLUMN + 1)
    assert read(kept(column[:-1])).tolist() == column[:-1].tolist()
    column[7] = np.nan
    held = kept(column)
    assert isinstance(held, Sums)
    assert (held.n, held.missing) == (MAX_COLUMN, 1)
    scored = np.delete(column, 7)
    assert held.mean == pytest.approx(scored.mean())
    assert held.standard_error == pytest.approx(scored.std(ddof=1) / len(scored) ** 0.5)
    assert read(held) is None
    assert Sums(n=0, total=0, squares=0).mean is None
    assert Sums(n=1, total=3, squares=9).standard_error is None


def test_words_are_as_many_in_each_language():
    with pytest.raises(ValueError, match="2 concepts, 1 sources and 2 targets"):
        Words(concepts=("a", "b"), sources=("x",), targets=("y", "z"))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"control": {"base": {"9": {"gap": [1.0]}}}}, "layer 9/gap: the layer is not among the signature's"),
        ({"control": {"adapted": {"1": {"gap": [1.0]}}}}, "no best layer of this state, only of base"),
        ({"train": {"base": {"1": {"gap": [1.0]}}}}, "train/base/layer 1/gap: the record holds no words of this split"),
        ({"control": {"base": {"1": {"gap": [1.0]}}}}, "has 1 values for 3 words"),
        (
            {"control": {"base": {"1": {"gap": {"n": 1, "missing": 1, "total": 1, "squares": 1}}}}},
            "2 values for 3 words",
        ),
    ],
)
def test_columns_must_fit_the_words_and_the_layers(columns, message):
    data = scored_record().model_dump(mode="json")
    for part, what in (("columns", "column"), ("pseudo", "pseudo-values")):
        with pytest.raises(ValueError, match=rf"{what} \w+/\w+/layer \d/gap.*{message}|{what}.*{message}"):
            type(scored_record()).model_validate(data | {part: columns})
