"""A study of made-up points, in which rank matters as much as is planted."""

import numpy as np

from tli_bench.studies.design import Design
from tli_bench.studies.points import Asked, Column, Point, Study, rounded
from tli_bench.studies.settings import runs_of, settings_of
from tli_bench.training.budget import Budget

CONCEPTS = tuple(f"c{i}" for i in range(60))
DESIGN = {
    "name": "planted",
    "question": "Does rank matter where it was planted?",
    "change_my_mind": "Another seed of the simulation.",
    "models": ["tiny"],
    "arms": {
        "early": {"recipe": "tli-early", "ranks": [1, 4, 16], "learning_rates": [0.001, 0.004]},
        "full": {"recipe": "full-finetune", "learning_rates": [0.0001, 0.0003]},
    },
    "trained": ["tur-eng", "kaz-eng"],
    "scored": ["tur-eng", "kaz-eng", "tur-azj", "kir-eng"],
    "seeds": [0, 1],
    "primary": {"name": "alignment", "measure": "p1_of_50"},
    "secondary": [{"name": "CLIPScore", "measure": "clipscore"}],
    "contrasts": [
        {"name": "slope", "of": {"arm": "early"}, "slope": True},
        {"name": "early against full", "of": {"arm": "early"}, "against": {"arm": "full"}},
        {"name": "early net of full, net of twins", "of": {"arm": "early"}, "against": {"arm": "full"}, "net": True},
    ],
    "smallest_effect": 0.02,
    "covariates": ["lexical distance", "script"],
}


def design(**changes):
    return Design.model_validate(DESIGN | changes)


def study(plan, slope, *, seed=0, collapsed=None, registered=None):
    """Points of every run; a change of the headline by `slope` per doubling of the rank, and CLIPScore that falls by .1 everywhere."""
    rng = np.random.default_rng(seed)
    start = rng.uniform(0.1, 0.9, len(CONCEPTS))

    def columns(gain):
        return {
            outcome.name: {
                pair: Column(ids=CONCEPTS, values=rounded(start + by + rng.normal(0, 0.03, len(CONCEPTS))))
                for pair in plan.scored
            }
            for outcome, by in zip(plan.outcomes, (gain, -0.1), strict=False)
        }

    shared = {
        "study": plan.name,
        "design": plan.digest,
        "model": "tiny",
        "revision": "sha256:0",
        "dtype": "float32",
        "device": "cpu",
    }
    shared |= {"lexicon": {}, "seconds": 10.0, "memory_gb": 1.0}
    points = [Point(**shared, kind="base", key="base", columns=columns(0.0))]
    for number, job in enumerate(runs_of(plan, dict.fromkeys(settings_of(plan), 0.001))):
        gain = 0.1 + slope * np.log2(job.setting.rank or 1) + rng.normal(0, 0.002)
        gain = gain if job.kind == "right" else 0.04
        failed = collapsed == (job.setting.label, job.seed)
        told = {"arm": job.setting.arm, "rank": job.setting.rank, "pair": job.pair, "seed": job.seed, "kind": job.kind}
        told |= {
            "learning_rate": 0.001,
            "recipe": {"kind": "lora"},
            "budget": Budget(10 * (job.setting.rank or 99), 5, 80),
        }
        told |= {"collapsed": "all words point one way"} if failed else {"columns": columns(gain)}
        points.append(Point(**shared, **told, key=f"k{number}"))
    asked = (Asked(key="k0", placebos=(0.001, -0.002, 0.0), seconds=1.0),)
    return Study(registered=registered or plan, points=tuple(points), asked=asked)
