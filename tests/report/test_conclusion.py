"""The sentences of a board: right for none, one, two and many rows, for ties, and true at a glance."""

import dataclasses

import numpy as np
import pytest

from tests.report import cases
from tests.support import scored_record
from tli_bench.models.identity import AdapterRef, TrainingRef
from tli_bench.report.conclusion import conclude, entry_names, tiers
from tli_bench.report.table import Row, build
from tli_bench.stats.ranks import Ranked

SWH, TUR, BOTH = "swh_Latn-eng_Latn", "tur_Latn-eng_Latn", "swh_Latn-tur_Latn"
WORDS = 60
SHARED = np.linspace(-0.1, 0.1, WORDS)


def noisy(mean, seed, scale=0.05):
    """Values of a model's own: two models of nearly the same mean cannot be told apart by them."""
    return tuple(mean + np.random.default_rng(seed).normal(0, scale, WORDS))


def flat(mean):
    """Values that differ from those of another such model by a constant, which is beyond doubt."""
    return tuple(mean + SHARED)


def only(records):
    (board,) = build(records).boards
    return board


def scored(name, values, pairs=(SWH, TUR), **changes):
    return [scored_record(model=name, pair=pair, scores=values, **changes) for pair in pairs]


def said(*records):
    return conclude(only([record for group in records for record in group])).sentence


def test_one_winner_everywhere_is_said_once():
    sentence = said(scored("good", flat(0.5)), scored("weak", flat(0.2)))
    score = "P@1 of 50 0.500 [0.485, 0.515]"
    assert sentence == f"Best of 2 over all pairs, for Swahili and for Turkish: good ({score} over all pairs)."


def test_a_family_of_several_languages_goes_by_its_own_name():
    pairs = (SWH, TUR, "azj_Latn-eng_Latn")
    assert said(scored("good", flat(0.5), pairs), scored("weak", flat(0.2), pairs)).startswith(
        "Best of 2 over all pairs, for Swahili and for Turkic: good ("
    )


def test_other_winners_for_a_family_are_named_there():
    sentence = said(
        scored("a", flat(0.5), (SWH,)) + scored("a", flat(0.4), (TUR,)),
        scored("b", flat(0.45), (SWH,)) + scored("b", flat(0.42), (TUR,)),
    )
    assert sentence == (
        "Best of 2 over all pairs and for Swahili: a (P@1 of 50 0.450 [0.435, 0.465] over all pairs); "
        "best of 2 for Turkish: b (P@1 of 50 0.420 [0.405, 0.435])."
    )


def test_two_that_tie_at_the_top_are_both_named():
    sentence = said(
        scored("a", noisy(0.5, 1), (SWH,)), scored("b", noisy(0.5, 2), (SWH,)), scored("c", flat(0.1), (SWH,))
    )
    assert sentence.startswith("First of 3 for Swahili – English: ")
    assert sentence.endswith("]), which cannot be told apart.")


def test_two_that_tie_and_are_alone():
    sentence = said(scored("a", noisy(0.5, 1), (SWH,)), scored("b", noisy(0.5, 2), (SWH,)))
    assert sentence.startswith("Neither of 2 is certainly better for Swahili – English: ")
    assert sentence.endswith(" cannot be told apart.")


def test_many_that_tie_are_counted_beyond_the_first_few():
    sentence = said(*(scored(f"m{i}", noisy(0.5, i), (SWH,)) for i in range(9)))
    assert sentence.startswith("None of 9 is certainly better for Swahili – English: ")
    assert sentence.endswith("and 6 others cannot be told apart.")


def test_those_behind_the_best_who_cannot_be_told_apart_are_named():
    sentence = said(
        scored("best", flat(0.8), (SWH,)), scored("x", noisy(0.5, 1), (SWH,)), scored("y", noisy(0.5, 2), (SWH,)),
        scored("last", flat(0.1), (SWH,)),
    )  # fmt: skip
    assert sentence.startswith("Best of 4 for Swahili – English: best (")
    assert "; x and y cannot be told apart." in sentence or "; y and x cannot be told apart." in sentence


def test_where_they_cannot_be_told_apart_is_said_unless_it_is_everywhere():
    best = scored("best", flat(0.8))
    everywhere = said(best, scored("x", noisy(0.5, 1)), scored("y", noisy(0.5, 2)))
    assert everywhere.endswith(("; x and y cannot be told apart.", "; y and x cannot be told apart."))
    x = scored("x", flat(0.5), (SWH,)) + scored("x", flat(0.4), (TUR,))
    y = scored("y", flat(0.4), (SWH,)) + scored("y", flat(0.5), (TUR,))
    assert said(best, x, y).endswith("; over all pairs, x and y cannot be told apart.")


def test_a_chain_of_ties_is_an_uncertain_order():
    """A beats C, B can be told from neither: saying that the three cannot be told apart would be wrong."""
    values = [np.random.default_rng(i).normal(0, 0.1, 40) for i in range(3)]
    chain = [v - v.mean() + lead for v, lead in zip(values, (0.08, 0.04, 0.0), strict=True)]
    records = [scored_record(model=f"m{i}", scores=tuple(0.3 + v)) for i, v in enumerate(chain)]
    sentence = said(records, [scored_record(model="best", scores=(0.9,) * 40)])
    assert sentence.endswith("; the order of m0, m1 and m2 is not certain.")


def test_too_many_ties_behind_are_counted():
    records = [scored(f"m{i:02}", noisy(0.5, i), (SWH,)) for i in range(12)]
    assert said(scored("best", flat(0.9), (SWH,)), *records).endswith(
        "; 12 models behind have a rank that is not certain."
    )


def test_one_model_alone_is_not_called_best():
    sentence = said(scored("alone", flat(0.5), (SWH,)))
    assert sentence.startswith("Only alone (P@1 of 50 0.500 [")
    assert sentence.endswith("is ranked for Swahili – English, so there is nothing to compare it with.")


def test_nothing_ranked_says_why():
    found = conclude(only(scored("few", (0.1, 0.2, 0.3), (SWH,))))
    assert found.sentence == "Nothing is ranked for Swahili – English: 3 words are too few for a rank (at least 20)."
    assert (found.basis, found.disagreement) == ("", "")


def test_a_board_without_rows_says_so():
    board = dataclasses.replace(only(scored("m", flat(0.5))), entries=(), sections=())
    found = conclude(board)
    assert (found.sentence, found.basis, found.disagreement) == ("Nothing is ranked: no pair was scored.", "", "")


def test_a_family_alone_stands_for_the_whole_board():
    pairs = (TUR, "azj_Latn-eng_Latn")
    sentence = said(scored("good", flat(0.5), pairs), scored("weak", flat(0.2), pairs))
    assert sentence.startswith("Best of 2 for Turkic: good (")
    assert "all pairs" not in sentence


def test_pairs_that_belong_to_two_families_at_once_are_all_pairs():
    pairs = ("swh_Latn-kir_Cyrl", "swh_Latn-kaz_Cyrl")
    assert said(scored("good", flat(0.5), pairs), scored("weak", flat(0.2), pairs)).startswith(
        "Best of 2 over all pairs: good ("
    )


def test_a_demonstration_says_that_it_is_one():
    sentence = said(scored("tiny", flat(0.5), (SWH,)))
    assert sentence.startswith("Demonstration, not real models: only tiny (")


def test_rows_without_a_rank_are_counted():
    found = conclude(
        only(
            [
                *scored("good", flat(0.5)),
                *scored("half", flat(0.9), (SWH,)),
                *scored("forced", flat(0.9), skip_gate=True),
            ]
        )
    )
    assert "Only good (" in found.sentence
    assert found.basis == "From 60 control words in 2 pairs; 2 of 3 models have no rank, and the table says why."


def test_the_basis_counts_words_pairs_and_trainings():
    adapter = AdapterRef(name="tli", sha256="a" * 64, recipe="tli", trained_on=SWH)
    again = AdapterRef(name="tli-2", sha256="b" * 64, recipe="tli", trained_on=SWH)
    base = {"base_scores": flat(0.2)}
    once = [*scored("m", flat(0.2)), *scored("m", flat(0.5), adapter=adapter, **base)]
    assert conclude(only(once)).basis == "From 60 control words in 2 pairs, one training seed per adapter."
    twice = [*once, *scored("m", flat(0.6), adapter=again, **base)]
    assert conclude(only(twice)).basis == "From 60 control words in 2 pairs, 2 trainings per recipe."
    tuned = TrainingRef(kind="full", name="f", recipe="full-finetune", base="m", base_revision="sha256:abc")
    full = [*scored("f", flat(0.7), training=tuned, revision="sha256:def")]
    assert conclude(only([*once, *full])).basis == "From 60 control words in 2 pairs, one seed per training."


@pytest.mark.parametrize(
    ("audit", "expected"),
    [
        (0.5, "; audit words agree."),
        (0.3, "; audit words score lower than control words (†) for good."),
        (None, "in 2 pairs."),
    ],
)
def test_the_basis_says_whether_audit_words_agree(audit, expected):
    records = scored("good", flat(0.5), lexicon="core 1.0")
    if audit:
        records += scored("good", flat(audit), lexicon="core audit 1.0", lexicon_hash="b" * 64)
    assert conclude(only(records)).basis.endswith(expected)


def test_audit_words_of_some_are_not_those_of_all():
    records = [*scored("good", flat(0.5), lexicon="core 1.0"), *scored("new", flat(0.3), lexicon="core 1.0")]
    records += scored("good", flat(0.5), lexicon="core audit 1.0", lexicon_hash="b" * 64)
    assert conclude(only(records)).basis.endswith("; audit words agree for the 1 of 2 models that have them.")


def test_hostile_names_are_bounded_and_on_one_line():
    found = conclude(only([*scored(cases.HOSTILE * 9, flat(0.5)), *scored("a\nb\u202ec", flat(0.2))]))
    for text in (found.sentence, found.basis, found.disagreement):
        assert "\n" not in text
        assert "\u202e" not in text
        assert len(text) < 600


def test_entries_of_one_name_are_told_apart_by_what_differs():
    records = [*scored("m", flat(0.5)), *scored("m", flat(0.4), dtype="bfloat16"), *scored("other", flat(0.1))]
    assert sorted(entry_names(only(records).entries)) == ["m (bfloat16)", "m (float32)", "other"]


def test_a_tuned_model_says_what_it_was_tuned_from():
    names = entry_names(only(cases.records()).entries)
    assert {"good-full, fully fine-tuned from org/good", "org/good with tli-r4", "org/good"} <= set(names)


def row(entry, low, high):
    return Row(entry, Ranked(1 - entry / 10, 0.1, (0.0, 1.0), low, low < high, (low, high)), 1 - entry / 10, {}, "")


@pytest.mark.parametrize(
    ("intervals", "expected"),
    [
        ([(1, 1), (2, 2), (3, 3)], [[0], [1], [2]]),
        ([(1, 3), (1, 3), (1, 3)], [[0, 1, 2]]),
        ([(1, 2), (1, 3), (2, 3), (4, 4)], [[0, 1, 2], [3]]),
        ([(1, 1), (2, 3), (2, 3)], [[0], [1, 2]]),
        ([(1, 2), (1, 2), (3, 4), (3, 4)], [[0, 1], [2, 3]]),
        ([], []),
    ],
)
def test_tiers_are_cut_only_where_every_rank_interval_allows_it(intervals, expected):
    found = tiers([row(i, *interval) for i, interval in enumerate(intervals)])
    assert [[r.entry for r in tier] for tier in found] == expected
