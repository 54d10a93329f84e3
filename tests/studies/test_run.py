"""Running a study on a small seeded model: points once and only once, rates by dev words, twins, placebos, and points made again."""

import json
import os
import signal
import subprocess
import sys

import pytest
import yaml

from tests.command import tli_bench
from tests.training.conftest import make_llama
from tests.with_ray import needs_ray, workers_of
from tli_bench.base.errors import ResultError
from tli_bench.models import load_model
from tli_bench.studies.again import compare_again, largest_difference
from tli_bench.studies.analysis import analyse
from tli_bench.studies.design import load_design
from tli_bench.studies.points import read_study
from tli_bench.studies.run import chosen_rates, here, run_study
from tli_bench.studies.settings import Setting, settings_of
from tli_bench.studies.worker import StudyWorker

DESIGN = {
    "question": "Do the commands of a study work from end to end?",
    "change_my_mind": "Nothing; it is a test.",
    "smoke": True,
    "trained": ["swh-eng"],
    "scored": ["swh-eng"],
    "seeds": [0, 1],
    "placebos": 2,
    "arms": {
        "early": {
            "recipe": "tli-early",
            "changes": {"retention": "none", "max_steps": 2, "batch_size": 8},
            "ranks": [1, 4],
            "learning_rates": [1e-3, 1e-2],
        },
        "full": {
            "recipe": "full-finetune",
            "changes": {"retention": "none", "max_steps": 2, "batch_size": 8},
            "learning_rates": [1e-4, 1e-3],
        },
    },
    "primary": {"name": "alignment", "measure": "p1_of_20"},
    "contrasts": [
        {"name": "early against full", "of": {"arm": "early"}, "against": {"arm": "full"}},
        {"name": "slope", "of": {"arm": "early"}, "slope": True},
    ],
    "smallest_effect": 0.5,
}


def run(design, loaded, out, on_done):
    """The study in this process."""
    return run_study(design, out, here(StudyWorker(design, loaded, out)), on_done=on_done)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A small Llama, a list of 90 words, and a design on both."""
    folder = tmp_path_factory.mktemp("study")
    from tli_bench.lexicon import load_lexicon

    model = make_llama(folder / "llama")
    rows, seen = ["source\ttarget\tsplit"], set()
    for pair in load_lexicon("core", pair="swh-eng").pairs:
        if pair.source not in seen and pair.target not in seen and len(seen) < 180:
            seen |= {pair.source, pair.target}
            rows.append(f"{pair.source}\t{pair.target}\t{('train', 'dev', 'control')[len(rows) % 3]}")
    (folder / "words.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    path = folder / "small.yaml"
    path.write_text(yaml.safe_dump(DESIGN | {"models": [str(model)], "lexicon": str(folder / "words.tsv")}))
    return path


@pytest.fixture(scope="module")
def ran(small):
    """The study, run once; what was done, and where."""
    design, said = load_design(small), []
    out = small.parent / "out"
    loaded = load_model(design.models[0])
    study = run(design, loaded, out, lambda what, record, reused: said.append((what, reused)))
    return design, loaded, out, study, said


def test_every_point_is_made_once_and_a_second_run_makes_none(ran):
    design, loaded, out, study, said = ran
    # 3 settings: 2 rates each; then 2 seeds, right and shuffled; placebos of the two that are LoRA.
    assert [sum(what == name for what, _ in said) for name in ("base", "try", "run", "asked")] == [1, 6, 12, 2]
    assert not any(reused for _, reused in said)
    again = []
    second = run(design, loaded, out, lambda what, record, reused: again.append(reused))
    assert all(again)
    assert second == study
    assert read_study(out).registered == design
    assert not list((out / "adapters").iterdir())


def test_twins_and_placebos_are_controls_of_their_own(ran):
    _, _, _, study, _ = ran
    runs = {(p.arm, p.rank, p.seed, p.kind): p for p in study.points if p.kind != "base"}
    assert len(runs) == 12
    right, twin = (runs["early", 4, 0, kind] for kind in ("right", "shuffled"))
    assert (right.recipe["shuffle_pairs"], twin.recipe["shuffle_pairs"]) == (False, True)
    assert right.columns != twin.columns
    assert right.budget == twin.budget
    assert right.budget.parameters == 4 * runs["early", 1, 0, "right"].budget.parameters
    assert [len(one.placebos) for one in study.asked] == [2, 2]


def test_the_rate_is_the_one_with_the_best_dev_words(ran):
    design, _, _, study, _ = ran
    rates = chosen_rates(design, study.tries)
    for setting in settings_of(design):
        own = [p for p in study.tries if p.job.setting == setting]
        assert {p.learning_rate for p in own} == set(design.arms[setting.arm].learning_rates)
        assert not any(p.columns for p in own), "control words choose nothing"
        best = max(own, key=lambda p: (p.dev, -p.learning_rate))
        assert rates[setting] == best.learning_rate
    better = [p.model_copy(update={"dev": 1.0 if p.learning_rate == 1e-3 else 0.0}) for p in study.tries]
    assert chosen_rates(design, better)[Setting("early", 4)] == 1e-3
    collapsed = [p.model_copy(update={"dev": None}) for p in study.tries]
    with pytest.raises(ResultError, match=r"every learning rate of early, rank 1 collapsed \(0.001, 0.01\)"):
        chosen_rates(design, collapsed)


def test_a_point_made_again_scores_the_same_and_another_design_does_not(ran, tmp_path):
    _, loaded, _, study, _ = ran
    design = ran[0].model_copy(update={"text": False})  # whose perplexity is not compared
    assert [line.split(": ")[1] for line in compare_again(study, design, loaded, tmp_path, 1)] == [
        "means differ by at most 0.00000"
    ]
    point = study.points[1]
    moved = {
        "alignment": {
            s: c.model_copy(update={"values": tuple(v + 0.1 for v in c.values)})
            for s, c in point.columns["alignment"].items()
        }
    }
    other = study.model_copy(
        update={"points": (study.points[0], point.model_copy(update={"columns": moved}), *study.points[2:])}
    )
    with pytest.raises(ResultError, match=r"differ by at most 0.10000, more than 0.005"):
        list(compare_again(other, design, loaded, tmp_path, 1))


def test_what_was_asked_of_documents_is_asked_again(ran, tmp_path):
    """Of a study whose outcome is a task, words alone say little."""
    design, loaded = ran[0], load_model("tiny")
    task = "tli_xquad_r_sentence_eng_Latn-tur_Latn"
    outcome = design.primary.model_copy(
        update={"name": "questions", "measure": None, "tasks": (task,), "metric": "map"}
    )
    one = {"early": design.arms["early"].model_copy(update={"ranks": (1,), "learning_rates": (1e-3,)})}
    contrast = design.contrasts[0].model_copy(update={"against": "twin"})
    plan = design.model_copy(
        update={
            "arms": one,
            "seeds": (0,),
            "placebos": 0,
            "text": False,
            "primary": outcome,
            "contrasts": (contrast,),
            "document_limit": 6,
        }
    )
    study = run(plan, loaded, tmp_path / "out", None)
    assert [line.split(": ")[1] for line in compare_again(study, plan, loaded, tmp_path, 1)] == [
        "means differ by at most 0.00000"
    ]
    trained = next(one for one in study.points if one.kind == "right")
    column = study.asked_of(trained).columns["questions"][task]
    held = {"questions": {task: column}}
    moved = column.model_copy(update={"values": tuple(v + 0.1 for v in column.values)})
    assert largest_difference(held, {"questions": {task: moved}}) == pytest.approx(0.1)
    others = column.model_copy(update={"ids": tuple(f"{name} of then" for name in column.ids)})
    with pytest.raises(ResultError, match=r"other words or documents .* --data-dir"):
        largest_difference(held, {"questions": {task: others}})


def test_a_contrast_added_later_is_exploratory_and_trains_nothing(ran):
    design, loaded, out, _, _ = ran
    late = design.model_copy(
        update={"contrasts": (*design.contrasts[:1], design.contrasts[1].model_copy(update={"name": "late"}))}
    )
    said = []
    found = analyse(run(late, loaded, out, lambda what, record, reused: said.append(reused)), late, {})
    assert all(said)
    assert [one.added for one in found.compared["alignment"]] == [False, True]


@needs_ray
@pytest.mark.slow
def test_workers_on_ray_make_the_points_of_one_process(ran, small, tmp_path):
    _, _, _, study, _ = ran
    out = tmp_path / "ray"
    tli_bench("study", small, "--output", out, "--workers", 2)
    assert without_cost(read_study(out)) == without_cost(study)


@needs_ray
@pytest.mark.slow
def test_killed_workers_and_drivers_of_a_study_lose_nothing_and_repeat_nothing(ran, small, tmp_path):
    """In a session of its own, so that what is killed is ours: first a worker while it trains, then the driver, then the rest."""
    _, _, _, study, _ = ran
    out = tmp_path / "ray"
    env = os.environ | {"CUDA_VISIBLE_DEVICES": "", "RAY_USAGE_STATS_ENABLED": "0"}
    command = [sys.executable, "-m", "tli_bench", "study", str(small), "--output", str(out), "--workers", "1"]
    killed = done = 0
    with subprocess.Popen(
        command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as driver:
        for line in driver.stderr:
            done += line.startswith("done: ")
            if done == 2 and not killed:
                for pid in workers_of(driver):
                    os.kill(pid, signal.SIGKILL)
                    killed += 1
            if done == 4:
                driver.kill()
                break
    assert killed
    kept = {path: path.stat().st_mtime_ns for path in out.rglob("*.json") if "adapters" not in path.parts}
    second = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=1500)
    assert second.returncode == 0, second.stderr[-3000:]
    assert second.stderr.count("kept: ") >= 4
    assert all(path.stat().st_mtime_ns == before for path, before in kept.items())
    assert without_cost(read_study(out)) == without_cost(study)


def without_cost(study):
    """By key, what does not depend on where and how fast it ran."""
    points = {one.key: one.model_dump(exclude={"seconds", "memory_gb"}) for one in (*study.points, *study.tries)}
    return points, {one.key: one.model_dump(exclude={"seconds"}) for one in study.asked}


def test_the_command_goes_on_writes_a_page_and_makes_it_from_packed_points(ran, small, tmp_path):
    design, _, out, _, _ = ran
    packed = tmp_path / "points.json.gz"
    told = tli_bench("study", small, "--output", out, "--page", tmp_path / "one", "--pack", packed)
    assert told.startswith("Smoke test, not an answer: early against full: ")
    again = tli_bench("study", small, "--points", packed, "--page", tmp_path / "two", "--output", tmp_path / "none")
    assert again.splitlines()[0] == told.splitlines()[0]
    pages = [next((tmp_path / name).glob("*.md")).read_text() for name in ("one", "two")]
    assert pages[0] == pages[1]
    assert design.digest in pages[0]


def test_a_dry_run_tells_the_plan_and_refuses_in_a_sentence(small, tmp_path):
    told = tli_bench("study", small, "--dry-run", "--output", tmp_path / "none")
    assert "3 settings on 1 trained pair with 2 seeds: 15 trainings" in told
    assert "expected time: not known" in told
    assert "tli-bench train --model" in told
    for change, message in (
        ({"primary": None}, "declares no primary outcome"),
        (
            {"arms": DESIGN["arms"] | {"full": {"recipe": "full-finetune", "learning_rates": [1e-4]}}},
            "unequal numbers of learning rates",
        ),
        (
            {
                "smoke": False,
                "smallest_effect": 0.0001,
                "rates": {"tiny": {"word_sd": 0.3, "run_sd": 0.01, "source": "a guess"}},
            },
            "too small to show",
        ),
    ):
        path = tmp_path / "wrong.yaml"
        path.write_text(yaml.safe_dump(json.loads(json.dumps(DESIGN | {"models": ["tiny"]} | change))))
        said = tli_bench("study", path, "--dry-run", "--output", tmp_path / "none", code=2)
        assert message in said
        assert said.count("\n") == 1
    tli_bench("study", path, "--dry-run", "--exploratory", "--output", tmp_path / "none")


def test_a_model_that_the_machine_cannot_hold_is_refused_with_the_commands():
    from pathlib import Path

    file = Path(__file__).resolve().parents[2] / "studies" / "xlsum_swahili.yaml"
    said = tli_bench("study", file, "--model", "qwen2-72b", code=2)
    assert "qwen2-72b needs about 1,163 GB in this study" in said
    told = tli_bench("study", file, "--model", "qwen2-72b", "--dry-run")
    assert "tli-bench train --model qwen2-72b --pair swh_Latn-eng_Latn --recipe tli-early" in told
