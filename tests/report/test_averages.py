"""Two averages, over pairs and over families, and the sources of uncertainty of each score."""

import csv
import io
from statistics import stdev

import numpy as np
import pytest

from tests.report.test_conclusion import BOTH, SWH, TUR, flat, noisy, only, scored
from tests.support import scored_record
from tli_bench.languages import DEFAULT_PAIRS
from tli_bench.models.identity import AdapterRef, TrainingRef
from tli_bench.models.tuned import settings_of
from tli_bench.report.conclusion import conclude
from tli_bench.report.render_csv import render_csv
from tli_bench.report.render_md import render_markdown
from tli_bench.report.scopes import FAMILIES, scopes_for
from tli_bench.report.spread import recipe_of
from tli_bench.report.table import build
from tli_bench.stats.pseudo import clustered

AZJ = "azj_Latn-eng_Latn"


def section(board, scope):
    return next(s for s in board.sections if s.scope.id == scope)


def row_of(board, scope, model):
    return next(r for r in section(board, scope).rows if board.entries[r.entry].key.model == model)


def test_every_family_counts_equally_and_a_pair_of_both_counts_in_both():
    (scope,) = [s for s in scopes_for((SWH, TUR, AZJ, BOTH)) if s.id == FAMILIES]
    # Bantu: two pairs, a quarter each. Turkic: three pairs, a sixth each. Swahili - Turkish is in both.
    assert dict(zip(scope.pairs, scope.weights, strict=True)) == pytest.approx(
        {SWH: 1 / 4, BOTH: 1 / 4 + 1 / 6, TUR: 1 / 6, AZJ: 1 / 6}
    )
    assert sum(scope.weights) == pytest.approx(1)


def test_the_default_pairs_are_averaged_over_two_families():
    found = {s.id: s for s in scopes_for(DEFAULT_PAIRS)}
    assert set(found[FAMILIES].pairs) == set(found["overall"].pairs) == set(DEFAULT_PAIRS)
    swahili = [w for pair, w in zip(found[FAMILIES].pairs, found[FAMILIES].weights, strict=True) if "swh" in pair]
    assert sum(swahili) == pytest.approx(0.5 + 0.5 / 14)


@pytest.mark.parametrize("pairs", [(SWH,), (TUR, AZJ), (SWH, TUR), (BOTH,)])
def test_an_average_that_says_nothing_new_is_left_out(pairs):
    """One family, or families that weigh every pair alike, as one pair each does."""
    assert FAMILIES not in {s.id for s in scopes_for(pairs)}


def test_the_average_over_families_is_the_mean_of_what_the_families_show():
    values = {SWH: 0.5, TUR: 0.3, AZJ: 0.4, BOTH: 0.9}
    board = only([scored_record(pair=pair, scores=flat(value)) for pair, value in values.items()])
    scores = {s.scope.id: s.rows[0].score for s in board.sections}
    assert scores[FAMILIES] == pytest.approx((scores["bantu"] + scores["turkic"]) / 2)
    assert scores["bantu"] == pytest.approx(0.7)
    assert scores["overall"] == pytest.approx(0.525)
    ranked = section(board, FAMILIES).rows[0].ranked
    assert ranked.score == pytest.approx(scores[FAMILIES])


def test_columns_next_to_the_score_are_averaged_as_it_is():
    adapter = AdapterRef(name="tli", sha256="a" * 64)
    gains = {SWH: 0.3, TUR: 0.1, AZJ: 0.1}
    records = [
        scored_record(pair=pair, scores=flat(0.4 + gain), base_scores=flat(0.4), adapter=adapter)
        for pair, gain in gains.items()
    ]
    board = only(records)
    row = next(r for r in section(board, FAMILIES).rows if board.entries[r.entry].kind == "adapter")
    assert row.cells["p1_of_50_change"] == pytest.approx(0.2)


def test_the_audit_words_are_averaged_over_families_too():
    records, levels = [], {SWH: 0.7, TUR: 0.3, AZJ: 0.3}
    for lexicon, change in (("core 1.0", 0.0), ("core audit 1.0", 0.1)):
        digest = ("b" if change else "a") * 64
        records += [
            scored_record(pair=pair, scores=flat(level - change), lexicon=lexicon, lexicon_hash=digest)
            for pair, level in levels.items()
        ]
    gap = section(only(records), FAMILIES).rows[0].gap
    assert (gap.control, gap.audit) == pytest.approx((0.5, 0.4))


def test_the_weighted_mean_has_the_interval_of_its_own_jackknife():
    """Pseudo-values of a weighted mean are those that leaving out each concept everywhere gives, for pairs of the same words."""
    rng = np.random.default_rng(0)
    values, weights, n = rng.normal(size=(3, 30)), (0.5, 0.3, 0.2), 30
    _, found = clustered(list(values), [[f"{i:02}" for i in range(n)]] * 3, weights=weights)
    whole = float(np.average(values.mean(axis=1), weights=weights))
    without = [np.average(np.delete(values, k, axis=1).mean(axis=1), weights=weights) for k in range(n)]
    assert found == pytest.approx([n * whole - (n - 1) * one for one in without])


def test_weights_that_are_all_alike_change_nothing():
    rng = np.random.default_rng(1)
    values, concepts = [rng.normal(size=20), rng.normal(size=30)], [range(20), range(10, 40)]
    assert clustered(values, concepts)[1] == pytest.approx(clustered(values, concepts, weights=(0.5, 0.5))[1])


def test_where_the_averages_rank_differently_the_conclusion_says_who():
    def levels(name, swahili, turkish, azeri):
        return [
            *scored(name, flat(swahili), (SWH,)),
            *scored(name, flat(turkish), (TUR,)),
            *scored(name, flat(azeri), (AZJ,)),
        ]

    board = only([*levels("swahili-first", 0.6, 0.3, 0.3), *levels("turkic-first", 0.4, 0.45, 0.45)])
    assert conclude(board).disagreement == (
        "The two averages rank differently: with every family counted equally, turkic-first is 2 instead of 1 "
        "and swahili-first is 1 instead of 2."
    )
    alike = only([*levels("better", 0.6, 0.5, 0.5), *levels("worse", 0.1, 0.1, 0.1)])
    assert section(alike, FAMILIES).rows[0].ranked
    assert conclude(alike).disagreement == ""


def test_a_board_of_one_family_has_no_disagreement():
    assert conclude(only(scored("a", flat(0.5), (TUR, AZJ)) + scored("b", flat(0.4), (TUR, AZJ)))).disagreement == ""


def test_each_source_of_uncertainty_stands_on_its_own():
    levels = {SWH: 0.5, TUR: 0.3, AZJ: 0.4}
    board = only([scored_record(pair=pair, scores=flat(level)) for pair, level in levels.items()])
    overall, alone = row_of(board, "overall", "org/model").spread, row_of(board, SWH, "org/model").spread
    assert overall.words == pytest.approx(stdev(flat(0.5)) / 60**0.5)
    assert overall.pairs == pytest.approx(stdev(levels.values()))
    assert (overall.seeds, overall.trainings) == (None, 0)
    assert (alone.pairs, alone.words) == (None, pytest.approx(overall.words))


def trained(name, level, **changes):
    ref = AdapterRef(**({"name": name, "sha256": name[-1] * 64, "recipe": "tli", "trained_on": SWH} | changes))
    return scored_record(scores=flat(level), base_scores=flat(0.2), adapter=ref)


def test_trainings_of_one_recipe_show_what_the_seed_changes():
    board = only(
        [trained("a", 0.5), trained("b", 0.6), trained("c", 0.9, recipe="other"), trained("d", 0.7, recipe=None)]
    )
    found = {
        board.entries[r.entry].trained.name: r.spread
        for r in section(board, SWH).rows
        if board.entries[r.entry].trained
    }
    assert (found["a"].seeds, found["a"].trainings) == (pytest.approx(stdev([0.5, 0.6])), 2)
    assert (found["b"].seeds, found["b"].trainings) == (found["a"].seeds, 2)
    assert [(found[name].seeds, found[name].trainings) for name in "cd"] == [(None, 1), (None, 1)]


@pytest.mark.parametrize(
    "changes",
    [
        {"trained_on": TUR},
        {"loss_layers": ("1",)},
        {"trainable_parameters": 5},
        {"recipe": "x"},
        {"recipe": None},
        {"settings": "c" * 64},
    ],
)
def test_trainings_of_different_recipes_are_no_seeds_of_each_other(changes):
    first, second = (e for e in only([trained("a", 0.5), trained("b", 0.6, **changes)]).entries if e.trained)
    assert recipe_of(first) != recipe_of(second)


def test_trainings_that_differ_by_their_seed_alone_have_the_same_settings():
    def card(rate=0.001, seed=0, base="sha256:abc"):
        return {"base": {"revision": base}, "lexicon": {"content_hash": "1" * 64, "split_seed": 0}, "pair": SWH, "seed": seed,
                "recipe_fields": {"name": f"run-{seed}", "learning_rate": rate}}  # fmt: skip

    assert settings_of(card()) == settings_of(card(seed=1))
    assert len({settings_of(card()), settings_of(card(rate=0.002)), settings_of(card(base="sha256:def"))}) == 3
    assert settings_of({"recipe": "tli"}) is None
    first, second = (
        e
        for e in only(
            [trained(n, 0.5, seed=s, settings=settings_of(card(seed=s))) for n, s in (("a", 0), ("b", 1))]
        ).entries
        if e.trained
    )
    assert recipe_of(first) == recipe_of(second)


def test_a_fully_tuned_model_has_seeds_too():
    def tuned(name, level, revision):
        ref = TrainingRef(kind="full", name=name, recipe="full-finetune", base="org/good", base_revision="sha256:abc")
        return scored_record(model=name, revision=revision, scores=flat(level), training=ref)

    first, second = only([tuned("x", 0.5, "sha256:1"), tuned("y", 0.6, "sha256:2")]).sections[0].rows
    assert first.spread.trainings == second.spread.trainings == 2


def test_a_row_without_a_rank_has_no_spread_over_words():
    board = only([*scored("a", noisy(0.5, 1)), *scored("half", noisy(0.5, 2), (SWH,))])
    spread = row_of(board, "overall", "half").spread
    assert (spread.words, spread.pairs, spread.seeds) == (None, None, None)


def test_any_one_pair_left_out_moves_score_and_place_as_far_as_it_can():
    """`wide` is far ahead on one pair alone: without it, it is last."""
    levels = {"wide": (0.9, 0.2, 0.2), "even": (0.4, 0.4, 0.4), "low": (0.3, 0.3, 0.3)}
    pairs = (SWH, TUR, AZJ)
    board = only(
        [
            r
            for name, own in levels.items()
            for p, v in zip(pairs, own, strict=True)
            for r in scored(name, flat(v), (p,))
        ]
    )
    found = {name: row_of(board, "overall", name).spread for name in levels}
    assert found["wide"].without == pytest.approx((0.2, 0.55))
    assert {name: spread.places for name, spread in found.items()} == {"wide": (1, 3), "even": (1, 2), "low": (2, 3)}
    assert row_of(board, SWH, "wide").spread.without is None


def test_without_a_pair_the_families_average_keeps_the_weights_of_the_others():
    levels = {SWH: 0.5, TUR: 0.3, AZJ: 0.4, BOTH: 0.9}
    board = only([scored_record(pair=pair, scores=flat(level)) for pair, level in levels.items()])
    weights = dict(zip(section(board, FAMILIES).scope.pairs, section(board, FAMILIES).scope.weights, strict=True))
    left = [sum(weights[p] * v for p, v in levels.items() if p != out) / (1 - weights[out]) for out in levels]
    assert section(board, FAMILIES).rows[0].spread.without == pytest.approx((min(left), max(left)))


def of_many_pairs(leads):
    """Two models on eight pairs; `b` is ahead by its lead on each."""
    values = {pair: flat(0.4 + 0.02 * i) for i, pair in enumerate(DEFAULT_PAIRS[: len(leads)])}
    return only(
        [scored_record(model="a", pair=pair, scores=own) for pair, own in values.items()]
        + [
            scored_record(model="b", pair=pair, scores=tuple(v + lead for v in own))
            for (pair, own), lead in zip(values.items(), leads, strict=True)
        ]
    )


def test_the_conclusion_says_where_the_uncertainty_of_the_first_comes_from():
    board = of_many_pairs([0.3, -0.1] * 4)
    assert row_of(board, "overall", "b").ranked.drawn_interval == (1, 2)
    said = conclude(board).sources
    assert said.startswith(
        "Where the uncertainty of b comes from: other words, ±0.008 (standard error); other pairs, 0."
    )
    assert "place 1 among 2 with any one of the 8 left out" in said
    assert said.endswith(
        "Were the pairs drawn at random as well, 2 of 2 ranks would be less certain; it would have rank 1–2 instead of 1."
    )
    assert conclude(of_many_pairs([0.1] * 8)).sources.endswith(
        "Were the pairs drawn at random as well, every rank would stay."
    )
    assert "drawn" not in conclude(only(scored("a", flat(0.5)) + scored("b", flat(0.4)))).sources


def test_the_conclusion_says_what_is_known_of_seeds():
    both = conclude(only([trained("a", 0.5), trained("b", 0.6)])).sources
    assert "other seeds, ±0.071 (standard deviation of 2 trainings)" in both
    assert "other seeds, not known from one training" in conclude(only([trained("a", 0.5)])).sources
    assert "seeds" not in conclude(only(scored("a", flat(0.5)))).sources


def test_every_format_shows_each_source():
    built = build(
        [
            scored_record(model=name, pair=pair, scores=flat(level))
            for name, level in (("a", 0.4), ("b", 0.5))
            for pair in DEFAULT_PAIRS
        ]
    )
    lines = list(csv.DictReader(io.StringIO(render_csv(built))))
    (first,) = [line for line in lines if line["scope"] == "overall" and line["model"] == "b"]
    assert (first["se_words"], first["without_pair_low"]) == (f"{stdev(flat(0.5)) / 60**0.5:.6f}", "0.500000")
    assert [
        first[name] for name in ("place_without_low", "place_without_high", "drawn_rank_low", "drawn_rank_high")
    ] == list("1111")
    assert "| b | 0.008 | 0.000 | 0.500 | 1 | 1 | – |" in render_markdown(built)
