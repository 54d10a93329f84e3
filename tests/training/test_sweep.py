"""Sweeps: what they run, what they keep, and the table over seeds."""

import json
from types import SimpleNamespace

import pytest
import torch

from tests.command import tli_bench
from tli_bench.base.errors import InputError, ResultError, UnknownNameError
from tli_bench.lexicon import load_lexicon
from tli_bench.lexicon.pairs import SHOWN, Split
from tli_bench.measures.roles import COMPANION, HEADLINE
from tli_bench.models import load_model
from tli_bench.training import train_adapter
from tli_bench.training.budget import Budget
from tli_bench.training.data import split_data
from tli_bench.training.pareto import as_markdown, chosen, gain, pareto
from tli_bench.training.retention import perplexity_rise, sample_text
from tli_bench.training.scoring import layer_curves
from tli_bench.training.sweep import (
    HELD_OUT,
    Point,
    SweepSpec,
    load_spec,
    read_points,
    run_sweep,
    units_of,
    write_point,
)

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


@pytest.mark.slow
def test_points_carry_a_budget_and_a_change(spec, loaded, tmp_path):
    points = run_sweep(spec, loaded, tmp_path / "out")
    # q_proj 64 -> 64 and v_proj 64 -> 32 in 4 blocks: rank * (128 + 96) * 4.
    assert [p.budget.parameters for p in points] == [1792, 1792, 3584, 3584]
    assert all(p.budget.steps == 2 and p.budget.words_seen == 32 for p in points)
    for split in (Split.DEV, Split.CONTROL):
        assert all(p.base[split]["0"] == p.adapted[split]["0"] for p in points)
        assert all(p.base[split]["4"] != p.adapted[split]["4"] for p in points)
    assert points[0].adapted != points[1].adapted


@pytest.mark.slow
def test_control_words_are_left_alone_when_the_file_says_so(spec, loaded, tmp_path):
    """Dev figures do not depend on it, and points with and without them are kept apart."""
    blind = spec.model_copy(update={"control": False, "seeds": (0,)})
    shown = run_sweep(spec.model_copy(update={"seeds": (0,)}), loaded, tmp_path / "out")
    points = run_sweep(blind, loaded, tmp_path / "out")
    assert [list(p.adapted) for p in points] == [list(p.base) for p in points] == [[Split.DEV]] * 2
    assert [p.adapted[Split.DEV] for p in points] == [p.adapted[Split.DEV] for p in shown]
    assert "control" not in as_markdown(pareto(points))
    assert len(list(read_points(tmp_path / "out"))) == 4


def test_the_text_that_limits_a_choice_costs_perplexity_in_closed_form(loaded):
    """A constant added to one token's logit: KL and so the rise follow from the base's own distributions."""
    text = sample_text(loaded.model, loaded.tokenizer, seed=HELD_OUT)[:70]
    ids = torch.tensor(text)

    class Tilted(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.base = loaded.model

        def forward(self, input_ids, attention_mask):
            logits = self.base(input_ids=input_ids, attention_mask=attention_mask).logits.clone()
            logits[..., 5] += 2.0
            return SimpleNamespace(logits=logits)

    with torch.no_grad():
        p = loaded.model(input_ids=ids).logits.double().softmax(-1)[..., 5]
    expected = torch.expm1((p * (torch.e**2 - 1)).log1p().sub(2 * p).mean())
    assert perplexity_rise(Tilted(), text, base=loaded.model) == pytest.approx(float(expected), rel=1e-4)
    assert perplexity_rise(loaded.model, text, base=loaded.model) == 0


def test_a_point_that_another_grid_trained_goes_by_the_names_of_this_one(spec, loaded, tmp_path):
    one = spec.model_copy(update={"grid": spec.grid | {"rank": (2,)}, "seeds": (0,)})
    more = one.model_copy(update={"grid": one.grid | {"alpha": (32.0,)}})
    (first,), (second,) = (run_sweep(s, loaded, tmp_path / "out") for s in (one, more))
    assert len(list(read_points(tmp_path / "out"))) == 1
    assert second.settings == first.settings | {"alpha": "32.0"}
    assert second.adapted == first.adapted


def test_full_fine_tuning_is_one_point_however_many_ranks_there_are(read_spec):
    units = units_of(read_spec(BOTH_KINDS))
    assert [(u.recipe.kind, u.settings.get("rank")) for u in units] == [("lora", "2"), ("lora", "4"), ("full", None)]
    assert units[-1].settings == {
        "recipe": "full-finetune", "retention": "none", "learning_rate": "0.001", "max_steps": "2", "batch_size": "8",
    }  # fmt: skip


@pytest.mark.slow
def test_a_sweep_over_both_kinds_starts_each_point_from_the_same_base(read_spec, loaded, tmp_path):
    """Against the same training and the same scores by hand, on a base that nothing else was trained on."""
    spec = read_spec(BOTH_KINDS)
    points = run_sweep(spec, loaded, tmp_path / "out")
    unit = units_of(spec)[-1]
    result = train_adapter(loaded, unit.pair, unit.recipe, tmp_path / "full", lexicon=spec.lexicon, seed=unit.seed)
    words = load_lexicon(spec.lexicon, pair="swh-eng")  # the file has preferred forms alone
    train, dev, control = (split_data(words, split, loaded.tokenizer, at_least=2) for split in SHOWN)
    tuned = load_model(str(result.output)).model
    for model, found in ((tuned, points[-1].adapted), (loaded.model, points[-1].base), (loaded.model, points[0].base)):
        assert found[Split.DEV] == layer_curves(model, dev, train)
        assert found[Split.CONTROL] == layer_curves(model, control, train, dev)
    assert points[-1].budget.parameters == sum(p.numel() for p in loaded.model.parameters())
    dev_words = points[-1].base[Split.DEV], points[-1].adapted[Split.DEV]
    assert dev_words[0]["0"] != dev_words[1]["0"]  # the embeddings are trained too
    assert run_sweep(spec, loaded, tmp_path / "out") == points
    assert [row.settings.get("rank") for row in pareto(points)].count(None) == 1
    assert not list((tmp_path / "out" / "adapters").iterdir())


def test_a_layer_that_no_point_has_is_refused():
    with pytest.raises(UnknownNameError, match=r"unknown layer '7'; known: 0, 2, loss, output; of this sweep's model"):
        pareto([_point(10, 0.1, 0, "1")], layer="7")


def test_a_point_that_was_edited_is_named_and_an_untouched_one_is_read(tmp_path):
    (tmp_path / "points").mkdir()
    path, point = tmp_path / "points" / "a.json", _point(10, 0.25, 0, "1")
    write_point(path, point)
    assert list(read_points(tmp_path)) == [point]
    data = json.loads(path.read_text())
    path.write_text(json.dumps(data | {"seed": 1}))
    with pytest.raises(
        ResultError, match=r"a\.json: was changed after it was written: .* delete it and run the unit again"
    ):
        list(read_points(tmp_path))
    data.pop("sha256")  # as points were written before they had one
    path.write_text(json.dumps(data))
    assert list(read_points(tmp_path)) == [point]


@pytest.mark.slow
def test_a_broken_point_is_named(spec, loaded, tmp_path):
    run_sweep(spec, loaded, tmp_path / "out")
    path = sorted((tmp_path / "out" / "points").iterdir())[0]
    path.write_text("{}")
    with pytest.raises(ResultError, match=f"{path.name}.*delete it"):
        run_sweep(spec, loaded, tmp_path / "out")
    path.write_text(json.dumps({"point_version": 2, "pair": "x"}))
    with pytest.raises(ResultError, match=f"{path.name} is not a sweep point"):
        list(read_points(tmp_path / "out"))
    path.write_text(json.dumps({"point_version": 1, "pair": "x"}))
    with pytest.raises(
        ResultError, match=f"{path.name} .*: it holds control words only.*; delete it to have it trained"
    ):
        list(read_points(tmp_path / "out"))


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("gird: {}", UnknownNameError, "unknown sweep key 'gird'; did you mean 'grid'"),
        ("grid: {rnak: [1]}", UnknownNameError, "unknown recipe key 'rnak'; did you mean 'rank'"),
        ("grid: {rank: []}", InputError, "grid key rank has no values"),
        ("seeds: []", InputError, "must each hold at least one entry"),
        ("name: ../up", InputError, r"name: .*pattern.*given: '../up'"),
        ("pairs: swh-eng", InputError, r"pairs: give a list, such as \[a, b\] \(given: 'swh-eng'\)"),
        ("grid: {rank: 4}", InputError, r"grid\.rank: give a list"),
        ("grid:", InputError, "grid: give names with their values"),
        ("seeds: [yes]", InputError, "seeds: YAML reads this as yes or no"),
        ("grid: {summary: [a, b]}", UnknownNameError, "unknown recipe key 'summary'"),
        ("grid: {max_steps: [1], epochs: [1, 2]}", InputError, "max_steps and epochs both say how long"),
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


@pytest.mark.parametrize("value", [0, True])
def test_a_value_of_the_grid_that_does_not_fit_says_where_it_stands(tmp_path, value):
    path = tmp_path / "s.yaml"
    path.write_text(f"grid: {{rank: [4, {value}]}}")
    with pytest.raises(InputError, match=r"the grid of sweep s on recipe tli: rank: .*given: " + str(value)):
        units_of(load_spec(path))


@pytest.mark.parametrize(
    ("text", "message"),
    [("lexicon: none.tsv", r"no lexicon 'none\.tsv'"), ("retain_text: none.txt", "retain_text none.txt: no such file")],
)
def test_what_a_sweep_reads_is_looked_for_before_a_model_is_loaded(tmp_path, text, message):
    path = tmp_path / "s.yaml"
    path.write_text(text)
    assert message.replace("\\", "") in tli_bench("sweep", path, "--dry-run", code=2)


def _point(parameters, gain, seed, rank, *, control=0.0, pair="swh_Latn-eng_Latn", text=None, steps=1):
    """The dev score rises by `gain`, the control score by `control`, at the second of two layers."""
    still = {"0": {HEADLINE: 0.0, "p1": 0.0}, "2": {HEADLINE: 0.1, "p1": 0.1}}

    def moved(by):
        return {"0": still["0"], "2": {HEADLINE: 0.1 + by, "p1": 0.2}}

    base = {Split.DEV: still, Split.CONTROL: still}
    adapted = {Split.DEV: moved(gain), Split.CONTROL: moved(control)}
    budget = Budget(parameters, steps, 2)
    return Point({"rank": rank}, "tli", pair, seed, ("2",), budget, base, adapted, text, {})


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
    assert rows[1].score.mean == pytest.approx(0.2)
    assert rows[1].dev["p1"].mean == pytest.approx(0.1)
    assert all(row.layer == "2" and row.by == HEADLINE for row in rows)
    table = as_markdown(rows)
    assert "| layer | dev P@1 of 50 gain | dev P@1 gain | control P@1 of 50 gain | seeds |" in table
    assert "| * | swh_Latn-eng_Latn | rank 4 | 40 |" in table
    assert "+0.200 [-1.071, +1.471]" in table  # t(0.975, 1) = 12.706, sd / sqrt(2) = 0.1
    assert table.endswith("Chosen by the gain of dev P@1 of 50: rank 4.")


def test_control_words_change_neither_order_nor_marks_nor_choice():
    """The setting that is worst on dev words is by far the best on control words."""
    gains = (("1", 0.3, 0.0), ("2", 0.2, 0.1), ("4", 0.1, 0.8))
    points = [_point(10 * int(rank), dev, 0, rank, control=control) for rank, dev, control in gains]
    without = [_point(10 * int(rank), dev, 0, rank) for rank, dev, _ in gains]
    rows = pareto(points)
    assert [(r.settings["rank"], r.efficient) for r in rows] == [("1", True), ("2", False), ("4", False)]
    assert [(r.settings, r.efficient) for r in pareto(without)] == [(r.settings, r.efficient) for r in rows]
    assert chosen(rows) == chosen(pareto(without)) == {"rank": "1"}
    assert [round(r.control[HEADLINE].mean, 3) for r in rows] == [0.0, 0.1, 0.8]


def test_the_choice_is_the_mean_over_pairs_within_the_text_limit():
    one, other = "swh_Latn-eng_Latn", "tur_Latn-eng_Latn"
    points = [
        _point(10, 0.30, 0, "1", pair=one, text=0.10), _point(10, 0.30, 0, "1", pair=other, text=0.04),
        _point(10, 0.25, 0, "2", pair=one, text=0.06), _point(10, 0.05, 0, "2", pair=other, text=0.02),
        _point(10, 0.10, 0, "4", pair=one, text=0.01), _point(10, 0.18, 0, "4", pair=other, text=0.01),
    ]  # fmt: skip
    rows = pareto(points)
    assert chosen(rows) == {"rank": "1"}
    assert chosen(rows, text_limit=0.05) == {"rank": "2"}
    assert chosen(rows, text_limit=0.02) == {"rank": "4"}
    assert chosen(rows, text_limit=0.001) is None
    table = as_markdown(rows, text_limit=0.05)
    assert "| dev P@1 gain | text perplexity | control P@1 of 50 gain | seeds |" in table
    assert "mean over 2 pairs, where the perplexity of ordinary text rises by no more than 5%: rank 2." in table


def test_a_tie_goes_to_the_smaller_and_then_the_shorter_training():
    points = [_point(20, 0.3, 0, "1", steps=1), _point(10, 0.3, 0, "2", steps=9), _point(10, 0.3, 0, "4", steps=5)]
    assert chosen(pareto(points)) == {"rank": "4"}


def test_few_dev_words_are_compared_by_what_stands_in_for_the_headline(spec, loaded, tmp_path):
    """Eight dev words are too few for P@1 of 50 or of 20."""
    rows = pareto(run_sweep(spec, loaded, tmp_path / "out"))
    assert {row.by for row in rows} == {COMPANION}
    assert [row.score.mean for row in rows] == sorted((row.score.mean for row in rows), reverse=True)


@pytest.mark.slow
def test_the_base_is_unchanged_after_a_sweep(spec, loaded, tmp_path):
    before = [p.detach().clone() for p in loaded.model.parameters()]
    run_sweep(spec, loaded, tmp_path / "out")
    assert all(torch.equal(a, b) for a, b in zip(before, loaded.model.parameters(), strict=True))
    assert not hasattr(loaded.model, "peft_config")


def test_every_point_is_there_once_and_in_order():
    made = units_of(SweepSpec(name="long", seeds=(0, 1), grid={"rank": tuple(range(1, 301))}))
    assert [(unit.recipe.rank, unit.seed) for unit in made] == [
        (rank, seed) for rank in range(1, 301) for seed in (0, 1)
    ]
    twice = units_of(SweepSpec(name="twice", grid={"rank": (4, 4, 8), "alpha": (2, 2)}))
    assert [unit.recipe.rank for unit in twice] == [4, 8]


def test_a_grid_that_nobody_could_train_is_not_put_together():
    values = tuple(range(1, 1001))
    with pytest.raises(InputError, match="has 1,000,000 combinations; at most 100,000 are made, so shorten the grid"):
        units_of(SweepSpec(name="huge", grid={"rank": values, "alpha": values}))
