"""rapidfuzz gives the distances of the textbook's table, for the lexicon and for the measures."""

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tli_bench.base.errors import UnscorableError
from tli_bench.lexicon.similarity import similarity
from tli_bench.measures.levenshtein import edit_distances, normalised_distances

words = st.text(alphabet="abcığéе\u0301", min_size=1, max_size=9)


def table(a, b):
    """Wagner and Fischer 1974, one row at a time."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        previous, row[0] = row[0], i
        for j, y in enumerate(b, start=1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (x != y))
    return row[-1]


@given(st.lists(words, min_size=1, max_size=4), st.lists(words, min_size=1, max_size=4))
def test_distances_are_those_of_the_table(left, right):
    composed = [[unicodedata.normalize("NFC", word) for word in side] for side in (left, right)]
    expected = np.array([[table(a, b) for b in composed[1]] for a in composed[0]])
    found = edit_distances(left, right)
    assert found.dtype == np.int64
    assert (found == expected).all()
    longer = np.array([[max(len(a), len(b)) for b in composed[1]] for a in composed[0]])
    assert (normalised_distances(left, right) == expected / longer).all()


@given(a=words, b=words, at_least=st.sampled_from([0.0, 0.5, 0.75, 1.0]))
def test_similarity_is_that_of_the_table(a, b, at_least):
    expected = 1 - table(a, b) / max(len(a), len(b))
    found = similarity(a, b, at_least=at_least)
    assert found == (expected if expected >= at_least - 1e-9 else None)


def test_an_empty_word_has_no_distance():
    with pytest.raises(UnscorableError, match="target word 1 is empty"):
        edit_distances(["a"], ["b", ""])
    with pytest.raises(UnscorableError, match="no source words"):
        edit_distances([], ["b"])
