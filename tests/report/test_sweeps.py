"""LoRA rank against score: from points or one small file, with intervals over seeds."""

import json
import subprocess
import sys

import pytest

from tests.report import cases
from tli_bench.base.errors import ResultError, UnknownNameError
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.roles import COMPANION, HEADLINE
from tli_bench.report.sweeps import lines, load_sweep, pack, scores_of, table_rows, write_sweep
from tli_bench.training.budget import Budget
from tli_bench.training.sweep import Point

# Student's 97.5 % point with two degrees of freedom (table), on three seeds whose sd is 0.01.
HALF = 4.302653 * 0.01 / 3**0.5


def test_a_line_a_loss_layer_with_students_interval_over_seeds():
    """The case's scores: 0.01 a rank at loss layer 2, -0.05 at loss layer 1, and seeds of 0, 0.01 and 0.02."""
    early, late, whole = lines(cases.sweep(), cases.SWH)
    assert [line.label for line in (early, late, whole)] == [
        "loss at layer 1",
        "loss at layer 2",
        "full fine-tuning, loss at layer 2",
    ]
    assert [(p.x, p.parameters, p.gain.seeds) for p in late.points] == [(1, 1000, 3), (4, 4000, 3), (16, 16000, 3)]
    assert [p.gain.mean for p in late.points] == pytest.approx([0.02, 0.05, 0.17])
    assert [p.gain.mean for p in early.points] == pytest.approx([-0.04] * 3)
    assert late.points[0].gain.ci == pytest.approx((0.02 - HALF, 0.02 + HALF), rel=1e-5)
    assert (whole.points, whole.level.mean, whole.level.ci) == ((), pytest.approx(0.3), None)


def test_at_the_loss_layer_each_line_is_read_at_its_own():
    early, late, _ = lines(cases.sweep(), cases.SWH, layer="loss")
    assert (early.layer, late.layer) == ("1", "2")
    assert [p.gain.mean for p in early.points] == pytest.approx([0.0] * 3)
    assert [p.gain.mean for p in late.points] == pytest.approx([0.02, 0.05, 0.17])
    assert [p.gain.mean for p in lines(cases.sweep(), cases.SWH, measure="p1")[1].points] == pytest.approx([0.1] * 3)


def test_against_parameters_full_fine_tuning_is_a_point():
    *_, whole = lines(cases.sweep(), cases.SWH, against="parameters")
    assert [(p.x, p.gain.mean) for p in whole.points] == [(1_600_000, pytest.approx(0.3))]
    assert whole.level is None


def test_what_else_the_grid_varied_makes_lines_of_its_own():
    sweep = cases.sweep()
    slow = [p.model_copy(update={"settings": p.settings | {"learning_rate": "1e-4"}}) for p in sweep.points]
    fast = [p.model_copy(update={"settings": p.settings | {"learning_rate": "1e-3"}}) for p in sweep.points]
    both = sweep.model_copy(update={"points": (*slow, *fast)})
    labels = [line.label for line in lines(both, cases.SWH)]
    assert "loss at layer 2, learning_rate 1e-4" in labels
    assert "full fine-tuning, loss at layer 2, learning_rate 1e-3" in labels
    assert len(labels) == 6
    assert {line.label for line in lines(both, cases.SWH, by="layer") if line.points} == {
        "loss at layer 1, layer 1",
        "loss at layer 2, layer 2",
    }


def test_unknown_names_are_answered_with_those_there_are():
    with pytest.raises(UnknownNameError, match=r"unknown layer '7'"):
        lines(cases.sweep(), cases.SWH, layer="7")
    with pytest.raises(UnknownNameError, match=r"unknown setting 'rnak'; did you mean 'rank'"):
        lines(cases.sweep(), cases.SWH, by="rnak")


def test_the_table_has_a_row_a_setting():
    rows = table_rows(cases.sweep(), cases.SWH, scores_of([cases.sweep()]))
    assert [row[:4] for row in rows][:2] == [
        ["loss at layer 1", "1", "1,000", "3"],
        ["loss at layer 1", "4", "4,000", "3"],
    ]
    assert rows[-1] == [
        "full fine-tuning, loss at layer 2",
        "–",
        "1,600,000",
        "1",
        "+0.300",
        "+0.300",
        "+0.300",
        "+0.300",
    ]
    assert rows[5][4] == "+0.170 [+0.145, +0.195]"


def test_a_packed_file_reads_back_and_has_a_line_a_point(tmp_path):
    path = tmp_path / "sweeps" / "ranks.json"
    write_sweep(cases.sweep(), path)
    assert load_sweep(path) == cases.sweep()
    text = path.read_text(encoding="utf-8")
    assert sum('"seed"' in line for line in text.splitlines()) == 19
    write_sweep(load_sweep(path), path)
    assert path.read_text(encoding="utf-8") == text


def point(rank, seed, score, *, kind="lora", pair=cases.SWH, model="tiny"):
    base = {
        name: {"cosine": 0.5, "mismatched": 0.4, "gap": 0.1, HEADLINE: 0.1, "p1": 0.2, "mrr": 0.3}
        for name in cases.LAYERS
    }
    moved = base | {"2": base["2"] | {HEADLINE: score}}
    before, after = (dict.fromkeys((Split.DEV, Split.CONTROL), curves) for curves in (base, moved))
    identity = {
        "base": [model, "r", "float32", None],
        "lexicon": ["core", "0" * 64],
        "recipe": {"kind": kind, "rank": rank},
    }
    return Point({"rank": str(rank)}, "tli", pair, seed, ("2",), Budget(10 * rank, 1, 2), before, after, 0.01, identity)


def test_points_are_packed_without_loss_of_what_is_drawn():
    packed = pack("mine", [point(4, 1, 0.3), point(4, 0, 0.2), point(2, 0, 0.15), point(16, 0, 0.5, kind="full")])
    assert (packed.model, packed.layers, packed.base[cases.SWH][Split.DEV][HEADLINE]) == (
        "tiny",
        cases.LAYERS,
        [0.1] * 4,
    )
    low, whole = lines(packed, cases.SWH)
    assert [(p.x, p.gain.seeds) for p in low.points] == [(2, 1), (4, 2)]
    assert [p.gain.mean for p in low.points] == pytest.approx([0.05, 0.15])
    assert whole.level.mean == pytest.approx(0.4)


def test_points_of_several_models_are_refused():
    with pytest.raises(ResultError, match="several models; give each its own output folder"):
        pack("mine", [point(4, 0, 0.3), point(4, 0, 0.3, model="other")])
    with pytest.raises(ResultError, match="has no points yet"):
        pack("mine", [])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sweep_version": 1}, "sweep_version: Input should be 2"),
        ({"layers": ["0"]}, f"curves must give {HEADLINE} and p1 at each of the 1 layers"),
        ({"base": {}}, "no base curve"),
        ({"extra": 1}, "extra: Extra inputs"),
        ({"model": "m" * 1000}, "model: String should have at most 200"),
    ],
)
def test_a_file_that_is_no_sweep_is_refused_by_the_field(tmp_path, change, message):
    data = cases.sweep().model_dump(mode="json") | change
    (tmp_path / "s.json").write_text(json.dumps(data))
    with pytest.raises(ResultError, match=rf"s\.json: .*{message}"):
        load_sweep(tmp_path / "s.json")


def test_nan_and_missing_files_are_refused(tmp_path):
    data = cases.sweep().model_dump(mode="json")
    data["base"][cases.SWH]["dev"][HEADLINE][0] = float("nan")
    (tmp_path / "s.json").write_text(json.dumps(data))
    with pytest.raises(ResultError, match=r"s\.json"):
        load_sweep(tmp_path / "s.json")
    with pytest.raises(ResultError, match="tli-bench sweep SPEC --pack"):
        load_sweep(tmp_path / "nowhere.json")


def test_reading_a_packed_sweep_loads_no_torch(tmp_path):
    write_sweep(cases.sweep(), tmp_path / "s.json")
    code = (
        "import sys\nfrom pathlib import Path\nfrom tli_bench.report.sweeps import load_sweep\n"
        f"load_sweep(Path({str(tmp_path / 's.json')!r}))\nassert 'torch' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("held", "by"), [(("p1_of_20", COMPANION), "p1_of_20"), ((COMPANION,), COMPANION)])
def test_on_few_dev_words_what_stands_in_for_the_headline_is_shown(held, by):
    def few(splits):
        return {split: dict.fromkeys(held, curves[HEADLINE]) for split, curves in splits.items()}

    sweep = cases.sweep()
    points = tuple(p.model_copy(update={"curves": few(p.curves)}) for p in sweep.points)
    short = sweep.model_copy(update={"base": {cases.SWH: few(sweep.base[cases.SWH])}, "points": points})
    assert {score.measure for score in scores_of([short])} == {by}
    assert lines(short, cases.SWH) == lines(sweep, cases.SWH)


def test_a_sweep_that_scored_no_control_words_shows_dev_words_alone():
    sweep = cases.sweep()
    blind = sweep.model_copy(
        update={
            "base": {cases.SWH: {Split.DEV: sweep.base[cases.SWH][Split.DEV]}},
            "points": tuple(p.model_copy(update={"curves": {Split.DEV: p.curves[Split.DEV]}}) for p in sweep.points),
        }
    )
    assert [score.label for score in scores_of([blind])] == ["Dev P@1 of 50, output", "Dev P@1 of 50, loss layer"]
    assert len(table_rows(blind, cases.SWH, scores_of([blind]))[0]) == 6
    with pytest.raises(UnknownNameError, match="unknown split 'control'"):
        lines(blind, cases.SWH, split=Split.CONTROL)


def test_the_score_is_of_dev_words_and_control_words_stand_beside_it():
    assert [(s.measure, s.split, s.layer) for s in scores_of([cases.sweep()])] == [
        (HEADLINE, Split.DEV, "output"),
        (HEADLINE, Split.DEV, "loss"),
        (HEADLINE, Split.CONTROL, "output"),
        (HEADLINE, Split.CONTROL, "loss"),
    ]
