"""Comparisons: figures against closed forms, corrections over the family, refusals that say why."""

import numpy as np
import pytest
from scipy import stats as sps

from tests.support import changed_columns, scored_record
from tli_bench.base.errors import InputError, ResultError
from tli_bench.models.identity import AdapterRef
from tli_bench.records import RecordStore
from tli_bench.records.compare import compare, load_side, side_of
from tli_bench.records.outcomes import Outcome
from tli_bench.records.seal import sealed_json
from tli_bench.report.terminal.comparison import comparison_markdown, comparison_parts
from tli_bench.report.terminal.parts import Sheet

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
    assert "mean of 2 pairs (tli_alignment [words.v1])" in comparison_markdown(found).splitlines()[-1]
    assert sides(tmp_path / "one", a[:1], b[:1]).overall == ()


def noisy(mean, n=60, sd=0.1, seed=0):
    """Scores around 0.5 whose mean is exactly `0.5 + mean`."""
    drawn = np.random.default_rng(seed).normal(0, sd, n)
    return tuple((0.5 + mean + drawn - drawn.mean()).tolist())


@pytest.mark.parametrize(
    ("mean", "sd", "outcome", "said"),
    [
        (0.2, 0.1, Outcome.B, "org/b is ahead of org/a on tli_alignment"),
        (-0.2, 0.1, Outcome.A, "org/a is ahead of org/b on tli_alignment"),
        (0.03, 0.02, Outcome.B, "org/b is ahead of org/a, by less than 0.05, on tli_alignment"),
        (0.001, 0.05, Outcome.TIE, "tie: org/a and org/b differ by less than 0.05 on tli_alignment"),
        (0.04, 0.3, Outcome.FEW, "not enough words to tell org/a and org/b apart on tli_alignment"),
    ],
)
def test_it_says_which_side_is_ahead_or_a_tie_or_that_the_words_are_too_few(mean, sd, outcome, said):
    pool = [scored_record(model="org/a", scores=(0.5,) * 60)], [scored_record(model="org/b", scores=noisy(mean, sd=sd))]
    found = compare([side_of(name, records) for name, records in zip(("org/a", "org/b"), pool, strict=True)])
    (row,), (sentence,) = found.rows, found.conclusions
    assert row.outcome is outcome
    assert sentence.startswith(said)
    assert f"org/b minus org/a {mean:+.3f} [" in sentence
    assert "(t-test, one test), permutation p = " in sentence
    assert "(10,000 sign flips)" in sentence
    # What the words could have shown, from the textbook's noncentral t, is said where they showed nothing.
    effect = row.detectable / (row.d_z and row.difference / row.d_z)
    power = sps.nct.sf(sps.t.isf(0.025, 59), 59, effect * 60**0.5) + sps.nct.cdf(
        -sps.t.isf(0.025, 59), 59, effect * 60**0.5
    )
    assert power == pytest.approx(0.8, abs=1e-4)
    assert (f"60 concepts can show a difference of {row.detectable:.3f} or more" in sentence) == (
        outcome is Outcome.FEW
    )


def test_the_permutation_test_agrees_with_other_signs_and_repeats(tmp_path):
    pool = [[scored_record(scores=noisy(0.0))], [scored_record(model="org/b", scores=noisy(0.03, seed=1))]]
    rows = [sides(tmp_path / name, *pool).rows[0] for name in "ab"]
    assert rows[0].permutation_p == rows[1].permutation_p
    flips = np.random.default_rng(5).choice([-1, 1], size=(20_000, 60))
    differences = np.array(noisy(0.03, seed=1)) - np.array(noisy(0.0))
    share = (np.abs((flips * differences).mean(axis=1)) >= abs(differences.mean())).mean()
    assert rows[0].permutation_p == pytest.approx(share, abs=0.015)


def test_over_several_pairs_the_mean_decides_and_the_pairs_are_counted(tmp_path):
    """One pair each way and one tie; the mean over them is not enough to tell."""
    pairs = (*PAIRS, "kaz_Cyrl-eng_Latn")
    a = [scored_record(pair=pair, scores=(0.5,) * 60) for pair in pairs]
    b = [scored_record(model="org/b", pair=p, scores=noisy(m)) for p, m in zip(pairs, (0.2, -0.2, 0.0), strict=True)]
    found = sides(tmp_path, a, b)
    (said,) = found.conclusions
    assert found.overall[0].outcome is Outcome.TIE
    assert said.startswith("tie: ")
    assert "over 3 pairs of tli_alignment [words.v1]" in said
    assert said.count(" ahead in 1") == 2
    assert said.endswith("tie in 1")
    assert "pair by pair (Holm over 3 tests): " in said
    assert comparison_markdown(found).splitlines()[0] == said


def test_another_measure_concludes_nothing_and_stands_below_the_headline(tmp_path):
    hits = [True] * 30 + [False] * 30
    a = [scored_record(scores=(0.5,) * 60, hits=hits)]
    b = [scored_record(model="org/b", scores=noisy(0.2), hits=[not hit for hit in hits])]
    found = sides(tmp_path, a, b, quantity="p1")
    assert [row.outcome for row in found.rows] == [None]
    assert found.headline.rows[0].outcome is Outcome.B
    assert found.conclusions == found.headline.conclusions
    assert "P@1 of 50 0.500 and 0.700" in found.conclusions[0]
    sheets = [part for part in comparison_parts(found) if isinstance(part, Sheet)]
    assert [sheet.title.split(" on ")[0] for sheet in sheets] == ["P@1 of 50", "P@1"]
    assert comparison_markdown(found).count("| against |") == 2
    few = sides(tmp_path / "few", [scored_record()], [scored_record(model="org/b")], quantity="mexa")
    assert few.conclusions[0].startswith("not enough words to tell")
    assert few.conclusions[0].endswith("no test is made of so few")


def test_without_a_headline_nothing_is_concluded_and_it_is_said_why(tmp_path):
    def without(record):
        return changed_columns(record, lambda columns: {k: v for k, v in columns.items() if not k.startswith("p1_of")})

    found = sides(tmp_path, [without(scored_record())], [without(scored_record(model="org/b"))], quantity="p1")
    assert found.headline is None
    short = [
        changed_columns(r, lambda columns: {k: v for k, v in columns.items() if k != "p1_of_50"})
        for r in (scored_record(scores=(0.5,) * 40), scored_record(model="org/b", scores=noisy(0.2, n=40)))
    ]
    decided = sides(tmp_path / "short", short[:1], short[1:], quantity="p1")
    assert decided.headline.rows[0].quantity == "p1_of_20"
    assert "is ahead" in decided.conclusions[0]
    assert found.conclusions[0].startswith(
        "nothing is concluded: P@1 of 50 decides, and it cannot be compared here (nothing is"
    )


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


def test_the_name_of_a_model_is_never_its_adapter(tmp_path):
    """Where only the adapter's run is there, it has scored the model as well."""
    adapter = AdapterRef(name="tli", sha256="a" * 64)
    folder(tmp_path, "run", [scored_record(adapter=adapter, scores=(0.2, 0.4, 0.3), base_scores=(0.1, 0.1, 0.2))])
    model, adapted, tli = (load_side(name, results=tmp_path) for name in ("org/model", "org/model@adapted", "tli"))
    assert (model.state, adapted.state, tli.state) == ("base", "adapted", "adapted")
    assert compare([model, tli]).rows[0].difference == pytest.approx(0.5 / 3)


def test_a_reservation_stands_with_the_conclusion_and_the_table(tmp_path):
    """Forty words, or leaking ones, conclude like any others: whoever reads it has to know."""
    low, high = (0.0, 0.1, 0.0) * 8, (0.1, 0.3, 0.4) * 8
    about = {"limit": 40, "leaking": True}
    found = sides(tmp_path, [scored_record(scores=low, **about)], [scored_record(model="org/b", scores=high, **about)])
    assert found.rows[0].reservations == ("leaking", "limit 40")
    assert found.conclusions[0].endswith("; with a reservation: leaking, limit 40")
    (sheet,) = (part for part in comparison_parts(found) if isinstance(part, Sheet))
    assert sheet.title.endswith("[leaking, limit 40]")
    mine = side_of("c", [scored_record(model="org/c", scores=high, skip_gate=True)])
    other = compare([side_of("d", [scored_record(scores=low, model="org/d")]), mine])
    assert other.conclusions[0].endswith("; with a reservation: skip_gate")
    assert (
        "reservation" not in compare([side_of("d", [scored_record()]), side_of("e", [scored_record()])]).conclusions[0]
    )


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
