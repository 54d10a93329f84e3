from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tli_bench.base.errors import InputError
from tli_bench.lexicon import Entry, assign_splits
from tli_bench.lexicon.core import installed_core
from tli_bench.lexicon.leakage import find_leakage, find_leaks
from tli_bench.lexicon.pairs import Split

# Few, short words, so that nearly all entries share a form with another.
form = st.text(alphabet="abkmu", min_size=1, max_size=4)
entry_forms = st.fixed_dictionaries(
    {"swh_Latn": st.lists(form, min_size=1, max_size=3), "tur_Latn": st.lists(form, min_size=1, max_size=3)}
)


@st.composite
def entry_lists(draw: st.DrawFn) -> list[Entry]:
    rows = draw(
        st.lists(st.tuples(entry_forms, st.sampled_from(["noun", "verb"]), st.sampled_from(["a", "b"])), max_size=25)
    )
    return [
        Entry(f"c{i}", {code: tuple(words) for code, words in forms.items()}, pos, field)
        for i, (forms, pos, field) in enumerate(rows)
    ]


@given(rows=entry_lists(), seed=st.integers(0, 5))
def test_no_form_stem_or_near_form_is_on_both_sides(rows: list[Entry], seed: int) -> None:
    splits = assign_splits(rows, seed=seed)
    assert set(splits) == {row.concept for row in rows}
    assert find_leakage(rows, splits) == []


@given(rows=entry_lists(), seed=st.integers(0, 5), keep=st.integers(0, 25))
def test_appended_concepts_move_none_before_them(rows: list[Entry], seed: int, keep: int) -> None:
    before = assign_splits(rows[:keep], seed=seed)
    after = assign_splits(rows, seed=seed)
    assert {concept: after[concept] for concept in before} == before


@given(rows=entry_lists(), data=st.data())
def test_published_splits_stay_wherever_concepts_are_inserted(rows: list[Entry], data: st.DataObject) -> None:
    old = [row for row in rows if data.draw(st.booleans())]
    published = assign_splits(old)
    after = assign_splits(rows, previous=published)
    assert {concept: after[concept] for concept in published} == published
    assert find_leaks(rows, after) == []


@given(rows=entry_lists(), seed=st.integers(0, 5))
def test_the_same_input_gives_the_same_splits(rows: list[Entry], seed: int) -> None:
    assert assign_splits(rows, seed=seed) == assign_splits(list(rows), seed=seed)


def free(n: int) -> list[Entry]:
    return [
        Entry(f"c{i}", {"tur_Latn": (f"{'abcdefghij'[i % 10]}{'klmnoprstu'[i // 10]}",)}, "noun", "body")
        for i in range(n)
    ]


def test_free_concepts_reach_the_shares() -> None:
    counts = Counter(assign_splits(free(100)).values())
    assert counts == {Split.TRAIN: 70, Split.DEV: 10, Split.CONTROL: 20}


def test_a_zero_share_gets_nothing() -> None:
    counts = Counter(assign_splits(free(100), shares={Split.TRAIN: 0.8, Split.DEV: 0.2, Split.CONTROL: 0.0}).values())
    assert counts == {Split.TRAIN: 80, Split.DEV: 20}


def test_another_seed_gives_other_splits() -> None:
    assert assign_splits(free(100), seed=0) != assign_splits(free(100), seed=1)


def test_a_concept_that_joins_both_sides_goes_to_dev() -> None:
    rows = [Entry(name, {"tur_Latn": (name,)}) for name in ("ada", "oda")]
    bridge = Entry("bridge", {"tur_Latn": ("ada", "oda")})
    splits = assign_splits([*rows, bridge], previous={"ada": Split.TRAIN, "oda": Split.CONTROL})
    assert splits["bridge"] == Split.DEV


def test_a_concept_follows_the_side_it_touches() -> None:
    rows = [Entry("ada", {"tur_Latn": ("ada",)}), Entry("island", {"tur_Latn": ("ADA", "adacık")})]
    for side in (Split.TRAIN, Split.CONTROL):
        assert assign_splits(rows, previous={"ada": side})["island"] == side


@settings(deadline=None)
@given(seed=st.integers(0, 3))
def test_one_big_component_does_not_fill_dev(seed: int) -> None:
    chain = [Entry(f"link{i}", {"tur_Latn": (f"söz{i:03}", f"söz{i + 1:03}")}) for i in range(40)]
    rows = [*free(60), *chain]
    counts = Counter(assign_splits(rows, seed=seed).values())
    assert counts[Split.DEV] <= 20
    assert counts[Split.CONTROL] >= 10


def test_shares_and_ids_are_checked() -> None:
    with pytest.raises(InputError, match=r"must sum to 1, none below 0; got train 0.7, dev 0.1"):
        assign_splits([], shares={Split.TRAIN: 0.7, Split.DEV: 0.1})
    with pytest.raises(InputError, match="concept 'c0' occurs 2 times"):
        assign_splits([*free(1), *free(1)])


def test_the_published_splits_stay_and_none_leaks() -> None:
    core = installed_core()
    assert assign_splits(core.entries, seed=core.seed, shares=core.shares, previous=core.splits) == core.splits
    assert find_leaks(core.entries, core.splits) == []
