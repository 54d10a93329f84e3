"""What a study will take before anything runs: trainings, evaluations, time, memory, and the smallest effect that it can show."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from tli_bench.base.errors import InputError, ResultError
from tli_bench.base.wording import counted
from tli_bench.lexicon import load_lexicon
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.registry import get_measure
from tli_bench.measures.roles import HEADLINE
from tli_bench.studies.analysis import Row, Scored, analyse, weights_of
from tli_bench.studies.design import Design, Rates, describes
from tli_bench.studies.effects import smallest_effect
from tli_bench.studies.points import Study
from tli_bench.studies.settings import settings_of

FULL_BYTES, FROZEN_BYTES = 16, 2
"""Bytes per parameter: weights, gradient and two moments of AdamW in fp32 (Rajbhandari et al. 2020); frozen weights in bf16."""


_FLAGS = {"max_steps": "steps"}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is expected. seconds, memory_gb, smallest: None where nothing is known of it; source: of the rates."""

    settings: int
    tries: int
    runs: int
    twins: int
    tasks: int
    words: int
    seconds: float | None
    memory_gb: float | None
    smallest: float | None
    source: str
    made: int

    def lines(self, design: Design) -> list[str]:
        """The plan as sentences, each on a line."""
        trainings = self.tries + self.runs + self.twins
        first = self.settings * len(design.trained)
        over = f"{counted(len(design.trained), 'trained pair')} with {counted(len(design.seeds), 'seed')}"
        told = [
            f"{counted(self.settings, 'setting')} on {over}: {counted(trainings, 'training')} "
            f"({self.tries} tries of learning rates, of which {first} are analysed too, {self.runs} more runs, {self.twins} twins); "
            f"{self.made} are made",
            f"{self.words} control words in {counted(len(design.scored), 'scored pair')}; {counted(self.tasks, 'evaluation')} of tasks",
            f"expected time: {_time(self.seconds)}, one at a time; expected memory: {_memory(self.memory_gb)} (rates: {self.source})",
        ]
        interest = design.smallest_effect
        can = (
            "not known, for want of rates"
            if self.smallest is None
            else f"{self.smallest:.3f} in {design.declared.label}, of {design.contrasts[0].name}"
        )
        of = "none declared" if interest is None else f"{interest:g}"
        return [*told, f"smallest effect that can be shown with 80 % power: {can}; smallest effect of interest: {of}"]


def check(design: Design) -> None:
    """Raise InputError for a design that no answer can come from: no primary outcome, no contrast, or arms with unequal tries."""
    design.declared  # noqa: B018  raises where there is none
    if describes(design.declared):
        raise InputError(
            f"study {design.name}: {get_measure(design.declared.measure).label} only describes the space, so nothing is concluded from it; "
            f"declare {HEADLINE} as the primary outcome and this as a secondary one"
        )
    if not design.contrasts:
        raise InputError(
            f"study {design.name} declares no contrasts; add `contrasts`, the one that answers the question first"
        )
    tries = {name: len(arm.learning_rates) for name, arm in design.arms.items()}
    if len(set(tries.values())) > 1:
        said = ", ".join(f"{name} {count}" for name, count in tries.items())
        raise InputError(
            f"study {design.name}: arms have unequal numbers of learning rates to choose from ({said}), which favours the arm "
            "with more; give each as many"
        )


def require_power(plan: Plan, design: Design, *, told: bool) -> None:
    """Raise InputError where a design is too small to show its own smallest effect of interest. told: whether `--exploratory` was given."""
    if told or plan.smallest is None or design.smallest_effect is None or plan.smallest <= design.smallest_effect:
        return
    raise InputError(
        f"study {design.name} is too small to show its own smallest effect of interest: it can show {plan.smallest:.3f} with "
        f"80 % power and declares {design.smallest_effect:g}; "
        "add seeds, trained pairs or scored pairs, declare a larger effect, or say --exploratory"
    )


def plan_of(design: Design, model: str, study: Study | None) -> Plan:
    """The plan from the points that there are, and from the design's stated rates for what these do not tell."""
    check(design)
    settings = settings_of(design)
    tries = sum(len(design.arms[s.arm].learning_rates) for s in settings) * len(design.trained)
    cells = len(settings) * len(design.trained) * len(design.seeds)
    runs, twins = cells - len(settings) * len(design.trained), cells if design.twins else 0
    words = {
        word.concept for pair in design.scored for word in load_lexicon(design.lexicon, pair=pair).of(Split.CONTROL)
    }
    evaluations = len(design.tasks) * (1 + cells + twins)
    rates, source = _rates(design, model, study)
    known = rates.documents if design.declared.tasks else len(words)
    smallest = None
    if rates.word_sd is not None and rates.run_sd is not None and known:
        smallest = smallest_effect(
            words=known, word_sd=rates.word_sd, runs=len(design.trained) * len(design.seeds), run_sd=rates.run_sd,
            settings=len(settings), contrasts=len(design.contrasts), weight=_weight(design),
        )  # fmt: skip
    made = 0 if study is None else sum(p.kind != "base" for p in study.points)
    seconds = None
    if rates.seconds is not None and (rates.task_seconds is not None or not design.tasks):
        seconds = rates.seconds * (tries + runs + twins) + (rates.task_seconds or 0.0) * (1 + cells + twins)
    return Plan(
        len(settings),
        tries,
        runs,
        twins,
        evaluations,
        len(words),
        seconds,
        _gigabytes(design, rates),
        smallest,
        source,
        made,
    )


def _weight(design: Design) -> float:
    """Sum of squared weights of the first contrast; of a slope, of what it adds up to from the lowest to the highest rank."""
    first = design.contrasts[0]
    rows: list[Row] = [(setting, kind) for kind in ("right", "shuffled") for setting in settings_of(design)]
    weights = weights_of(first, rows)
    ranks = design.arms[first.of.arm].ranks
    scale = float(np.log2(max(ranks) / min(ranks))) if first.slope else 1.0
    return float((weights**2).sum()) * scale**2


def _gigabytes(design: Design, rates: Rates) -> float | None:
    if rates.memory_gb is not None or rates.parameters is None:
        return rates.memory_gb
    full = any(arm.start.kind == "full" for arm in design.arms.values())
    return rates.parameters * (FULL_BYTES if full else FROZEN_BYTES) / 1e9


def _rates(design: Design, model: str, study: Study | None) -> tuple[Rates, str]:
    """Measured rates where there are points, stated ones for the rest, and where they come from."""
    stated = design.rates.get(model) or Rates.model_validate({"source": "none stated for this model"})
    points = [p for p in study.points if p.kind != "base" and not p.collapsed] if study else []
    if study is None or not points:
        return stated, stated.source
    measured: dict[str, float] = {
        "seconds": fmean(p.seconds for p in points),
        "memory_gb": max(p.memory_gb for p in points),
    }
    if study.asked and design.tasks:
        measured["task_seconds"] = fmean(one.seconds for one in study.asked)
    try:
        scored = analyse(study, design, {}).scored[design.declared.name]
        measured |= _spreads(scored)
    except ResultError:
        pass
    source = f"{len(points)} points that are made"
    if not measured.keys() >= {"word_sd", "run_sd"}:
        source += f"; spreads: {stated.source}"
    return stated.model_copy(update=measured), source


def _spreads(scored: Scored) -> dict[str, float]:
    """Of differences between two settings over words, and of single trainings, from the settings that are there."""
    own: Sequence[int] = [i for i, (_, kind) in enumerate(scored.rows) if kind == "right"]
    if len(own) < 2:
        return {}
    means = scored.phi.mean(axis=2)[:, own]
    apart = [means[:, i] - means[:, j] for i in range(len(own)) for j in range(i)]
    found = {"word_sd": float(np.mean([one.std(ddof=1) for one in apart]))}
    trainings = scored.phi.mean(axis=0)[own]
    if trainings.shape[1] > 1:
        left = trainings - trainings.mean(axis=1, keepdims=True) - trainings.mean(axis=0) + trainings.mean()
        freedom = (trainings.shape[0] - 1) * (trainings.shape[1] - 1)
        found["run_sd"] = float(((left**2).sum() / freedom) ** 0.5)
    return {name: max(value, 1e-6) for name, value in found.items()}


def commands(design: Design, file: str, model: str) -> list[str]:
    """The commands that make the study's points and page, and those that train one setting by hand."""
    own = f"tli-bench study {file} --model {model}"
    found = [own, f"{own} --pack studies/points/{design.name}-{model.replace('/', '-')}.json.gz --page docs/studies"]
    for name, arm in design.arms.items():
        options = "".join(
            f" --{_FLAGS.get(key, key.replace('_', '-'))} {','.join(map(str, value)) if isinstance(value, list) else value}"
            for key, value in arm.changes.items()
        )
        rank = f" --rank {arm.ranks[0]}" if arm.ranks else ""
        layer = f" --layer {arm.layers[0]}" if arm.layers else ""
        found.append(
            f"tli-bench train --model {model} --pair {design.trained[0]} --recipe {arm.recipe}{options}{rank}{layer} --learning-rate "
            f"{arm.learning_rates[0]:g} --seed {design.seeds[0]} --output adapters/{name.replace(' ', '-')}"
        )
    return found


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "not known"
    hours = seconds / 3600
    return (
        f"{hours:.1f} hours"
        if hours >= 1
        else f"{seconds / 60:.0f} minutes"
        if seconds >= 90
        else f"{seconds:.0f} seconds"
    )


def _memory(gigabytes: float | None) -> str:
    return "not known" if gigabytes is None else f"{gigabytes:,.0f} GB" if gigabytes >= 10 else f"{gigabytes:.1f} GB"
