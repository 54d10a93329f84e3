"""What a study's page says, as sections of sentences and tables that Markdown and HTML share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from tli_bench.base.wording import counted, visible
from tli_bench.report.scopes import short_pair
from tli_bench.studies.analysis import Arm, Findings
from tli_bench.studies.answer import conclusion, interest_of, signed, where_they_part
from tli_bench.studies.design import Outcome, describes
from tli_bench.studies.effects import Effect
from tli_bench.studies.settings import label_of


@dataclass(frozen=True, slots=True)
class Table:
    """A table of plain text; the first column names the row, the others are set to the right."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, paragraphs, and tables; code: commands, one a line; files: addresses by what they are of."""

    title: str
    texts: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    code: tuple[str, ...] = field(default=())
    files: Mapping[str, str] = field(default_factory=dict)


def sections(findings: Findings, commands: Sequence[str], files: Mapping[str, str]) -> list[Section]:
    """Everything below the figure, in order."""
    found = [
        _contrasts(findings, findings.design.declared),
        _settings(findings),
        _pairs(findings),
        _matrix(findings),
        *(_contrasts(findings, outcome) for outcome in findings.design.secondary if outcome.name in findings.scored),
        _raw(findings),
        _tasks(findings),
        _controls(findings),
        _covariates(findings),
        _declared(findings, commands, files),
    ]
    return [section for section in found if section is not None]


def _contrasts(findings: Findings, outcome: Outcome) -> Section:
    primary = outcome == findings.design.declared
    rows = []
    for one in findings.compared[outcome.name]:
        effect = one.effect
        said = conclusion(one, outcome, interest_of(findings.design, one.contrast) if primary else None)
        if describes(outcome):
            said = "described only"
        elif effect is not None and effect.low is None:
            said = "too few for an interval"
        rows.append(
            (
                f"{label_of(one.contrast)}{' (exploratory)' if one.added else ''}",
                interval(effect),
                "–" if effect is None or effect.smallest is None else f"{effect.smallest:.3f}",
                "–"
                if one.spread.over_pairs is None
                else f"[{signed(one.spread.over_pairs[0])}, {signed(one.spread.over_pairs[1])}]",
                said.removeprefix(f"{one.contrast.name}: ").split(",")[0].split(";")[0],
            )
        )
    kind = "the primary outcome" if primary else "a secondary outcome; it answers nothing by itself"
    text = (
        f"Of {outcome.label}, {kind}. Intervals are 95 %, simultaneous over the contrasts of the table ({findings.design.correction}): "
        "words count by concept, whatever pairs they are in, and trainings count as a second source of error. The last but one column "
        "is over pairs, as if others like them had been drawn."
    )
    head = ("contrast", "difference", "smallest that could be shown", "over pairs", "what it shows")
    return Section(f"Contrasts: {outcome.name}", (text,), (Table(head, tuple(rows)),))


def _settings(findings: Findings) -> Section:
    primary = findings.design.declared.name
    rows = tuple(
        (
            arm.setting.label,
            interval(arm.gains.get(primary)),
            interval(arm.nets.get(primary)),
            f"{arm.parameters:,}",
            f"{arm.steps:,}",
            f"{arm.words_seen:,}",
            f"{arm.rate:g} of {arm.tried}",
            "–" if arm.text is None else f"{arm.text:+.1%}".replace("-", "−"),
            f"{arm.seconds:.0f}",
            f"{arm.memory_gb:.1f}",
        )
        for arm in findings.arms
    )
    head = (
        "setting", "change from the base", "net of its twin", "parameters", "steps", "words seen", "learning rate, of how many tried",
        "perplexity of text", "seconds", "memory, GB",
    )  # fmt: skip
    left = [f"{s.label}: {why}" for s, why in findings.scored[primary].left_out.items()]
    same = "are equal in steps and words seen" if _equal(findings.arms) else "differ, as the table says"
    texts = [
        "The budget of an arm is what it trains, for how many steps, on how many words; every setting had as many learning rates to "
        f"choose from, by dev words alone. Budgets {same}. "
        "Seconds are of one training with its scoring; memory is the most that the process had held until then."
    ]
    if left:
        texts.append(f"Left out: {'; '.join(left)}.")
    return Section("Settings, budgets and cost", tuple(texts), (Table(head, rows),))


def _equal(arms: Sequence[Arm]) -> bool:
    return len({(arm.steps, arm.words_seen) for arm in arms}) <= 1


def _pairs(findings: Findings) -> Section | None:
    first = findings.first
    if first is None or not first.spread.by_scope:
        return None
    scored = findings.scored[findings.design.declared.name]
    names = [name for name, known in findings.covariates.items() if any(scope in known for scope in scored.scopes)]
    rows = tuple(
        (
            scope_name(scope),
            f"{scored.base[scope]:.3f}",
            interval(first.spread.by_scope[scope]),
            *(f"{known[scope]:.2f}" if scope in (known := findings.covariates[name]) else "–" for name in names),
        )
        for scope in scored.scopes
    )
    text = f"{label_of(first.contrast)}, each by itself; the intervals hold one by one, not together."
    if first.spread.parts is not None:
        pairs, runs = first.spread.parts.shares
        text += (
            f" Of the variance of this contrast {pairs:.0%} lies between {'tasks' if scored.outcome.tasks else 'pairs'}, {runs:.0%} "
            f"between trainings, and {first.spread.parts.rest_share:.0%} in both together and in noise."
        )
    what = "task" if scored.outcome.tasks else "pair"
    return Section(f"Each {what}", (text,), (Table((what, "base", "difference", *names), rows),))


def _matrix(findings: Findings) -> Section | None:
    trained = findings.design.trained
    if len(trained) < 2 or not findings.trained:
        return None
    rows = tuple(
        (scope_name(scope), *(f"{signed(by[pair])}{' ◂' if pair == scope else ''}" for pair in trained))
        for scope, by in findings.trained.items()
    )
    arm = next(iter(findings.design.arms))
    text = (
        f"Change from the base of each scored pair (rows) by the pair that was trained (columns), mean over settings of {arm} and seeds. "
        "◂ marks the pair that was trained."
    )
    return Section(
        "Trained on one pair, scored on all", (text,), (Table(("scored on", *map(short_pair, trained)), rows),)
    )


def _raw(findings: Findings) -> Section | None:
    told = where_they_part(findings)
    return Section("Where raw measures part from the headline", tuple(told)) if told else None


def _tasks(findings: Findings) -> Section | None:
    tables = []
    for outcome, tasks in findings.values.items():
        names = list(dict.fromkeys(name for by in tasks.values() for name in by))
        rows = tuple(
            (task, *(f"{by[name]:.3f}" if name in by else "–" for name in names)) for task, by in tasks.items()
        )
        tables.append(Table((outcome, *names), rows))
    if not tables:
        return None
    text = "Metrics as the tasks give them, mean over trainings. A task whose documents have no values of their own has no interval."
    return Section("Tasks", (text,), tuple(tables))


def _controls(findings: Findings) -> Section:
    primary = findings.design.declared.name
    rows = [
        (
            arm.setting.label,
            str(len(arm.placebos)),
            signed(float(np.quantile(np.abs(arm.placebos), 0.95))),
            signed(_value(arm.gains.get(primary))),
        )
        for arm in findings.arms
        if arm.placebos
    ]
    texts = [
        "The base is scored as it is, with the same words. "
        + (
            "A twin is the same training on shuffled pairs, with the same seed and budget: what is left net of it is more than "
            "spreading words apart."
            if findings.design.twins
            else "No twins were trained, so that a change may be no more than spreading words apart."
        )
    ]
    if not rows:
        texts.append("No placebos (adapters of random weights) were scored.")
        return Section("Controls", tuple(texts))
    texts.append(
        "Placebos are adapters of random weights of the same size; no change within their 95th percentile is worth a claim."
    )
    head = ("setting", "placebos", "95th percentile of their changes", "its own change")
    return Section("Controls", tuple(texts), (Table(head, tuple(rows)),))


def _value(effect: Effect | None) -> float:
    return float("nan") if effect is None else effect.value


def _covariates(findings: Findings) -> Section | None:
    rows = []
    for one in findings.compared[findings.design.declared.name]:
        for name, found in one.spread.relations.items():
            pairs = "–" if found.pairs is None else f"[{signed(found.pairs[0])}, {signed(found.pairs[1])}]"
            rows.append((label_of(one.contrast), name, interval(found.words), pairs, str(found.count)))
    if not rows:
        return None
    text = (
        "How each contrast changes per unit of a property of the pair: over the words of these very pairs, and as if other pairs had been "
        "drawn. Pairs that share languages are no independent draws, so that the second is a lower bound of the uncertainty."
    )
    head = ("contrast", "property", "slope, over words", "slope, over pairs", "pairs")
    return Section("Does it depend on how near the languages are?", (text,), (Table(head, tuple(rows)),))


def _declared(findings: Findings, commands: Sequence[str], files: Mapping[str, str]) -> Section:
    design, registered = findings.design, findings.study.registered
    names = ", ".join(label_of(contrast) for contrast in design.contrasts) or "none"
    texts = [
        f"What would change this answer: {design.change_my_mind}",
        f"Primary outcome: {design.declared.label}. Contrasts: {names}. Correction: {design.correction}. Smallest effect of interest: "
        f"{'none declared' if design.smallest_effect is None else f'{design.smallest_effect:g}'}.",
        f"SHA-256 of the design: {design.digest}; when the first point was made: {registered.digest}.",
    ]
    if findings.added:
        texts.append(
            "Declared or changed after the first point was made, and so exploratory: "
            f"{', '.join(one.removeprefix('design: ') for one in findings.added)}."
        )
    base = findings.study.base
    texts.append(
        f"Base: {base.model}, revision {base.revision}, {base.dtype} on {base.device}; {counted(len(findings.study.points), 'point')}."
    )
    return Section("Design and records", tuple(texts), code=tuple(commands), files=files)


def interval(effect: Effect | None) -> str:
    """`+0.031 [+0.012, +0.050]`; a dash where there is none."""
    if effect is None:
        return "–"
    ends = "" if effect.low is None or effect.high is None else f" [{signed(effect.low)}, {signed(effect.high)}]"
    return f"{signed(effect.value)}{ends}"


def scope_name(scope: str) -> str:
    """A pair in short, or the name of a task."""
    return short_pair(scope) if "-" in scope and not scope.startswith("tli_") else visible(scope)
