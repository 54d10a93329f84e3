"""Trained from one base: who is compared with whom, and changes and intervals on constructed records with known answers."""

import numpy as np
import pytest
from scipy import stats as sps

from tests.report import cases
from tests.support import columns_of, pseudo_of, scored_record
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.roles import HEADLINE
from tli_bench.records import TaskScore
from tli_bench.report.reported import Reported, Source
from tli_bench.report.table import build
from tli_bench.report.trainings import change_text, kind_of
from tli_bench.stats.verdict import Verdict, VerdictKind

SWH, TUR = "swh_Latn-eng_Latn", "tur_Latn-eng_Latn"


def many(*values):
    """Enough words for a rank: the values again and again, twenty words and more."""
    return list(values) * -(-20 // len(values))


def record(scores, output_scores, *, base=((0.5, 0.5), (0.2, 0.2)), hits=None, best="1", **options):
    """A record whose states were kept at layer 1, `best`, and at the output, 2; base: its scores at both layers."""
    scores, output_scores, *base = (many(*values) for values in (scores, output_scores, *base))
    adapter = options.get("adapter")
    made = scored_record(layers=cases.LAYERS, scores=output_scores, hits=hits, base_scores=base[1], **options)
    scores_of = {"base": base[0] if adapter else scores, "adapted": scores}
    parts = {}
    for part, kept_of in (("columns", columns_of), ("pseudo", pseudo_of)):
        parts[part] = {split: {s: dict(own) for s, own in held.items()} for split, held in getattr(made, part).items()}
        for state, layers in parts[part][Split.CONTROL].items():
            layers[best] = kept_of(scores_of[state], hits)
    return made.model_copy(update={"best_layer": dict.fromkeys(made.best_layer, best), **parts})


def only(records, scope="overall", **options):
    (board,) = build(records, **options).boards
    (contest,) = [c for c in board.contests if c.scope.id == scope]
    return board, contest


def test_changes_are_read_at_the_chosen_layer_and_at_the_output():
    """Every word rises by 0.1 at the chosen layer and falls by 0.05 at the output: no doubt is left about either."""
    adapted = record((0.6, 0.7), (0.15, 0.35), base=((0.5, 0.6), (0.2, 0.4)), adapter=cases.EARLY)
    board, contest = only([adapted])
    (row,) = contest.rows
    assert board.entries[row.entry].trained.name == "tli-early"
    assert row.changes[HEADLINE].value == pytest.approx(0.1)
    assert row.changes[HEADLINE].ci == pytest.approx((0.1, 0.1))
    assert row.changes[f"output_{HEADLINE}"].value == pytest.approx(-0.05)
    assert row.changes[f"output_{HEADLINE}"].ci == pytest.approx((-0.05, -0.05))
    assert contest.values == pytest.approx({HEADLINE: 0.55, "p1": 1.0, f"output_{HEADLINE}": 0.3, "output_p1": 1.0})


def test_p1_is_of_both_directions():
    base = scored_record(layers=cases.LAYERS, scores=many(0.1), hits=many(True, False, False, False))
    training = cases.FULL.model_copy(update={"base": "org/model"})
    after = {"hits": many(True, True, True, False), "model": "x", "revision": "y", "training": training}
    tuned = scored_record(layers=cases.LAYERS, scores=many(0.1), **after)
    _, contest = only([base, tuned])
    (row,) = contest.rows
    assert (row.kind, contest.values["p1"]) == ("full", 0.25)
    assert row.changes["p1"].value == row.changes["output_p1"].value == pytest.approx(0.5)


def test_the_interval_is_students_of_the_paired_difference():
    """However far the words themselves are apart."""
    rng = np.random.default_rng(0)
    before = rng.normal(0.3, 0.2, 100)
    change = rng.normal(0.05, 0.04, 100)
    adapted = record(before + change, before, base=(before, before), adapter=cases.EARLY)
    _, contest = only([adapted])
    found = contest.rows[0].changes[HEADLINE]
    assert found.value == pytest.approx(change.mean())
    assert found.ci == pytest.approx(tuple(sps.ttest_1samp(change, 0).confidence_interval(0.95)), rel=1e-9)


def test_over_pairs_it_is_the_mean_of_the_pairs():
    records = [
        record((0.6, 0.6), (0.2, 0.2), adapter=cases.EARLY, pair=SWH),
        record((0.9, 0.9), (0.3, 0.3), adapter=cases.EARLY, pair=TUR),
    ]
    _, overall = only(records)
    assert overall.rows[0].changes[HEADLINE].value == pytest.approx((0.1 + 0.4) / 2)
    _, turkish = only(records, TUR)
    assert turkish.rows[0].changes[HEADLINE].value == pytest.approx(0.4)
    assert turkish.rows[0].changes[f"output_{HEADLINE}"].value == pytest.approx(0.1)


def test_lora_on_early_layers_at_full_depth_and_all_weights_stand_in_one_contest():
    (board,) = cases.leaderboard().boards
    overall = next(c for c in board.contests if c.scope.id == "overall")
    assert board.entries[overall.base].key.model == "org/good"
    told = [(row.kind, board.entries[row.entry].trained.name) for row in overall.rows]
    assert told == [("early", "tli-early"), ("deep", "tli-r4"), ("full", "good-full")]
    assert [row.changes[HEADLINE].value for row in overall.rows] == pytest.approx([-0.07, 0.0875, 0.155])
    assert {c.scope.id for c in board.contests} >= {"bantu", "turkic", *cases.PAIRS}


def test_the_gain_of_the_table_is_the_change_of_the_contest():
    (board,) = cases.leaderboard().boards
    rows = {row.entry: row for row in board.sections[0].rows}
    for change in next(c for c in board.contests if c.scope.id == "overall").rows:
        assert rows[change.entry].cells[f"{HEADLINE}_change"] == change.changes[HEADLINE].value


@pytest.mark.parametrize(
    ("loss", "kind"),
    [(("1",), "early"), (("0", "1"), "early"), (("2",), "deep"), (("2p",), "deep"), (("1", "2"), "deep"), ((), "lora"), (("9",), "lora")],
)  # fmt: skip
def test_where_the_loss_was_taken_tells_early_from_full_depth(loss, kind):
    adapter = cases.EARLY.model_copy(update={"loss_layers": loss})
    board, contest = only([record((0.6, 0.6), (0.2, 0.2), adapter=adapter)])
    assert contest.rows[0].kind == kind == kind_of(board.entries[contest.rows[0].entry])


def tuned(**changes):
    training = cases.FULL.model_copy(update={"base": "org/model"} | changes)
    return scored_record(
        layers=cases.LAYERS, scores=many(0.4, 0.5), model="runs/full", revision="sha256:def", training=training
    )


def test_a_tuned_model_is_compared_with_the_base_it_names_only():
    base = scored_record(layers=cases.LAYERS, scores=many(0.1, 0.2))
    (board,) = build([base, tuned()]).boards
    assert board.contests[0].rows[0].changes[HEADLINE].value == pytest.approx(0.3)
    for other in ({"base_revision": "sha256:other"}, {"base_revision": None}, {"base": "org/other"}):
        (board,) = build([base, tuned(**other)]).boards
        assert board.contests == ()
        gains = {row.cells[f"{HEADLINE}_change"] for row in board.sections[0].rows}
        assert gains == {None}


def test_another_precision_than_the_base_is_no_contest():
    base = scored_record(layers=cases.LAYERS, scores=many(0.1, 0.2), dtype="bfloat16")
    (board,) = build([base, tuned()]).boards
    assert board.contests == ()


def test_what_has_no_rank_is_in_no_contest():
    """A leaking contender, one without all pairs, and a base that skipped its gate."""
    base = scored_record(scores=many(0.1, 0.2))
    leaking = scored_record(scores=many(0.9, 0.9), base_scores=many(0.1, 0.2), adapter=cases.EARLY, leaking=True)
    (board,) = build([base, leaking]).boards
    assert board.contests == ()
    more = scored_record(pair=TUR, scores=many(0.1, 0.2))
    half = scored_record(scores=many(0.9, 0.9), base_scores=many(0.1, 0.2), adapter=cases.EARLY)
    (board,) = build([base, more, half]).boards
    assert {c.scope.id for c in board.contests} == {"bantu", "swh_Latn", SWH}
    gateless = scored_record(scores=many(0.9, 0.9), base_scores=many(0.1, 0.2), adapter=cases.EARLY, skip_gate=True)
    (board,) = build([gateless]).boards
    assert board.contests == ()


def test_english_is_compared_where_both_were_scored():
    shared = {
        "task": "tli_xquad_eng_Latn", "metric": "f1", "filter": "none", "stderr": None, "higher_is_better": True, "version": "1",
        "n": 5, "where": "x", "model": "org/model", "limit": None, "revision": "sha256:abc",
    }  # fmt: skip
    scores = [
        TaskScore(value=0.5, adapter=None, adapter_sha256=None, **shared),
        TaskScore(value=0.4, adapter="tli-early", adapter_sha256=cases.EARLY.sha256, **shared),
    ]
    adapted = record((0.6, 0.6), (0.2, 0.2), adapter=cases.EARLY)
    _, contest = only([adapted], scores=scores)
    assert contest.rows[0].english == pytest.approx(-0.1)
    _, contest = only([adapted], scores=scores[:1])
    assert contest.rows[0].english is None


def test_reported_figures_are_in_no_contest():
    source = Source(title="t", url="https://example.org/1", year=2025)
    row = Reported(
        model="org/model", method="full fine-tuning", pair=SWH, split="control", quantity="gap", protocol="p", layer="2",
        before=0.1, value=0.9, source=source,
    )  # fmt: skip
    adapted = record((0.6, 0.6), (0.2, 0.2), adapter=cases.EARLY)
    _, contest = only([adapted], reported=[row])
    assert len(contest.rows) == 1
    assert only([adapted])[1] == contest


def test_a_base_that_was_only_seen_in_an_adapters_record_has_no_verdict_of_the_adapter():
    verdict = Verdict(kind=VerdictKind.GENERALISES, text="generalises")
    adapted = record((0.6, 0.6), (0.2, 0.2), adapter=cases.EARLY).model_copy(update={"verdicts": {"1": verdict}})
    board, contest = only([adapted])
    verdicts = [board.entries[i].units[SWH].verdict for i in (contest.base, contest.rows[0].entry)]
    assert verdicts == ["", "generalises"]


def test_a_change_that_could_not_be_scored_is_a_dash():
    assert change_text(None) == "–"
