"""Comparisons: figures against closed forms, corrections over the family, refusals that say why."""

import numpy as np
import pytest
from scipy import stats as sps

from tests.support import scored_record
from tli_bench.base.errors import InputError, ResultError
from tli_bench.models.identity import AdapterRef
from tli_bench.records import RecordStore
from tli_bench.records.compare import compare, load_side
from tli_bench.records.seal import sealed_json
from tli_bench.report.terminal.comparison import comparison_markdown

PAIRS = ("swh_Latn-eng_Latn", "tur_Latn-eng_Latn")


def folder(tmp_path, name, records):
    store = RecordStore(tmp_path / name)
    for record in records:
        store.write(record)
    return str(tmp_path / name)


def sides(tmp_path, a, b, **options):
    paths = [folder(tmp_path, name, records) for name, records in (("a", a), ("b", b))]
    return compare([load_side(path, results=tmp_path) for path in paths], **options)


def test_difference_test_and_effect_size_are_students(tmp_path):
    """Differences 0.1, 0.2, 0.3, eight times each, on 24 concepts."""
    low, high = (0.0, 0.0, 0.0) * 8, (0.1, 0.2, 0.3) * 8
    row = sides(tmp_path, [scored_record(scores=low)], [scored_record(model="org/b", scores=high)]).rows[0]
    reference = sps.ttest_rel(high, low)
    assert (row.n, row.pairs, row.difference) == (24, 1, pytest.approx(0.2))
    assert (row.t, row.p) == (pytest.approx(reference.statistic), pytest.approx(reference.pvalue))
    assert row.ci == pytest.approx(tuple(reference.confidence_interval(0.95)))
    assert row.d_z == pytest.approx(np.mean(high) / np.std(high, ddof=1))


def test_it_is_computed_from_pseudo_values_and_not_from_the_words_own(tmp_path):
    own = scored_record(model="org/b", scores=(0.1, 0.2, 0.3) * 8)
    pseudo = scored_record(model="org/b", scores=(0.2, 0.6, 0.4) * 8).pseudo
    found = sides(tmp_path, [scored_record(scores=(0.0,) * 24)], [own.model_copy(update={"pseudo": pseudo})])
    assert found.rows[0].difference == pytest.approx(0.4)


def test_under_twenty_words_no_interval_and_no_test(tmp_path):
    row = sides(tmp_path, [scored_record()], [scored_record(model="org/b", scores=(0.2, 0.2, 0.5))]).rows[0]
    assert (row.n, row.ci, row.t, row.p, row.p_adjusted, row.d_z) == (3, None, None, None, None, None)
    assert row.difference == pytest.approx(0.1)


def test_p_values_are_corrected_over_all_units(tmp_path):
    a = [scored_record(pair=pair, scores=(0.0, 0.0, 0.0) * 8) for pair in PAIRS]
    b = [scored_record(model="org/b", pair=pair, scores=(0.1, 0.2, 0.3) * 8) for pair in PAIRS]
    found = sides(tmp_path, a, b)
    assert found.tests == 2
    assert [row.p_adjusted for row in found.rows] == pytest.approx([2 * row.p for row in found.rows])


def test_over_pairs_a_concept_counts_once(tmp_path):
    """Two pairs of the same concepts and differences say as much as one; the mean over them stands last, as a test of its own."""
    low, high = (0.0, 0.0, 0.0) * 8, (0.1, 0.2, 0.3) * 8
    a = [scored_record(pair=pair, scores=low) for pair in PAIRS]
    b = [scored_record(model="org/b", pair=pair, scores=high) for pair in PAIRS]
    found = sides(tmp_path, a, b)
    (overall,) = found.overall
    assert (overall.pairs, overall.n, overall.pair, overall.task) == (2, 24, "", "tli_alignment [words.v1]")
    for name in ("value_a", "value_b", "difference", "t", "p", "d_z"):
        assert getattr(overall, name) == pytest.approx(getattr(found.rows[0], name)), name
    assert overall.ci == pytest.approx(found.rows[0].ci)
    assert overall.p_adjusted == overall.p
    assert "mean of 2 pairs, tli_alignment [words.v1]" in comparison_markdown(found).splitlines()[-1]
    assert sides(tmp_path / "one", a[:1], b[:1]).overall == ()


def test_a_side_against_itself_shows_nothing(tmp_path):
    records = [scored_record(scores=(0.1, 0.2, 0.3) * 8)]
    row = sides(tmp_path, records, records).rows[0]
    assert (row.difference, row.t, row.p) == (0.0, 0.0, 1.0)


def test_base_and_adapted_of_one_run(tmp_path):
    adapter = AdapterRef(name="tli", sha256="a" * 64)
    path = folder(
        tmp_path, "run", [scored_record(adapter=adapter, scores=(0.2, 0.4, 0.3), base_scores=(0.1, 0.1, 0.2))]
    )
    found = compare([load_side(f"{path}@base", results=tmp_path), load_side("tli", results=tmp_path)])
    assert found.rows[0].difference == pytest.approx(0.5 / 3)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"lexicon_hash": "1" * 64}, "lexicon_hash"),
        ({"limit": 2}, "limit"),
        ({"measures": "0"}, "measures"),
        ({"leaking": True}, "leaking"),
    ],
)
def test_what_is_not_comparable_is_refused_by_the_field(tmp_path, change, field):
    with pytest.raises(ResultError, match=f"not comparable: {field} is"):
        sides(tmp_path, [scored_record()], [scored_record(model="org/b", **change)])


def test_other_words_are_refused(tmp_path):
    other = scored_record(model="org/b")
    words = {split: own.model_copy(update={"sources": ("kitu",) * len(own)}) for split, own in other.words.items()}
    with pytest.raises(ResultError, match="the words differ"):
        sides(tmp_path, [scored_record()], [other.model_copy(update={"words": words})])


def test_a_pair_that_one_side_lacks_is_reported_beside_the_rest(tmp_path):
    a = [scored_record(pair=pair) for pair in PAIRS]
    found = sides(tmp_path, a, [scored_record(model="org/b", scores=(0.2, 0.2, 0.5))])
    assert len(found.rows) == 1
    assert any("tur_Latn-eng_Latn" in line and "only" in line for line in found.refused)


def test_unknown_names_and_quantities_say_what_there_is(tmp_path):
    path = folder(tmp_path, "a", [scored_record()])
    with pytest.raises(ResultError, match=r"no records of 'nobody'.*org/model"):
        load_side("nobody", results=tmp_path / "a")
    side = load_side(path, results=tmp_path)
    with pytest.raises(InputError, match="'cka'; choose one of p1_of_50"):
        compare([side, side], quantity="cka")
    assert compare([side, side], quantity="mexa").rows[0].value_a == 1.0
    with pytest.raises(
        ResultError, match=r"no pseudo-values of csls_p1 of split control at layer 1; kept are layers none$"
    ):
        compare([side, side], quantity="csls_p1")
    for description in ("gap", "cosine", "mismatched"):
        with pytest.raises(
            InputError, match=f"{description} describes raw geometry.*not tested; choose one of p1_of_50"
        ):
            compare([side, side], quantity=description)
    with pytest.raises(InputError, match="two sides"):
        compare([side])
    with pytest.raises(ResultError, match="no adapted state"):
        load_side(f"{path}@adapted", results=tmp_path)
    with pytest.raises(ResultError, match="kept are layers 1"):
        compare([side, side], layer="0")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lexicon_hash": "1" * 64}, "with lexicon_hash '0000"),
        ({"limit": 2}, "with limit None and with 2|with limit 2 and with None"),
        ({"seed": 3}, "with seed 0 and with 3|with seed 3 and with 0"),
    ],
)
def test_one_unit_under_two_conditions_is_refused_by_the_field(tmp_path, change, message):
    path = folder(tmp_path, "a", [scored_record(), scored_record(**change)])
    with pytest.raises(ResultError, match=message):
        load_side(path, results=tmp_path)


def test_of_two_records_of_one_unit_the_later_is_read(tmp_path):
    later = scored_record(scores=(0.5, 0.6, 0.4), created="2026-02-01T00:00:00+00:00")
    path = folder(tmp_path, "a", [later])
    (tmp_path / "a" / "copy.json").write_bytes(sealed_json(scored_record()))
    assert list(load_side(path, results=tmp_path).records.values()) == [later]


def test_one_name_for_two_runs_is_refused(tmp_path):
    store = RecordStore(tmp_path)
    store.write(scored_record(revision="one"))
    store.write(scored_record(revision="two"))
    with pytest.raises(ResultError, match=r"means 2 runs: org/model one; org/model two"):
        load_side("org/model", results=tmp_path)
