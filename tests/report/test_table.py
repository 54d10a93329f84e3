"""Boards: who is ranked with whom, who is not and why, and what each column holds."""

import random
from dataclasses import replace

import pytest

from tests.report import cases
from tests.support import changed_columns, downstream_record, scored_record
from tli_bench.base.errors import ResultError
from tli_bench.base.paths import data_dir
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.roles import HEADLINE
from tli_bench.models.identity import AdapterRef
from tli_bench.records import TaskScore
from tli_bench.records.controls import Placebo, PlaceboLayer
from tli_bench.records.downstream import task_scores
from tli_bench.records.schema import Controls, Spelling
from tli_bench.report.columns import OVER_BASE
from tli_bench.report.reported import load_reported
from tli_bench.report.table import build, load_results, model_label, rank_text, training_label


def section(board, scope):
    return next(s for s in board.sections if s.scope.id == scope)


def by_name(board, scope="overall"):
    rows = section(board, scope).rows
    return {(model_label(board.entries[r.entry]), training_label(board.entries[r.entry])): r for r in rows}


@pytest.fixture(scope="module")
def board():
    (only,) = cases.leaderboard().boards
    return only


def test_scopes_are_overall_families_languages_and_pairs(board):
    assert [s.scope.id for s in board.sections] == [
        "overall",
        "families",
        "bantu",
        "turkic",
        "swh_Latn",
        "tur_Latn",
        *cases.PAIRS,
    ]
    assert section(board, "turkic").scope.pairs == ("tur_Latn-eng_Latn", "swh_Latn-tur_Latn")


def test_ranks_and_ties(board):
    rows = by_name(board)
    names = ("good-full", "tli-r4", "base", "tli-early")
    assert [rank_text(rows["org/good", name]) for name in names] == ["1", "2", "3", "4"]
    assert rank_text(rows["org/weak", "base"]) == rank_text(rows["org/weak-too", "base"]) == "5="


def test_an_incomplete_entry_is_ranked_only_where_it_is_complete(board):
    row = by_name(board)["org/incomplete", "base"]
    assert (row.ranked, row.score, row.unranked) == (None, None, "1 of 3 pairs")
    assert rank_text(by_name(board, "swh_Latn-eng_Latn")["org/incomplete", "base"]) == "1"


def test_a_reservation_keeps_an_entry_out_of_every_rank(board):
    rows = by_name(board, "swh_Latn-eng_Latn")
    (row,) = [row for (name, _), row in rows.items() if name.startswith("<script>")]
    assert row.ranked is None
    assert row.unranked == "skip_gate"
    assert row.score == pytest.approx(0.875)


def test_columns_come_from_words_curves_and_other_tasks(board):
    adapted, base, weak = (
        by_name(board)[k] for k in (("org/good", "tli-r4"), ("org/good", "base"), ("org/weak", "base"))
    )
    assert adapted.score == pytest.approx(0.6875)
    assert adapted.cells[f"{HEADLINE}_change"] == pytest.approx(0.0875)
    assert base.cells[f"{HEADLINE}_change"] is None
    assert weak.cells["p1"] == pytest.approx(0.5)
    assert base.cells["xquad"] == pytest.approx(0.4)
    assert "xquad" not in adapted.cells  # scored without the adapter
    assert "xquad" not in by_name(board, "swh_Latn-eng_Latn")["org/good", "base"].cells
    assert by_name(board, "swh_Latn-eng_Latn")["org/good", "base"].cells["xlsum"] == pytest.approx(0.2)
    assert board.columns == (
        *(f"{HEADLINE}_change", "gain", "auc_centred", "p1", "mexa", f"output_{HEADLINE}"),
        *("xquad", "xlsum", "cosine", "mismatched", "gap"),
    )


def test_the_score_is_computed_from_the_words_whatever_the_curve_says():
    record = scored_record(scores=(0.1, 0.2, 0.3))
    curves = {
        split: {s: {**c, HEADLINE: [0.9, 0.9]} for s, c in states.items()} for split, states in record.curves.items()
    }
    (only,) = build([record.model_copy(update={"curves": curves})]).boards
    assert only.sections[0].rows[0].score == pytest.approx(0.2)


def test_a_record_from_before_the_headline_is_shown_without_a_rank():
    """Its other scores are shown, and it stands in the way of nobody's rank."""
    old = changed_columns(scored_record(model="org/old", scores=(0.9, 0.8) * 10), without_the_headline)
    old = old.model_copy(update={"pseudo": {}})
    (only,) = build([old, scored_record(scores=(0.1, 0.2) * 10)]).boards
    row = by_name(only)["org/old", "base"]
    assert (row.ranked, row.score, row.unranked) == (None, None, "scored before P@1 of 50: run again")
    assert row.cells["p1"] == 1.0
    assert rank_text(by_name(only)["org/model", "base"]) == "1"


def without_the_headline(measures):
    return {name: column for name, column in measures.items() if not name.startswith("p1_of")}


def test_too_few_words_for_a_rank_are_said_to_be_too_few():
    (only,) = build([scored_record(scores=(0.1, 0.2, 0.3))]).boards
    assert by_name(only)["org/model", "base"].unranked == "3 words are too few for a rank (at least 20)"


def test_low_overlap_and_spelling_stand_next_to_the_score():
    record = scored_record(scores=(0.1, 0.2) * 10)
    spelled = Spelling(n=20, value=0.25, p1=0.2, p1_forward=0.2, p1_backward=0.2, mrr=0.3)
    curves = {Split.CONTROL: {"base": record.curves[Split.CONTROL]["base"] | {"low_overlap": [0.0, 0.4]}}}
    controls = Controls(spelling={Split.CONTROL: spelled})
    (only,) = build([record.model_copy(update={"controls": controls, "curves": curves})]).boards
    cells = by_name(only)["org/model", "base"].cells
    assert (cells["low_overlap"], cells["spelling"]) == (0.4, 0.25)
    assert {"low_overlap", "spelling"} <= set(only.columns)


def test_placebos_and_the_twin_stand_next_to_an_adapters_score():
    """The change is 0.3 and the twin's 0.1; of four placebos' changes, none is larger."""
    record = scored_record(
        adapter=AdapterRef(name="a", sha256="b" * 64), scores=(0.5, 0.6) * 10, base_scores=(0.2, 0.3) * 10
    )
    own = record.curves[Split.CONTROL]
    curves = {Split.CONTROL: own | {"twin": {HEADLINE: [0.0, 0.35]}}}
    layer = PlaceboLayer(layer="1", change=0.3, changes=[0.01, -0.02, 0.0, 0.01])
    placebo = Placebo(count=4, seed=0, split=Split.CONTROL, quantity=HEADLINE, layers=[layer])
    changes = {"controls": Controls(placebo=placebo), "curves": curves, "best_layer": record.best_layer | {"twin": "1"}}
    (only,) = build([record.model_copy(update=changes)]).boards
    adapted, base = by_name(only)["org/model", "a"].cells, by_name(only)["org/model", "base"].cells
    assert adapted["net_of_twin"] == pytest.approx(0.2)
    assert adapted["gain"] == pytest.approx(0.3)
    assert adapted["placebo_floor"] == pytest.approx(layer.floor) == pytest.approx(0.0185)
    assert adapted["placebo_quantile"] == 1.0
    assert [base[name] for name in ("gain", "net_of_twin", "placebo_floor", "placebo_quantile")] == [None] * 4


def test_a_gain_is_at_the_layer_of_the_adapter_and_over_base_at_that_of_each():
    """The base is best at layer 0 (.45) and has .25 at layer 1, where the adapter is best: a gain of .3, and .1 over its base."""
    record = scored_record(
        adapter=AdapterRef(name="a", sha256="b" * 64), scores=(0.5, 0.6) * 10, base_scores=(0.2, 0.3) * 10
    )
    best = scored_record(scores=(0.4, 0.5) * 10, layers=("0",))
    control = record.curves[Split.CONTROL]
    curves = {Split.CONTROL: control | {"base": control["base"] | {HEADLINE: [0.45, 0.25]}}}
    pseudo = {
        Split.CONTROL: record.pseudo[Split.CONTROL]
        | {"base": record.pseudo[Split.CONTROL]["base"] | best.pseudo[Split.CONTROL]["base"]}
    }
    changes = {"curves": curves, "pseudo": pseudo, "best_layer": {"base": "0", "adapted": "1"}}
    (only,) = build([record.model_copy(update=changes)]).boards
    cells = by_name(only)["org/model", "a"].cells
    assert (cells["gain"], cells[OVER_BASE]) == (pytest.approx(0.3), pytest.approx(0.1))


def test_what_differs_in_protocol_words_or_measures_has_a_board_of_its_own():
    changes = [{}, {"protocol": "mexa.v1"}, {"lexicon_hash": "1" * 64}, {"measures": "2"}, {"split_seed": 5}]
    assert len(build([scored_record(**change) for change in changes]).boards) == 5


def test_precision_and_revision_make_another_entry():
    changes = [{}, {"dtype": "bfloat16"}, {"quantization": "nf4"}, {"revision": "other"}]
    (only,) = build([scored_record(**change) for change in changes]).boards
    assert len(only.entries) == 4


def test_other_words_than_the_rest_have_no_rank():
    odd = scored_record(model="org/odd")
    words = {split: own.model_copy(update={"targets": ("other",) * len(own)}) for split, own in odd.words.items()}
    records = [scored_record(), scored_record(model="org/two"), odd.model_copy(update={"words": words})]
    (only,) = build(records).boards
    assert by_name(only)["org/odd", "base"].unranked == "swh_Latn-eng_Latn: other words than the rest"


def test_the_base_of_an_adapter_run_stands_in_for_a_missing_base_run():
    adapter = AdapterRef(name="a", sha256="b" * 64)
    adapted = scored_record(adapter=adapter, scores=(0.5, 0.5, 0.6), base_scores=(0.1, 0.1, 0.2))
    (only,) = build([adapted]).boards
    assert by_name(only)["org/model", "base"].score == pytest.approx(0.4 / 3)
    (only,) = build([adapted, scored_record(scores=(0.3, 0.3, 0.3))]).boards
    assert by_name(only)["org/model", "base"].score == pytest.approx(0.3)


def test_a_pair_beyond_the_default_ones_takes_nobody_out_of_the_ranks():
    words = {"scores": (0.1, 0.2) * 10}
    extra = scored_record(model="org/more", pair="uzn_Latn-uig_Arab", **words)
    (only,) = build([scored_record(**words), scored_record(model="org/more", **words), extra]).boards
    assert rank_text(by_name(only)["org/model", "base"]) == "1="
    assert section(only, "uzn_Latn-uig_Arab").rows


def test_the_later_record_of_a_unit_counts():
    old, new = (
        scored_record(scores=(0.1, 0.1, 0.1)),
        scored_record(scores=(0.2, 0.2, 0.2), created="2026-05-01T00:00:00+00:00"),
    )
    for order in ([old, new], [new, old]):
        (only,) = build(order).boards
        assert only.sections[0].rows[0].score == pytest.approx(0.2)


def test_other_tasks_of_ours_are_left_out_and_counted():
    probe = scored_record().model_copy(update={"task": "tli_probe_control_swh_Latn-eng_Latn"})
    built = build([scored_record(), probe, probe])
    assert built.left_out == ("2 x tli_probe_control_swh_Latn-eng_Latn: not an alignment task",)


def test_the_order_of_records_does_not_matter():
    records = cases.records()
    straight = build(records)
    random.Random(1).shuffle(records)
    shuffled = build(records)
    assert [s.rows for s in straight.boards[0].sections] == [s.rows for s in shuffled.boards[0].sections]


def test_reported_rows_are_checked(tmp_path):
    rows = load_reported(data_dir("leaderboards") / "reported.yaml")
    assert all(row.source.url == "https://arxiv.org/abs/2506.15415" for row in rows)
    assert {row.value for row in rows} >= {0.4113, 0.4033}
    path = tmp_path / "r.yaml"
    path.write_text("rows:\n  - model: x\n")
    with pytest.raises(ResultError, match=r"r\.yaml: row 1: method: Field required"):
        load_reported(path)
    path.write_text("rows:\n  - !!python/object/apply:os.system [id]\n")
    with pytest.raises(ResultError, match="could not determine a constructor"):
        load_reported(path)
    text = (data_dir("leaderboards") / "reported.yaml").read_text().replace("https://arxiv.org", "javascript:alert")
    path.write_text(text)
    with pytest.raises(ResultError, match=r"source\.url"):
        load_reported(path)


def test_a_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(ResultError, match="is not a folder; give the one"):
        load_results(tmp_path / "nowhere")
    records, scores = load_results(tmp_path)
    assert (list(records), scores) == ([], [])


def bitext(task, value, *, model="org/model", version="1", **asked):
    return TaskScore(
        task=task, metric="p1", filter="none", stderr=None, higher_is_better=True, version=version, n=5, where="x",
        model=model, adapter=None, value=value, limit=None, **asked,
    )  # fmt: skip


def test_a_task_of_a_pair_belongs_to_that_pair_only():
    """`swh-tur` names Swahili, and says nothing of `swh-eng`; a translation task may have the pair the other way round."""
    records = [scored_record(pair=pair) for pair in cases.PAIRS]
    tasks = {"tli_bitext_swh_Latn-eng_Latn": 0.2, "tli_bitext_flores_swh_Latn-tur_Latn": 0.8}
    scores = [bitext(task, value) for task, value in tasks.items()]
    scores.append(bitext("tli_translate_eng_Latn-swh_Latn", 0.3))
    (only,) = build(records, scores=scores).boards
    found = {s.scope.id: s.rows[0].cells.get("bitext") for s in only.sections}
    assert found["swh_Latn-eng_Latn"] == pytest.approx(0.2)
    assert found["swh_Latn-tur_Latn"] == pytest.approx(0.8)
    assert found["tur_Latn-eng_Latn"] is None
    assert found["overall"] == found["bantu"] == pytest.approx(0.5)
    assert section(only, "swh_Latn-eng_Latn").rows[0].cells["bli"] == pytest.approx(0.3)
    assert "bli" not in section(only, "swh_Latn-tur_Latn").rows[0].cells


def test_a_downstream_column_is_over_the_same_tasks_for_all():
    """Two entries have both tasks, one an easy one only, one another version: their means would not be comparable."""
    names = ("org/a", "org/b", "org/easy", "org/new")
    records = [scored_record(model=name) for name in names]
    hard, easy = "tli_bitext_swh_Latn-eng_Latn", "tli_bitext_tatoeba_swh_Latn-eng_Latn"
    scores = [bitext(hard, 0.2, model=name) for name in ("org/a", "org/b")]
    scores += [bitext(easy, 0.9, model=name) for name in ("org/a", "org/b", "org/easy", "org/new")]
    scores += [
        bitext(hard, 0.8, model="org/new", version="2"),
        bitext("tli_bitext_x_swh_Latn-eng_Latn", 1, model="org/b"),
    ]
    scores.append(bitext("tli_bitext_x_swh_Latn-eng_Latn", 1, model="org/a"))
    (only,) = build(records, scores=scores).boards
    found = {model: row.cells.get("bitext") for (model, _), row in by_name(only).items()}
    assert found == {"org/a": pytest.approx(0.7), "org/b": pytest.approx(0.7), "org/easy": None, "org/new": None}


def test_scores_that_were_asked_for_in_another_way_are_left_out_and_the_field_is_named(caplog):
    names = ("org/a", "org/b", "org/both", "org/usual")
    records, task = [scored_record(model=name) for name in names], "tli_bitext_swh_Latn-eng_Latn"
    scores = [bitext(task, 0.2, model=name, chat_template=True) for name in names[:3]]
    scores += [bitext(task, 0.8, model=name) for name in names[2:]]
    (only,) = build(records, scores=scores).boards
    found = {model: row.cells.get("bitext") for (model, _), row in by_name(only).items()}
    assert found == {"org/a": 0.2, "org/b": 0.2, "org/both": 0.2, "org/usual": None}
    assert [record.getMessage() for record in caplog.records] == [
        f"scores of {task} with no chat template, examples or system prompt, by transformers are left out, since as many or "
        "more were made with chat_template True; score all with the same"
    ]


def test_scores_on_other_documents_are_left_out_and_the_counts_are_named(caplog):
    """A data folder with a part of the questions is another test, whatever its name."""
    records, task = (
        [scored_record(model=name) for name in ("org/a", "org/b", "org/part")],
        "tli_bitext_swh_Latn-eng_Latn",
    )
    scores = [bitext(task, 0.2, model=name) for name in ("org/a", "org/b")]
    scores.append(replace(bitext(task, 0.9, model="org/part"), n=2))
    (only,) = build(records, scores=scores).boards
    found = {model: row.cells.get("bitext") for (model, _), row in by_name(only).items()}
    assert found == {"org/a": 0.2, "org/b": 0.2, "org/part": None}
    assert [record.getMessage() for record in caplog.records] == [
        f"scores of {task} with 2 documents are left out, since as many or more were made with 5 documents; score all with the same"
    ]


def test_downstream_scores_of_one_precision_are_not_those_of_another(caplog):
    """A quantised model does not get the scores of the whole one, and a score that fits none is named."""
    task = "tli_bitext_swh_Latn-eng_Latn"
    records = [scored_record(quantization=quantization) for quantization in (None, "nf4")]
    whole = downstream_record(task=task, adapter=None, scores={"base": {"p1": 0.7}}, higher_is_better={"p1": True})
    small = whole.model_copy(update={"dtype": "bfloat16", "scores": {"base": {"p1": 0.1}}})
    scores = [score for record in (whole, small) for score in task_scores(record, where="w")]
    (only,) = build(records, scores=scores).boards
    found = {only.entries[row.entry].key.quantization: row.cells.get("bitext") for row in only.sections[0].rows}
    assert found == {"": 0.7, "nf4": None}
    assert [record.getMessage() for record in caplog.records] == [
        f"scores of {task} by org/model at bfloat16 are left out, since it scored no words at that precision; score both at the same"
    ]


def test_downstream_records_are_joined_by_revision_and_adapter_hash():
    adapter = AdapterRef(name="a", sha256="b" * 64)
    shared = {
        "task": "tli_bitext_swh_Latn-eng_Latn", "metric": "p1", "filter": "none", "stderr": None, "higher_is_better": True,
        "version": "1", "n": 5, "where": "x", "model": "org/model", "adapter": "a",
    }  # fmt: skip
    scores = [
        TaskScore(value=0.7, limit=None, revision="sha256:abc", adapter_sha256="b" * 64, **shared),
        TaskScore(value=0.1, limit=None, revision="sha256:other", adapter_sha256="b" * 64, **shared),
        TaskScore(value=0.2, limit=5, revision="sha256:abc", adapter_sha256="b" * 64, **shared),
    ]
    (only,) = build([scored_record(adapter=adapter)], scores=scores).boards
    assert by_name(only)["org/model", "a"].cells["bitext"] == pytest.approx(0.7)
    assert "bitext" not in by_name(only)["org/model", "base"].cells
