"""Sweeps as the leaderboard shows them: LoRA rank against score, one line per loss layer, from points or one small file."""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tli_bench.base.errors import ResultError, UnknownNameError, reason_of
from tli_bench.base.files import write_text
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.choice import CHOOSERS
from tli_bench.measures.registry import get_measure
from tli_bench.report.columns import compared_measures
from tli_bench.training.pareto import Gain, gain

if TYPE_CHECKING:
    from tli_bench.training.sweep import Point

ABOUT = (
    "Change against the untrained base by the rank of the LoRA; one line a loss layer. Settings are compared by dev words; "
    "control words stand beside them and choose nothing. Mean over seeds with its 95 % interval (Student): how much training "
    "wobbles, not how much words differ. Layers are given, none is chosen."
)
MAX_BYTES = 16 * 1024 * 1024
_DIGITS = 6
Text = Annotated[str, Field(max_length=200)]
Curves = dict[Text, list[float]]


Splits = dict[Split, Curves]


class Score(NamedTuple):
    """A measure of a split where it is read (`output`, or `loss`: each point's own), and what a column or an axis calls it."""

    measure: str
    split: Split
    layer: str
    label: str


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class SweepPoint(_Strict):
    """One training. rank: of the LoRA, None for full fine-tuning; settings: what the grid chose; curves: by split and layer.

    text: rise of the perplexity of ordinary text, as a share, where it was measured.
    """

    pair: Text
    recipe: Text
    rank: int | None = Field(ge=1)
    settings: dict[str, str]
    seed: int
    loss_layers: tuple[str, ...] = Field(min_length=1)
    parameters: int = Field(ge=1)
    steps: int = Field(ge=0)
    text: float | None = None
    curves: Splits


class Sweep(_Strict):
    """All points of a sweep. base: the untrained model's curves by pair and split; layers: names of the values."""

    sweep_version: Literal[2] = 2
    name: Text
    model: Text
    revision: Text
    dtype: Text
    quantization: str | None = None
    lexicon: Text
    lexicon_hashes: dict[str, str]
    layers: tuple[str, ...] = Field(min_length=1)
    base: dict[str, Splits]
    points: tuple[SweepPoint, ...]

    @model_validator(mode="after")
    def _consistent(self) -> "Sweep":
        for splits in (*self.base.values(), *(point.curves for point in self.points)):
            if set(splits) != set(self.splits):
                raise ValueError(f"every curve must be there for {' and '.join(self.splits)} words")
            for curves in splits.values():
                if set(curves) != set(self.measures) or any(
                    len(curve) != len(self.layers) for curve in curves.values()
                ):
                    names = " and ".join(self.measures)
                    raise ValueError(f"curves must give {names} at each of the {len(self.layers)} layers")
        for point in self.points:
            if point.pair not in self.base or not set(point.loss_layers) <= set(self.layers):
                raise ValueError(
                    f"a point on {point.pair} has no base curve, or a loss layer that the model does not have"
                )
        return self

    @property
    def splits(self) -> tuple[Split, ...]:
        """The splits that every curve is there for; raises ValueError where the dev words are not among them."""
        found = tuple(self._first)
        if Split.DEV not in found:
            raise ValueError(
                f"curves are of {' and '.join(found) or 'no'} words, and settings are compared by dev words"
            )
        return found

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures that every curve of the sweep has; raises ValueError where none of them can compare settings."""
        names = tuple(self._first.get(Split.DEV, {}))
        if not set(names) & set(CHOOSERS):
            raise ValueError(f"curves are of {', '.join(names) or 'no measure'}, and of none of {', '.join(CHOOSERS)}")
        return names

    @property
    def score(self) -> str:
        """What settings are compared by: the headline, or what stands in for it on few words."""
        return next(name for name in CHOOSERS if name in self.measures)

    @property
    def _first(self) -> Splits:
        return next(iter(self.base.values()), {}) or next((p.curves for p in self.points), {})


@dataclass(frozen=True, slots=True)
class RankPoint:
    """One setting over its seeds: the change against the base. x: LoRA rank, or trainable parameters."""

    x: int
    parameters: int
    gain: Gain


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a plot. layer: where the score was read; points: by rising x.

    level: of full fine-tuning, which has no rank: a height, not a line; parameters: those of the largest point.
    """

    label: str
    layer: str
    points: tuple[RankPoint, ...]
    parameters: int
    level: Gain | None = None


def load_sweep(path: Path) -> Sweep:
    """A sweep from the file that `pack` wrote, or from the output folder of `tli-bench sweep`; raises ResultError."""
    if os.path.isdir(path):
        from tli_bench.training.sweep import read_points

        return pack(path.name, list(read_points(path)))
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ResultError(f"{path}: larger than {MAX_BYTES:,} bytes, which no packed sweep is; check what it is")
        return Sweep.model_validate_json(path.read_bytes())
    except OSError as err:
        raise ResultError(f"{path}: {reason_of(err)}; `tli-bench sweep SPEC --pack {path}` writes it") from err
    except ValidationError as err:
        first = err.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "sweep"
        raise ResultError(f"{path}: {where}: {first['msg']}; is it what `tli-bench sweep --pack` wrote?") from err


def pack(name: str, points: Sequence["Point"]) -> Sweep:
    """The points of one sweep without what no plot needs; raises ResultError for none, or points of several models."""
    if not points:
        raise ResultError(f"sweep {name} has no points yet; `tli-bench sweep` trains them")
    first = points[0]
    layers = tuple(first.base[Split.DEV])
    if any(p.identity["base"] != first.identity["base"] or tuple(p.base[Split.DEV]) != layers for p in points):
        raise ResultError(f"sweep {name} holds points of several models; give each its own output folder")
    model, revision, dtype, quantization = first.identity["base"]

    splits = [split for split in Split if all(split in p.base for p in points)]
    measured = [of[split][layers[0]] for p in points for of in (p.base, p.adapted) for split in splits]
    known = dict.fromkeys((*CHOOSERS, *(measure.name for measure in compared_measures())))
    held = [name for name in known if all(name in names for names in measured)]

    def curves(of: dict[Split, dict[str, dict[str, float]]]) -> Splits:
        return {
            split: {measure: [round(of[split][layer][measure], _DIGITS) for layer in layers] for measure in held}
            for split in splits
        }

    packed = [
        SweepPoint(
            pair=p.pair,
            recipe=p.recipe,
            rank=None if p.identity["recipe"]["kind"] == "full" else p.identity["recipe"]["rank"],
            settings=p.settings,
            seed=p.seed,
            loss_layers=p.loss_layers,
            parameters=p.budget.parameters,
            steps=p.budget.steps,
            text=None if p.text is None else round(p.text, _DIGITS),
            curves=curves(p.adapted),
        )
        for p in points
    ]
    return Sweep(
        name=name,
        model=model,
        revision=revision,
        dtype=dtype,
        quantization=quantization,
        lexicon=first.identity["lexicon"][0],
        lexicon_hashes={p.pair: p.identity["lexicon"][1] for p in points},
        layers=layers,
        base={p.pair: curves(p.base) for p in points},
        points=tuple(
            sorted(packed, key=lambda p: (p.pair, p.loss_layers, p.rank or 0, sorted(p.settings.items()), p.seed))
        ),
    )


def write_sweep(sweep: Sweep, path: Path) -> None:
    """One file with one line per point, so that changes can be read; raises OutputError."""
    head = sweep.model_dump(mode="json", exclude={"points"})
    points = ",\n".join("  " + json.dumps(p.model_dump(mode="json"), ensure_ascii=False) for p in sweep.points)
    opened = json.dumps(head, ensure_ascii=False, indent=1).removesuffix("\n}")
    write_text(path, f'{opened},\n "points": [\n{points}\n ]\n}}\n', alone=True)


def lines(
    sweep: Sweep, pair: str, *, measure: str | None = None, split: Split = Split.DEV, layer: str = "output",
    by: str | None = None, against: Literal["rank", "parameters"] = "rank",
) -> list[Line]:  # fmt: skip
    """Lines of one pair: change of `measure` of the words of `split` against the base at `layer`, with intervals over seeds.

    measure: without it, what settings are compared by. layer: `output`, `loss` (the deepest of each point's own loss) or a
    name. by: a setting that gets one line per value; without it a line is a loss layer with whatever else the grid varied.
    Raises UnknownNameError.
    """
    measure = measure or sweep.score
    for what, name, known in (("measure", measure, sweep.measures), ("split", split.value, sweep.splits)):
        if name not in known:
            raise UnknownNameError(what, name, known, hint=f"in sweep {sweep.name}")
    inside = [p for p in sweep.points if p.pair == pair]
    settings = sorted({name for p in inside for name in p.settings})
    if by is not None and by not in settings:
        raise UnknownNameError("setting", by, settings, hint=f"in sweep {sweep.name}")
    varied = {whole: _varied([p for p in inside if (p.rank is None) == whole]) for whole in (True, False)}
    groups: dict[_Group, dict[tuple[int | None, int], list[float]]] = {}
    for p in inside:
        name = {"output": sweep.layers[-1], "loss": p.loss_layers[-1]}.get(layer, layer)
        if name not in sweep.layers:
            raise UnknownNameError("layer", name, (*sweep.layers, "output", "loss"), hint=f"in sweep {sweep.name}")
        depth = sweep.layers.index(name)
        change = p.curves[split][measure][depth] - sweep.base[pair][split][measure][depth]
        group = _Group(
            p.rank is None,
            sweep.layers.index(p.loss_layers[-1]),
            _label(p, (by,) if by else varied[p.rank is None]),
            name,
        )
        x = p.rank if against == "rank" else p.parameters
        groups.setdefault(group, {}).setdefault((x, p.parameters), []).append(change)
    return [_line(group, points) for group, points in sorted(groups.items())]


def pairs_of(sweeps: Iterable[Sweep]) -> list[tuple[Sweep, str]]:
    """Every sweep with every pair it was run on."""
    return [(sweep, pair) for sweep in sweeps for pair in sweep.base]


def scores_of(sweeps: Sequence[Sweep]) -> tuple[Score, ...]:
    """The score that every one of `sweeps` has, of dev words and then of control words, at the output and the loss layer."""
    shared = [name for name in CHOOSERS if all(name in sweep.measures for sweep in sweeps)]
    splits = [split for split in (Split.DEV, Split.CONTROL) if all(split in sweep.splits for sweep in sweeps)]
    return tuple(
        Score(name, split, layer, score_label(name, split, layer))
        for name in shared[:1]
        for split in splits
        for layer in ("output", "loss")
    )


def score_label(measure: str, split: Split, layer: str) -> str:
    """`Dev P@1 of 50, loss layer`."""
    where = {"loss": "loss layer", "output": "output"}.get(layer, f"layer {layer}")
    return f"{split.value.capitalize()} {get_measure(measure).label}, {where}"


def table_rows(sweep: Sweep, pair: str, scores: Sequence[Score]) -> list[list[str]]:
    """One row for each setting: label, rank, parameters, seeds, and the change of each score with its interval."""
    drawn = [lines(sweep, pair, measure=s.measure, split=s.split, layer=s.layer) for s in scores]
    rows = []
    for same in zip(*drawn, strict=True):
        for points in zip(*(line.points for line in same), strict=True):
            first = points[0]
            sizes = [str(first.x), f"{first.parameters:,}", str(first.gain.seeds)]
            rows.append([same[0].label, *sizes, *(gain_text(point.gain) for point in points)])
        if same[0].level:
            gains = [line.level for line in same if line.level]
            rows.append([same[0].label, "–", f"{same[0].parameters:,}", str(gains[0].seeds), *map(gain_text, gains)])
    return rows


def gain_text(value: Gain) -> str:
    """`+0.185 [+0.170, +0.199]`, without an interval for one seed."""
    interval = f" [{value.ci[0]:+.3f}, {value.ci[1]:+.3f}]" if value.ci else ""
    return f"{value.mean:+.3f}{interval}".replace("-", "−")


class _Group(NamedTuple):
    """What the points of a line share, in the order of a legend: by depth of the loss, full fine-tuning last."""

    whole: bool
    depth: int
    label: str
    layer: str


def _line(group: _Group, points: dict[tuple[int | None, int], list[float]]) -> Line:
    ordered = sorted((x, size, gain(values)) for (x, size), values in points.items() if x is not None)
    flat = [value for (x, _), values in points.items() if x is None for value in values]
    return Line(
        label=group.label,
        layer=group.layer,
        points=tuple(RankPoint(*point) for point in ordered),
        parameters=max(size for _, size in points),
        level=gain(flat) if flat else None,
    )


def _varied(points: Sequence[SweepPoint]) -> tuple[str, ...]:
    """Settings that tell lines apart, other than rank and loss layer, which have their own place."""
    names = dict.fromkeys(name for p in points for name in p.settings if name not in ("rank", "layer"))
    return tuple(name for name in names if len({p.settings.get(name) for p in points}) > 1)


def _label(point: SweepPoint, varied: Sequence[str]) -> str:
    kind = "full fine-tuning, " if point.rank is None else ""
    settings = [f"{name} {point.settings[name]}" for name in varied if name in point.settings]
    return ", ".join([f"{kind}loss at layer {'+'.join(point.loss_layers)}", *settings])
