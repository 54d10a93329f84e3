"""Designs: what is refused, what is declared, and what was added too late."""

from pathlib import Path

import pytest
import yaml

from tests.command import tli_bench
from tests.studies.cases import DESIGN, design
from tli_bench.base.errors import InputError, UnknownNameError
from tli_bench.studies.design import exploratory, load_design
from tli_bench.studies.plan import check, plan_of, require_power
from tli_bench.studies.settings import recipe_of, runs_of, settings_of, tries_of

RATES = {"tiny": {"word_sd": 0.3, "run_sd": 0.01, "seconds": 60, "parameters": 4e6, "source": "made up for a test"}}


def test_a_design_without_a_primary_outcome_is_refused():
    with pytest.raises(InputError, match=r"declares no primary outcome: add `primary`"):
        check(design(primary=None))


def test_arms_with_unequal_tries_are_refused():
    arms = {**DESIGN["arms"], "full": {"recipe": "full-finetune", "learning_rates": [0.0001]}}
    with pytest.raises(InputError, match=r"unequal numbers of learning rates to choose from \(early 2, full 1\)"):
        check(design(arms=arms))


def test_raw_geometry_is_refused_as_the_primary_outcome():
    with pytest.raises(InputError, match="CLIPScore only describes the space"):
        check(design(primary={"name": "raw", "measure": "clipscore"}, secondary=[]))


def test_a_design_too_small_for_its_own_smallest_effect_is_refused_unless_told():
    small = design(rates=RATES, smallest_effect=0.005)
    plan = plan_of(small, "tiny", None)
    assert plan.smallest > 0.005
    with pytest.raises(InputError, match=r"too small to show its own smallest effect of interest: it can show 0\.0"):
        require_power(plan, small, told=False)
    require_power(plan, small, told=True)
    require_power(
        plan_of(design(rates=RATES, smallest_effect=0.9), "tiny", None), design(smallest_effect=0.9), told=False
    )


def test_the_plan_counts_trainings_and_more_seeds_show_smaller_effects():
    plan = plan_of(design(rates=RATES), "tiny", None)
    # 4 settings, 2 rates, 2 pairs; then the second seed; then twins of all.
    assert (plan.settings, plan.tries, plan.runs, plan.twins) == (4, 16, 8, 16)
    assert plan.seconds == pytest.approx(60 * 40)
    assert plan.memory_gb == pytest.approx(4e6 * 16 / 1e9)
    noisy = {"tiny": RATES["tiny"] | {"word_sd": 0.01, "run_sd": 0.1}}
    few, many = (plan_of(design(rates=noisy, seeds=seeds), "tiny", None).smallest for seeds in ([0, 1], list(range(8))))
    assert many < 0.6 * few


def arm(**changes):
    """The design with another first arm, and no contrasts that need its ranks."""
    return {"arms": DESIGN["arms"] | {"early": DESIGN["arms"]["early"] | changes}, "contrasts": []}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"contrasts": [{"name": "x", "of": {"arm": "erly"}}]}, "did you mean 'early'"),
        ({"contrasts": [{"name": "x", "of": {"arm": "early", "rank": 3}}]}, "no rank 3"),
        ({"contrasts": [{"name": "x", "of": {"arm": "full"}, "slope": True}]}, "at least two ranks"),
        ({"twins": False}, "needs twins"),
        ({"contrasts": [{"name": "x", "of": {"arm": "full"}, "against": {"arm": "full"}}]}, "both sides are the same"),
        ({"seeds": [0, 0]}, "seeds: 0 stands twice"),
        ({"seeds": [True, 2]}, "YAML reads this as yes or no"),
        ({"models": ["tiny", "tiny"]}, "models: tiny stands twice"),
        (arm(ranks=[0, 4]), "arm early, ranks: rank: .*greater than or equal to 1"),
        (arm(ranks=[4, 4]), "arm early: ranks: 4 stands twice"),
        (arm(learning_rates=[-1, 0.1]), "arm early, learning_rates: learning_rate: .*greater than 0"),
        (arm(layers=["x"]), "arm early, layers: layer 'x' is neither a number"),
        (arm(changes={"rank": 3}), "ranks are what varies, so rank in `changes` does nothing"),
        (arm(changes={"learning_rate": 3}), "learning_rates are what varies"),
        (arm(changes={"max_steps": 3, "epochs": 2}), "changes to tli-early: max_steps and epochs both say how long"),
        (arm(rank=[1]), "Extra inputs"),
        ({"covariates": ["latitude"]}, "unknown covariate 'latitude'"),
        ({"primary": {"name": "x", "measure": "p1_of_50", "tasks": ["t"]}}, "either `measure`, or `tasks`"),
        (
            {"arms": {**DESIGN["arms"], "full": {"recipe": "full-finetune", "ranks": [2], "learning_rates": [1, 2]}}},
            "no rank",
        ),
    ],
)
def test_what_does_not_fit_is_named(changes, message):
    with pytest.raises((ValueError, InputError, UnknownNameError), match=message):
        design(**changes)


def test_an_unknown_key_of_the_file_is_an_error_with_a_suggestion(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("primry: {}\n")
    with pytest.raises(UnknownNameError, match="did you mean 'primary'"):
        load_design(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"secondary": [{"name": "t", "tasks": ["tli_nope"], "metric": "f1"}]}, "unknown task 'tli_nope'"),
        ({"uriel": "none.csv", "covariates": ["genetic"]}, "none.csv"),
        ({"arms": {"early": {"recipe": "tli", "learning_rates": 1}}}, "give a list, such as [a, b] (given: 1)"),
        ({"arms": {"early": {"recipe": "tli", "rates": 1}}}, "arms.early.rates: there is no such key here (given: 1)"),
    ],
)
def test_what_a_study_cannot_use_is_told_before_its_first_training(tmp_path, changes, message):
    (tmp_path / "x.yaml").write_text(yaml.safe_dump(DESIGN | {"contrasts": []} | changes))
    assert message in tli_bench("study", tmp_path / "x.yaml", "--dry-run", code=2)


def test_what_was_declared_after_the_first_point_is_exploratory():
    before = design()
    contrasts = [*DESIGN["contrasts"], {"name": "late", "of": {"arm": "early", "rank": 16}}]
    assert exploratory(before, before) == ()
    assert exploratory(design(contrasts=contrasts), before) == ("late",)
    assert exploratory(design(smallest_effect=0.1), before) == ("design: smallest_effect",)
    assert "alignment" in exploratory(design(primary={"name": "alignment", "measure": "mrr"}), before)


def test_the_hash_is_of_what_the_design_says():
    assert design().digest == design().digest != design(seeds=[0, 1, 2]).digest


def test_every_setting_is_tried_equally_often_and_its_twin_differs_in_the_pairs_alone():
    plan = design()
    tries = tries_of(plan)
    assert {setting: sum(job.setting == setting for job in tries) for setting in settings_of(plan)} == dict.fromkeys(
        settings_of(plan), 4
    )
    runs = runs_of(plan, dict.fromkeys(settings_of(plan), 0.004))
    right, twin = (next(job for job in runs if job.kind == kind) for kind in ("right", "shuffled"))
    ours, theirs = (recipe_of(plan, job).model_dump(exclude={"name"}) for job in (right, twin))
    assert (ours["rank"], ours["learning_rate"]) == (1, 0.004)
    assert {key for key in ours if ours[key] != theirs[key]} == {"shuffle_pairs"}


def test_every_shipped_design_is_sound():
    files = sorted((Path(__file__).resolve().parents[2] / "studies").glob("*.yaml"))
    assert len(files) == 8
    for path in files:
        plan = load_design(path)
        check(plan)
        assert plan.smoke == path.stem.endswith(".smoke")
        if not plan.smoke:
            expected = plan_of(plan, plan.models[0], None)
            require_power(expected, plan, told=False)
            assert expected.seconds / 3600 < 20, "two cores of one night"
