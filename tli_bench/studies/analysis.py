"""From points to findings: changes against the base, net of twins, contrasts with simultaneous intervals; pure functions of points."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean

import numpy as np

from tli_bench.base.errors import ResultError, UnscorableError
from tli_bench.stats.arrays import Floats
from tli_bench.stats.crossed import Components, variance_components
from tli_bench.studies.design import BASE, TWIN, Contrast, Design, Outcome, Selector, exploratory
from tli_bench.studies.effects import Cells, Effect, Relation, effects, relation
from tli_bench.studies.points import Column, Point, Study
from tli_bench.studies.settings import Kind, Setting, selected, settings_of

Row = tuple[Setting, Kind]


@dataclass(frozen=True, slots=True)
class Scored:
    """One outcome of every setting that was trained in all runs. rows: right settings, then their twins; scopes: pairs or tasks.

    base: value of each scope; left_out: settings that lack a run, each with the reason.
    """

    outcome: Outcome
    rows: tuple[Row, ...]
    scopes: tuple[str, ...]
    cells: Cells
    phi: Floats
    base: dict[str, float]
    left_out: dict[Setting, str]

    @property
    def twins(self) -> int:
        """How many of the rows, at the end, are twins of the others."""
        return sum(kind == "shuffled" for _, kind in self.rows)

    @property
    def words(self) -> int:
        """Concepts, or documents, that the means are over."""
        return len(self.phi)


@dataclass(frozen=True, slots=True)
class Spread:
    """How a contrast differs between pairs. by_scope: of each pair or task alone; relations: by property of the pairs.

    over_pairs: 95 % interval as if other pairs were drawn, where there are enough; parts: its variance over pairs and runs.
    """

    by_scope: dict[str, Effect] = field(default_factory=dict)
    over_pairs: tuple[float, float] | None = None
    parts: Components | None = None
    relations: dict[str, Relation] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Compared:
    """One contrast of one outcome. effect: None where it cannot be given, and `reason` says why; added: whether it is exploratory."""

    contrast: Contrast
    effect: Effect | None
    reason: str
    added: bool
    spread: Spread


@dataclass(frozen=True, slots=True)
class Arm:
    """One setting: what it cost, and its change in every outcome, gain and net of the twin, each family of intervals simultaneous.

    rate: chosen on dev words of those tried. seconds, memory_gb: mean of one training with its scoring, and the most held until then.
    """

    setting: Setting
    rate: float
    tried: int
    parameters: int
    steps: int
    words_seen: int
    seconds: float
    memory_gb: float
    text: float | None
    placebos: tuple[float, ...]
    gains: dict[str, Effect]
    nets: dict[str, Effect]


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that a page says. compared: by outcome name, primary first; values: tasks' metrics without values per document.

    trained: for the transfer matrix, mean gain by scored pair, then trained pair, over all settings of the first arm.
    """

    study: Study
    design: Design
    scored: dict[str, Scored]
    arms: tuple[Arm, ...]
    compared: dict[str, tuple[Compared, ...]]
    added: tuple[str, ...]
    covariates: Mapping[str, Mapping[str, float]]
    trained: dict[str, dict[str, float]]
    values: dict[str, dict[str, dict[str, float]]]

    @property
    def first(self) -> Compared | None:
        """The contrast that answers the question: the first of the design, on the primary outcome."""
        found = self.compared.get(self.design.declared.name, ())
        return found[0] if found else None


def analyse(study: Study, design: Design, covariates: Mapping[str, Mapping[str, float]]) -> Findings:
    """Findings of a study; raises ResultError where the primary outcome cannot be scored for any setting."""
    scored = {}
    for outcome in design.outcomes:
        found = _scored(study, design, outcome)
        if found is not None:
            scored[outcome.name] = found
    if design.declared.name not in scored:
        raise ResultError(
            f"study {design.name} has no values of its primary outcome, {design.declared.name}, for every run of any setting; "
            "run it to the end"
        )
    added = exploratory(design, study.registered)
    compared = {name: _compare(one, design, added, covariates) for name, one in scored.items()}
    return Findings(
        study=study,
        design=design,
        scored=scored,
        arms=_arms(study, design, scored),
        compared=compared,
        added=added,
        covariates=covariates,
        trained=_trained(scored[design.declared.name], design),
        values=_values(study, design),
    )


def weights_of(contrast: Contrast, rows: Sequence[Row]) -> Floats:
    """Weights `[rows]` of a contrast; raises UnscorableError where a setting that it names was left out."""
    found = np.zeros(len(rows))
    for sign, kind in ((1.0, "right"), (-1.0, "shuffled")):
        if kind == "right" or contrast.net or contrast.against == TWIN:
            own = [(place, setting) for place, (setting, of) in enumerate(rows) if of == kind]
            found += sign * _one_kind(contrast, own, len(rows))
    return found


def _one_kind(contrast: Contrast, own: Sequence[tuple[int, Setting]], count: int) -> Floats:
    weights = np.zeros(count)

    def add(selector: Selector, share: float) -> None:
        places = selected([setting for _, setting in own], selector)
        if not places:
            raise UnscorableError(f"no setting of {selector.arm} was trained in all runs")
        if contrast.slope:
            ranks = np.log2([own[place][1].rank or 1 for place in places])
            apart = ranks - ranks.mean()
            if not apart.any():
                raise UnscorableError(f"{selector.arm} has one rank left, and a slope needs two")
            for place, weight in zip(places, apart / (apart**2).sum(), strict=True):
                weights[own[place][0]] += share * weight
        else:
            for place in places:
                weights[own[place][0]] += share / len(places)

    add(contrast.of, 1.0)
    if isinstance(contrast.against, Selector):
        add(contrast.against, -1.0)
    return weights


def _scored(study: Study, design: Design, outcome: Outcome) -> Scored | None:
    """The cells of an outcome; None where no setting has them."""
    base = _columns(study, study.base, outcome)
    scopes = tuple(scope for scope in (outcome.tasks or design.scored) if scope in base)
    runs = [(pair, seed) for pair in design.trained for seed in design.seeds]
    points = {(p.job.setting, str(p.kind), p.pair, p.seed): p for p in study.points if p.kind != "base"}
    kinds: tuple[Kind, ...] = ("right", "shuffled") if design.twins else ("right",)
    rows, left_out, changes = [], dict[Setting, str](), list[list[list[Floats]]]()
    for kind in kinds:
        for setting in settings_of(design):
            own = [points.get((setting, str(kind), *run)) for run in runs]
            try:
                changes.append([_changes(study, point, base, outcome, scopes) for point in own])
                rows.append((setting, kind))
            except UnscorableError as err:
                left_out.setdefault(setting, f"{'twin: ' if kind == 'shuffled' else ''}{err}")
    # Net of a twin needs both.
    kept = [i for i, (setting, _) in enumerate(rows) if setting not in left_out]
    if not kept or not scopes:
        return None
    columns = tuple(
        np.stack([np.stack([run[s] for run in changes[i]], axis=1) for i in kept], axis=1) for s in range(len(scopes))
    )
    cells = Cells(columns, tuple(base[scope].ids for scope in scopes))
    values = {scope: fmean(base[scope].values) for scope in scopes}
    return Scored(outcome, tuple(rows[i] for i in kept), scopes, cells, cells.over(), values, left_out)


def _columns(study: Study, point: Point, outcome: Outcome) -> Mapping[str, Column]:
    if outcome.measure:
        return point.columns.get(outcome.name, {})
    asked = study.asked_of(point)
    return asked.columns.get(outcome.name, {}) if asked else {}


def _changes(
    study: Study, point: Point | None, base: Mapping[str, Column], outcome: Outcome, scopes: Sequence[str]
) -> list[Floats]:
    if point is None:
        raise UnscorableError("a training is missing")
    if point.collapsed:
        raise UnscorableError(f"a training collapsed ({point.pair}, seed {point.seed})")
    found, changes = _columns(study, point, outcome), []
    for scope in scopes:
        if scope not in found or found[scope].ids != base[scope].ids:
            raise UnscorableError(
                f"no values of {scope} over the same words as the base ({point.pair}, seed {point.seed})"
            )
        changes.append(np.array(found[scope].values) - np.array(base[scope].values))
    return changes


def _compare(
    scored: Scored, design: Design, added: Sequence[str], covariates: Mapping[str, Mapping[str, float]]
) -> tuple[Compared, ...]:
    weights: dict[str, Floats] = {}
    reasons: dict[str, str] = {}
    for contrast in design.contrasts:
        try:
            weights[contrast.name] = weights_of(contrast, scored.rows)
        except UnscorableError as err:
            reasons[contrast.name] = str(err)
    stacked = np.array(list(weights.values()))
    found = (
        dict(zip(weights, effects(scored.phi, stacked, twins=scored.twins, correction=design.correction), strict=True))
        if weights
        else {}
    )
    return tuple(
        Compared(
            contrast=contrast,
            effect=found.get(contrast.name),
            reason=reasons.get(contrast.name, ""),
            added=contrast.name in added
            or scored.outcome.name in added
            or any(one.startswith("design: ") for one in added),
            spread=_spread(scored, weights.get(contrast.name), covariates),
        )
        for contrast in design.contrasts
    )


def _spread(scored: Scored, weights: Floats | None, covariates: Mapping[str, Mapping[str, float]]) -> Spread:
    """How a contrast differs between pairs, each alone, as if drawn from others, and with what is known of them."""
    if weights is None:
        return Spread()
    by_scope = {}
    for scope, column, ids in zip(scored.scopes, scored.cells.columns, scored.cells.ids, strict=True):
        (by_scope[scope],) = effects(Cells((column,), (ids,)).over(), weights[None, :], twins=scored.twins)
    values = np.array([np.einsum("nkr,k->r", column, weights) / len(column) for column in scored.cells.columns])
    relations = {}
    for name, known in covariates.items():
        places = [i for i, scope in enumerate(scored.scopes) if scope in known]
        some = (
            Cells(tuple(scored.cells.columns[i] for i in places), tuple(scored.cells.ids[i] for i in places))
            if places
            else None
        )
        try:
            if some is not None:
                relations[name] = relation(some, weights, [known[scored.scopes[i]] for i in places], twins=scored.twins)
        except UnscorableError:
            continue
    parts = variance_components(values) if min(values.shape) > 1 else None
    return Spread(by_scope, _over_pairs(values.mean(axis=1)), parts, relations)


def _over_pairs(values: Floats) -> tuple[float, float] | None:
    """Student's interval of the mean over pairs as if they were drawn; None for fewer than four."""
    if len(values) < 4:
        return None
    from scipy import stats as sps

    half = float(sps.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / len(values) ** 0.5)
    return float(values.mean()) - half, float(values.mean()) + half


def _arms(study: Study, design: Design, scored: Mapping[str, Scored]) -> tuple[Arm, ...]:
    gains = {name: _each(one, net=False, design=design) for name, one in scored.items()}
    nets = {name: _each(one, net=True, design=design) for name, one in scored.items() if design.twins}
    arms = []
    for setting in settings_of(design):
        own = [p for p in study.points if p.kind == "right" and p.job.setting == setting and not p.collapsed]
        if not own:
            continue
        rises = [p.text for p in own if p.text is not None]
        asked = [study.asked_of(p) for p in own]
        arms.append(
            Arm(
                setting=setting,
                rate=own[0].learning_rate or 0.0,
                tried=len(design.arms[setting.arm].learning_rates),
                parameters=max(p.budget.parameters for p in own),
                steps=round(fmean(p.budget.steps for p in own)),
                words_seen=round(fmean(p.budget.words_seen for p in own)),
                seconds=fmean(p.seconds for p in own),
                memory_gb=max(p.memory_gb for p in own),
                text=fmean(rises) if rises else None,
                placebos=tuple(value for one in asked if one for value in one.placebos),
                gains={name: found[setting] for name, found in gains.items() if setting in found},
                nets={name: found[setting] for name, found in nets.items() if setting in found},
            )
        )
    return tuple(arms)


def _each(scored: Scored, *, net: bool, design: Design) -> dict[Setting, Effect]:
    """The change of every setting against the base, or net of its twin."""
    settings = list(dict.fromkeys(setting for setting, _ in scored.rows))
    weights = np.zeros((len(settings), len(scored.rows)))
    for place, (setting, kind) in enumerate(scored.rows):
        if kind == "right" or net:
            weights[settings.index(setting), place] = 1.0 if kind == "right" else -1.0
    return dict(
        zip(settings, effects(scored.phi, weights, twins=scored.twins, correction=design.correction), strict=True)
    )


def _trained(scored: Scored, design: Design) -> dict[str, dict[str, float]]:
    arm, seeds = next(iter(design.arms)), len(design.seeds)
    rows = [i for i, (setting, kind) in enumerate(scored.rows) if setting.arm == arm and kind == "right"]
    found: dict[str, dict[str, float]] = {}
    for scope, column in zip(scored.scopes, scored.cells.columns, strict=True):
        means = column[:, rows].mean(axis=(0, 1)) if rows else np.empty(0)
        for number, pair in enumerate(design.trained if rows else ()):
            found.setdefault(scope, {})[pair] = float(means[number * seeds : (number + 1) * seeds].mean())
    return found


def _values(study: Study, design: Design) -> dict[str, dict[str, dict[str, float]]]:
    """Metrics as tasks give them, mean over runs, by outcome, then task, then setting; the base is called so."""
    found: dict[str, dict[str, dict[str, list[float]]]] = {}
    for point in study.points:
        asked = study.asked_of(point)
        if asked is None or point.kind == "shuffled":
            continue
        name = BASE if point.kind == "base" else point.job.setting.label
        for outcome, tasks in asked.values.items():
            for task, value in tasks.items():
                if value is not None:
                    found.setdefault(outcome, {}).setdefault(task, {}).setdefault(name, []).append(value)
    return {o: {t: {n: fmean(v) for n, v in by.items()} for t, by in tasks.items()} for o, tasks in found.items()}
