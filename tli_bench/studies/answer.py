"""The answer of a study in one sentence, which never claims more than its interval does."""

import math

from tli_bench.base.wording import counted
from tli_bench.measures.registry import get_measure
from tli_bench.records.downstream_record import of_fixtures
from tli_bench.studies.analysis import Compared, Findings
from tli_bench.studies.design import Contrast, Design, Outcome, describes
from tli_bench.training.collapse import MISMATCHED


def answer(findings: Findings) -> str:
    """One sentence on the first contrast of the primary outcome, with its interval and what it is true of."""
    first, outcome = findings.first, findings.design.declared
    if first is None:
        return f"No contrast is declared, so there is no answer; {_scope(findings)}."
    said = conclusion(first, outcome, interest_of(findings.design, first.contrast))
    marks = "".join(
        mark
        for mark, present in (
            ("smoke test, not an answer: ", findings.design.smoke),
            ("made on the small samples that ship with tli-bench, not a benchmark: ", _fixtures(findings)),
            ("exploratory, since it was not declared before the first point: ", first.added),
        )
        if present
    )
    whole = f"{marks}{said}; {_scope(findings)}."
    return whole[0].upper() + whole[1:]


def interest_of(design: Design, contrast: Contrast) -> float | None:
    """The smallest effect of interest on the scale of a contrast: a slope's is what adds up to it from the lowest to the highest rank."""
    if design.smallest_effect is None or not contrast.slope:
        return design.smallest_effect
    ranks = design.arms[contrast.of.arm].ranks
    return design.smallest_effect / math.log2(max(ranks) / min(ranks))


def conclusion(compared: Compared, outcome: Outcome, interest: float | None) -> str:
    """What one contrast shows: a difference, none worth having, or that it cannot be told."""
    effect, name = compared.effect, compared.contrast.name
    if effect is None:
        return f"{name}: cannot be computed ({compared.reason})"
    unit = " per doubling of the rank" if compared.contrast.slope else ""
    value = f"{signed(effect.value)}{unit} in {outcome.label}"
    if effect.low is None or effect.high is None or effect.smallest is None:
        return f"{name}: {value}, over too few words or documents for an interval"
    interval = f"{value}, 95 % [{signed(effect.low)}, {signed(effect.high)}]"
    within = interest is not None and -interest < effect.low and effect.high < interest
    if effect.shown:
        small = f", less than the smallest effect of interest ({interest:.3g})" if within else ""
        return f"{name}: {'higher' if effect.value > 0 else 'lower'}, {interval}{small}"
    if within:
        return f"{name}: no difference worth having (the whole interval is within ±{interest:.3g}), {interval}"
    return (
        f"{name}: cannot be told apart with these words and seeds, {interval}; the smallest effect that could be shown is "
        f"{effect.smallest:.3f}"
    )


def where_they_part(findings: Findings) -> list[str]:
    """For each raw measure next to the primary outcome, the settings in which the two move in different ways, and which to believe."""
    primary = findings.design.declared
    told = []
    for outcome in findings.design.outcomes:
        # Mismatched pairs are what a raw cosine leaves out, and nobody believes them by themselves.
        if not describes(outcome) or describes(primary) or outcome.measure == MISMATCHED:
            continue
        raw = get_measure(outcome.measure).label
        apart = [
            f"{arm.setting.label} ({raw} {signed(arm.gains[outcome.name].value)}, {primary.label} {signed(arm.gains[primary.name].value)})"
            for arm in findings.arms
            if outcome.name in arm.gains
            and primary.name in arm.gains
            and arm.gains[outcome.name].value * arm.gains[primary.name].value < 0
        ]
        where = (
            f"They move in opposite directions in {'; '.join(apart)}."
            if apart
            else "They move in the same direction in every setting."
        )
        told.append(
            f"{raw} and {primary.label}: {where} Where they part, believe {primary.label}: {raw} is a cosine without its mismatched "
            "pairs, so that one constant vector added to every word raises it and moves no word nearer to its translation than to others."
        )
    return told


def signed(value: float, digits: int = 3) -> str:
    """`+0.031`, `−0.004`."""
    return f"{value:+z.{digits}f}".replace("-", "−")


def _fixtures(findings: Findings) -> bool:
    """Whether the answer itself is over the small samples that ship with the project."""
    tasks = findings.design.declared.tasks
    return any(of_fixtures(one.sources.get(task, "")) for one in findings.study.asked for task in tasks)


def _scope(findings: Findings) -> str:
    design, scored = findings.design, findings.scored[findings.design.declared.name]
    what = "documents" if scored.outcome.tasks else "control words"
    where = counted(len(scored.scopes), "task" if scored.outcome.tasks else "pair")
    trained = f"trained on {counted(len(design.trained), 'pair')} with {counted(len(design.seeds), 'seed')}"
    return f"for {findings.study.base.model}, {scored.words} {what} in {where}, {trained}"
