"""Sweeps: what they run, what they keep, and the table over seeds."""

import json

import pytest
import torch

from tli_bench.base.errors import InputError, ResultError, UnknownNameError
from tli_bench.lexicon.pairs import Split
from tli_bench.models import load_model
from tli_bench.training import train_adapter
from tli_bench.training.budget import Budget
from tli_bench.training.data import split_data
from tli_bench.training.pareto import as_markdown, gain, pareto
from tli_bench.training.scoring import layer_curves
from tli_bench.training.sweep import Point, load_spec, read_points, run_sweep, units_of

SPEC = """
model: {model}
lexicon: {lexicon}
pairs: [swh-eng]
grid:
  rank: [2, 4]
  modules: ["q_proj,v_proj"]
  retention: [none]
  max_steps: [2]
  batch_size: [8]
seeds: [0, 1]
"""


BOTH_KINDS = """
model: {model}
lexicon: {lexicon}
recipes: [tli, full-finetune]
grid:
  rank: [2, 4]
  dora: [true]
  retention: [none]
  learning_rate: [1.0e-3]
  max_steps: [2]
  batch_size: [8]
"""


@pytest.fixture
def read_spec(llama_folder, lexicon, tmp_path):
    words = tmp_path / "pairs.tsv"
    rows = ["source\ttarget\tsplit", *(f"{p.source}\t{p.target}\t{p.split.value}" for p in lexicon.pairs)]
    words.write_text("\n".join(rows) + "\n", encoding="utf-8")

    def read(text):
        path = tmp_path / "ranks.yaml"
        path.write_text(text.format(model=llama_folder, lexicon=words))
        return load_spec(path)

    return read


@pytest.fixture
def spec(read_spec):
    return read_spec(SPEC)


def test_a_sweep_runs_every_point_once_and_only_once(spec, loaded, tmp_path):
    states = []
    first = run_sweep(spec, loaded, tmp_path / "out", on_point=lambda point, reused: states.append(reused))
    assert [(p.settings["rank"], p.seed) for p in first] == [("2", 0), ("2", 1), ("4", 0), ("4", 1)]
    files = sorted((tmp_path / "out" / "points").iterdir())
    files[0].unlink()
    second = run_sweep(spec, loaded, tmp_path / "out", on_point=lambda point, reused: states.append(reused))
    assert states[:4] == [False] * 4
    assert sorted(states[4:]) == [False, True, True, True]
    assert first == second == sorted(read_points(tmp_path / "out"), key=first.index)
    assert not list((tmp_path / "out" / "adapters").iterdir())


def test_points_carry_a_budget_and_a_change(spec, loaded, tmp_path):
    points = run_sweep(spec, loaded, tmp_path / "out")
    # q_proj 64 -> 64 and v_proj 64 -> 32 in 4 blocks: rank * (128 + 96) * 4.
    assert [p.budget.parameters for p in points] == [1792, 1792, 3584, 3584]
    assert all(p.budget.steps == 2 and p.budget.words_seen == 32 for p in points)
    assert all(p.base["0"] == p.adapted["0"] for p in points)
    assert all(p.base["4"] != p.adapted["4"] for p in points)
    assert points[0].adapted != points[1].adapted


def test_full_fine_tuning_is_one_point_however_many_ranks_there_are(read_spec):
    units = units_of(read_spec(BOTH_KINDS))
    assert [(u.recipe.kind, u.settings.get("rank")) for u in units] == [("lora", "2"), ("lora", "4"), ("full", None)]
    assert units[-1].settings == {
        "recipe": "full-finetune", "retention": "none", "learning_rate": "0.001", "max_steps": "2", "batch_size": "8",
    }  # fmt: skip


def test_a_sweep_over_both_kinds_starts_each_point_from_the_same_base(read_spec, loaded, lexicon, tmp_path):
    """Against the same training and the same scores by hand, on a base that nothing else was trained on."""
    spec = read_spec(BOTH_KINDS)
    points = run_sweep(spec, loaded, tmp_path / "out")
    unit = units_of(spec)[-1]
    result = train_adapter(loaded, unit.pair, unit.recipe, tmp_path / "full", lexicon=spec.lexicon, seed=unit.seed)
    control = split_data(lexicon, Split.CONTROL, loaded.tokenizer, at_least=2)
    tuned = load_model(str(result.output))
    assert points[-1].adapted == layer_curves(tuned.model, control)
    assert points[0].base == points[-1].base == layer_curves(loaded.model, control)
    assert points[-1].budget.parameters == sum(p.numel() for p in loaded.model.parameters())
    assert points[-1].adapted["0"] != points[-1].base["0"]  # the embeddings are trained too
    assert run_sweep(spec, loaded, tmp_path / "out") == points
    assert [row.settings.get("rank") for row in pareto(points)].count(None) == 1
    assert not list((tmp_path / "out" / "adapters").iterdir())


def test_a_layer_that_no_point_has_is_refused():
    with pytest.raises(UnknownNameError, match=r"unknown layer '7'; known: 0, 2, loss, output; of this sweep's model"):
        pareto([_point(10, 0.1, 0, "1")], layer="7")


def test_a_broken_point_is_named(spec, loaded, tmp_path):
    run_sweep(spec, loaded, tmp_path / "out")
    path = sorted((tmp_path / "out" / "points").iterdir())[0]
    path.write_text("{}")
    with pytest.raises(ResultError, match=f"{path.name}.*delete it"):
        run_sweep(spec, loaded, tmp_path / "out")
    path.write_text(json.dumps({"point_version": 1, "pair": "x"}))
    with pytest.raises(ResultError, match=f"{path.name} is not a sweep point"):
        list(read_points(tmp_path / "out"))


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("gird: {}", UnknownNameError, "unknown sweep key 'gird'; did you mean 'grid'"),
        ("grid: {rnak: [1]}", UnknownNameError, "unknown recipe key 'rnak'; did you mean 'rank'"),
        ("grid: {rank: []}", InputError, "grid key rank has no values"),
        ("seeds: []", InputError, "must each hold at least one entry"),
        ("name: ../up", InputError, "name: .*pattern"),
        ("recipes: [tlii]", UnknownNameError, "unknown recipe 'tlii'; did you mean 'tli'"),
    ],
)
def test_a_specification_that_cannot_work_is_refused(tmp_path, text, error, message):
    path = tmp_path / "s.yaml"
    path.write_text(text)
    with pytest.raises(error, match=message):
        load_spec(path)


def test_every_combination_is_checked_before_the_first_training(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text("grid: {batch_size: [8, 1]}")
    with pytest.raises(InputError, match="batch_size 1 leaves infonce no negatives"):
        units_of(load_spec(path))


def _point(parameters, gaps, seed, rank):
    curves = {
        "0": dict.fromkeys(("gap", "p1", "mismatched"), 0.0),
        "2": dict.fromkeys(("gap", "p1", "mismatched"), 0.1),
    }
    moved = {"0": curves["0"], "2": {"gap": 0.1 + gaps, "p1": 0.2, "mismatched": 0.1}}
    budget = Budget(parameters, 1, 2)
    return Point({"rank": rank}, "tli", "swh_Latn-eng_Latn", seed, ("2",), budget, curves, moved, {})


def test_gain_has_students_interval():
    """Closed form: mean 3, sd sqrt(2.5), t(0.975, 4) = 2.7764 (Student's table)."""
    found = gain([1.0, 2.0, 3.0, 4.0, 5.0])
    half = 2.776445 * (2.5 / 5) ** 0.5
    assert found.mean == 3
    assert found.ci == pytest.approx((3 - half, 3 + half), rel=1e-6)
    assert gain([1.0]).ci is None


def test_pareto_marks_what_nothing_smaller_beats():
    points = [_point(10, 0.1, 0, "1"), _point(10, 0.3, 1, "1"), _point(20, 0.15, 0, "2"), _point(40, 0.5, 0, "4")]
    rows = pareto(points)
    assert [(r.settings["rank"], r.efficient) for r in rows] == [("4", True), ("1", True), ("2", False)]
    assert rows[1].headline.mean == pytest.approx(0.2)
    assert rows[1].gains["p1"].mean == pytest.approx(0.1)
    assert all(row.layer == "2" for row in rows)
    table = as_markdown(rows)
    assert "| layer | control gap gain | control P@1 gain | control mismatched change | seeds |" in table
    assert "| * | swh_Latn-eng_Latn | rank 4 | 40 |" in table
    assert "+0.200 [-1.071, +1.471]" in table  # t(0.975, 1) = 12.706, sd / sqrt(2) = 0.1


def test_the_base_is_unchanged_after_a_sweep(spec, loaded, tmp_path):
    before = [p.detach().clone() for p in loaded.model.parameters()]
    run_sweep(spec, loaded, tmp_path / "out")
    assert all(torch.equal(a, b) for a, b in zip(before, loaded.model.parameters(), strict=True))
    assert not hasattr(loaded.model, "peft_config")
