import time
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tli_bench.base.errors import UnscorableError
from tli_bench.measures.confounds import (
    Stratum,
    edit_baseline,
    edit_similarity,
    low_overlap,
    paired_edit_similarity,
    strata,
    tokens_per_word_bins,
)
from tli_bench.measures.levenshtein import edit_distances

words = st.text(alphabet="abcçğış ", min_size=1, max_size=7)
lists = st.lists(words, min_size=1, max_size=5)


def textbook_distance(a: str, b: str) -> int:
    @cache
    def distance(i: int, j: int) -> int:
        if i == 0 or j == 0:
            return i + j
        return min(distance(i - 1, j) + 1, distance(i, j - 1) + 1, distance(i - 1, j - 1) + (a[i - 1] != b[j - 1]))

    return distance(len(a), len(b))


@given(lists, lists)
def test_edit_distance_agrees_with_the_recursive_definition(sources: list[str], targets: list[str]) -> None:
    expected = [[textbook_distance(a, b) for b in targets] for a in sources]
    assert edit_distances(sources, targets).tolist() == expected


def test_edit_distance_known_cases() -> None:
    # The two examples of Wagner and Fischer's problem that every textbook repeats.
    assert edit_distances(["kitten", "saturday"], ["sitting", "sunday"]).diagonal().tolist() == [3, 3]


def test_composed_and_decomposed_letters_are_the_same_word() -> None:
    assert edit_similarity(["kağıt"], ["kag\u0306ıt"]).tolist() == [[1.0]]


@given(lists, lists)
def test_edit_similarity_is_symmetric_and_bounded(sources: list[str], targets: list[str]) -> None:
    similarity = edit_similarity(sources, targets)
    np.testing.assert_array_equal(similarity, edit_similarity(targets, sources).T)
    assert similarity.min() >= 0
    assert similarity.max() <= 1
    assert (edit_similarity(sources, sources).diagonal() == 1).all()


def test_seven_hundred_words_take_seconds() -> None:
    rng = np.random.default_rng(0)
    pool = ["".join(rng.choice(list("abcdefghij"), size=rng.integers(2, 16))) for _ in range(1400)]
    start = time.perf_counter()
    assert edit_similarity(pool[:700], pool[700:]).shape == (700, 700)
    assert time.perf_counter() - start < 20


def test_an_empty_word_has_no_similarity() -> None:
    with pytest.raises(UnscorableError, match="target word 1 is empty"):
        edit_similarity(["a"], ["b", ""])


def test_edit_baseline_by_hand() -> None:
    # "lamba" finds "lamp"; "su" and "water" share no letter, and every candidate of "su" ties at 0.
    baseline = edit_baseline(["lamba", "su", "doktor"], ["lamp", "water", "doctor"])
    assert baseline.n == 3
    assert baseline.p1_forward == pytest.approx(2 / 3)
    assert baseline.mrr_forward == pytest.approx((1 + 1 / 3 + 1) / 3)
    # "water" is nearest to "doktor" and "lamba", by one letter each; its own "su" comes third.
    assert baseline.p1_backward == pytest.approx(2 / 3)
    assert baseline.mrr_backward == pytest.approx((1 + 1 / 3 + 1) / 3)


def test_edit_baseline_counts_accepted_variants() -> None:
    sources, targets = ["gari", "motokaa"], ["car", "gari"]
    assert edit_baseline(sources, targets).p1_forward == 0.0
    gold = np.array([[True, True], [False, True]])
    assert edit_baseline(sources, targets, gold).p1_forward == 0.5


def test_edit_baseline_refuses() -> None:
    with pytest.raises(UnscorableError, match="2 sources for 1 targets"):
        edit_baseline(["a", "b"], ["a"])
    with pytest.raises(UnscorableError, match="at least 2 pairs, got 1"):
        edit_baseline(["a"], ["a"])
    with pytest.raises(UnscorableError, match=r"gold must be bool \[2, 2\] with a true diagonal"):
        edit_baseline(["a", "b"], ["a", "b"], np.zeros((2, 2), dtype=bool))


def test_low_overlap_leaves_out_what_spelling_aligns() -> None:
    sources, targets = ["lamba", "su", "doktor"], ["lamp", "water", "doctor"]
    np.testing.assert_allclose(paired_edit_similarity(sources, targets), [3 / 5, 0, 5 / 6])
    assert low_overlap(sources, targets, 0.5).tolist() == [False, True, False]
    assert low_overlap(sources, targets, 0.6).tolist() == [False, True, False]
    assert low_overlap(sources, targets, 0.61).tolist() == [True, True, False]
    with pytest.raises(UnscorableError, match="threshold must lie in"):
        low_overlap(sources, targets, 0.0)


def test_token_bins() -> None:
    assert tokens_per_word_bins([1, 2, 3, 4, 11]) == ["1", "2", "3", "4+", "4+"]
    with pytest.raises(UnscorableError, match="word 1 has no token"):
        tokens_per_word_bins([1, 0])
    with pytest.raises(UnscorableError, match="whole numbers"):
        tokens_per_word_bins([1.5])


def test_strata_by_hand() -> None:
    grouped = strata([0.2, 0.4, 0.9], ["noun", "noun", "verb"])
    assert grouped == {"noun": Stratum(2, pytest.approx(0.3)), "verb": Stratum(1, 0.9)}
    assert list(grouped) == ["noun", "verb"]
    with pytest.raises(UnscorableError, match="value 1 is NaN"):
        strata([0.1, float("nan")], ["a", "b"])
    with pytest.raises(UnscorableError, match="1 labels for values of shape"):
        strata([0.1, 0.2], ["a"])
