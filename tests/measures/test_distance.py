import pytest
from hypothesis import given
from hypothesis import strategies as st

from tli_bench.base.errors import UnscorableError
from tli_bench.measures.distance import lexical_distance

words = st.lists(st.text(alphabet="abcd", min_size=1, max_size=6), min_size=3, max_size=8)


def test_ldnd_by_hand() -> None:
    # Same concept: ab-ab 0, cd-ad 1/2. Different concepts: ab-ad 1/2, cd-ab 2/2.
    found = lexical_distance(["ab", "cd"], ["ab", "ad"])
    assert (found.n, found.ldn, found.unrelated) == (2, 0.25, 0.75)
    assert found.ldnd == pytest.approx(1 / 3)


def test_ldn_of_the_textbook_pair() -> None:
    found = lexical_distance(["kitten", "abc"], ["sitting", "abd"])
    assert found.ldn == pytest.approx((3 / 7 + 1 / 3) / 2)
    assert found.unrelated == pytest.approx(1.0)


@given(words)
def test_distance_is_symmetric_and_zero_to_itself(side: list[str]) -> None:
    other = side[1:] + side[:1]
    if len(set(side)) == 1:
        return
    one, back = lexical_distance(side, other), lexical_distance(other, side)
    assert one.ldn == pytest.approx(back.ldn)
    assert one.ldnd == pytest.approx(back.ldnd)
    assert lexical_distance(side, side).ldnd == 0.0


def test_closer_languages_are_closer() -> None:
    turkish = ["su", "göz", "dil", "taş", "yol", "ateş"]
    azerbaijani = ["su", "göz", "dil", "daş", "yol", "od"]
    english = ["water", "eye", "tongue", "stone", "road", "fire"]
    assert lexical_distance(turkish, azerbaijani).ldnd < 0.4
    assert lexical_distance(turkish, english).ldnd > 0.8


@pytest.mark.parametrize(
    ("sources", "targets", "message"),
    [
        (["su", "göz"], ["су", "көз"], "written in LATIN and CYRILLIC; transliterate"),
        (["a"], ["b"], "at least 2 concepts, got 1"),
        (["a", "b"], ["c"], "2 sources for 1 targets"),
        (["a", "a"], ["a", "a"], "all words of both lists are the same string"),
        (["1", "2"], ["a", "b"], "source list holds no letter"),
    ],
)
def test_refusals(sources: list[str], targets: list[str], message: str) -> None:
    with pytest.raises(UnscorableError, match=message):
        lexical_distance(sources, targets)
