"""Figures for papers: layer curves, before and after, distributions, rank sweeps and embedding maps; PNG and SVG.

Colours are Okabe and Ito's, told apart by the colour-blind; line styles and markers differ too, for print.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tli_bench.base.errors import InputError, ResultError
from tli_bench.base.files import write_bytes
from tli_bench.base.wording import visible
from tli_bench.config.facts import flags_of
from tli_bench.languages import resolve_pair
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.registry import known_measure, require_comparable, standard_error_of
from tli_bench.measures.roles import DESCRIPTIONS, HEADLINE
from tli_bench.records.columns import Curve, Floats
from tli_bench.records.run_record import RunRecord
from tli_bench.records.scores import BEST
from tli_bench.report.headline import headline_of
from tli_bench.report.scopes import pair_label
from tli_bench.report.sweeps import Line

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_STYLES = {"base": "--", "adapted": "-", "twin": ":"}
_STYLE = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "legend.frameon": False,
    "svg.hashsalt": "tli-bench",
    "svg.fonttype": "path",
    "savefig.dpi": 200,
}


@contextmanager
def figure(
    width: float = 5.5, height: float = 3.4, *, columns: int = 1, shared: bool = False
) -> Iterator[tuple[Any, Any]]:
    """A styled figure and its axes (an array for several columns), drawn without a display and closed at the end.

    shared: panels have the same scales, so that they can be compared by eye.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from tli_bench.report.picture import Picture

    with mpl.rc_context(_STYLE):
        drawn = Picture(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(drawn)
        yield drawn, drawn.subplots(1, columns, sharex=shared, sharey=shared)


def save(drawn: Any, stem: Path, *, endings: Sequence[str] = (".png", ".svg")) -> list[Path]:
    """Write `stem`.png and `stem`.svg, or those of `endings`, the same bytes for the same figure; raises OutputError."""
    import matplotlib as mpl

    paths = [stem.with_name(f"{stem.name}{ending}") for ending in endings]
    with mpl.rc_context(_STYLE):
        for path in paths:
            metadata = {"Software": None} if path.suffix == ".png" else {"Date": None}
            content = BytesIO()
            drawn.savefig(content, format=path.suffix.removeprefix("."), metadata=metadata)
            write_bytes(path, content.getvalue(), alone=True)
    return paths


def layer_curves(record: RunRecord, stem: Path, *, measure: str = HEADLINE, split: Split = Split.CONTROL) -> list[Path]:
    """Write `draw_layer_curves` as PNG and SVG; gives their paths."""
    return save(draw_layer_curves(record, measure=measure, split=split), stem)


def draw_layer_curves(record: RunRecord, *, measure: str = HEADLINE, split: Split = Split.CONTROL) -> Any:
    """One measure by layer, base and adapted, with 95 % bands over words, as a matplotlib figure.

    Bands are mean +- 1.96 standard errors where the record has them by layer (the gap), and Wilson's interval for a share
    of words (P@k, MEXA). Any other measure, the headline too, has bars at the layers whose words the record keeps, the chosen
    ones and the output, by Student's t.
    Raw geometry, which concludes nothing, is drawn next to the headline.
    Raises ResultError for a measure that the record has no curve of, and for raw geometry without a headline.
    """
    shown = [measure]
    if measure in DESCRIPTIONS:
        shown = [headline_of(record, split).name, measure]
    for name in reversed(shown):
        _require_curve(record, split, name, of=measure)
    with figure(5.5 * len(shown), columns=len(shown)) as (drawn, panels):
        for axes, name in zip(np.atleast_1d(panels), shown, strict=True):
            _draw_curve(axes, record, split, name)
        return drawn


def _require_curve(record: RunRecord, split: Split, measure: str, *, of: str) -> None:
    states = record.curves.get(split, {})
    if any(measure in curves for curves in states.values()):
        return
    known = sorted({name for curves in states.values() for name in curves})
    alone = "" if of == measure else f", without which {of}, which only describes raw geometry, is not drawn"
    raise ResultError(f"no curve of {measure!r} on split {split.value}{alone}; there are: {', '.join(known) or 'none'}")


def _draw_curve(axes: Any, record: RunRecord, split: Split, measure: str) -> None:
    layers, intervals = record.signature.layers, ""
    for i, (state, curves) in enumerate(record.curves[split].items()):
        if measure not in curves:
            continue
        values = np.array([math.nan if v is None else v for v in curves[measure]])
        style = {"color": COLOURS[i], "marker": "osD"[i], "ms": 4}
        axes.plot(range(len(layers)), values, _STYLES[state], label=_name(record, state), **style)
        ends = _band(curves, measure, values, record.signature.n.get(split.value, 0))
        if ends is not None:
            intervals = "shaded: 95 % over words"
            axes.fill_between(range(len(layers)), *ends, color=COLOURS[i], alpha=0.2, lw=0)
        elif _bars(axes, record, split, state, measure, COLOURS[i]):
            intervals = "bars: 95 % over words"
    if intervals:
        axes.plot([], [], color="none", label=intervals)
    axes.set_xticks(*_ticks(layers))
    axes.set_xlabel("layer")
    axes.set_ylabel(_axis(measure))
    axes.set_title(_title(record, split), fontsize=9)
    axes.legend()


def before_after(
    record: RunRecord, stem: Path, *, quantity_name: str = HEADLINE, split: Split = Split.CONTROL
) -> list[Path]:
    """Each word before and after the adapter at the adapted state's best layer, with the means.

    Raw geometry has the headline in its title.
    """
    require_comparable(quantity_name)
    before, after = _both(record, split, quantity_name)
    with figure(4.2, 4.6) as (drawn, axes):
        axes.scatter(before, after, s=12, color=COLOURS[0], alpha=0.6, edgecolors="none", label=f"{len(before)} words")
        ends = [float(np.nanmin([before, after])), float(np.nanmax([before, after]))]
        axes.plot(ends, ends, ":", color="black", lw=1, label="no change")
        mean = {"color": COLOURS[1], "markeredgecolor": "black", "ms": 8}
        axes.plot(np.nanmean(before), np.nanmean(after), "D", label="mean", **mean)
        axes.set_xlabel(f"{_axis(quantity_name)}, base")
        axes.set_ylabel(f"{_axis(quantity_name)}, adapted")
        layer = record.best_layer["adapted"]
        told = f"; {_headline(record, split, layer, 'base', 'adapted')}" if quantity_name in DESCRIPTIONS else ""
        axes.set_title(f"{_title(record, split)}\nlayer {layer}, both states{told}", fontsize=9)
        drawn.legend(loc="outside lower center", ncols=3)
        return save(drawn, stem)


def distributions(record: RunRecord, stem: Path, *, split: Split = Split.CONTROL) -> list[Path]:
    """Matched against mismatched cosine of the words, one panel per state, at each state's best layer, with its headline."""
    states = [s for s in ("base", "adapted") if s in record.best_layer]
    right = {s: _scored(record, "cosine", split, s) for s in states}
    wrong = {s: _scored(record, "mismatched", split, s) for s in states}
    for state in states:
        if not len(wrong[state]):
            raise ResultError(f"no per-word values of {split.value}/{state} to draw")
    lowest = min(min(wrong[s].min(), right[s].min()) for s in states)
    bins = np.linspace(lowest, 1, 40)
    with figure(3.2 * len(states) + 1, 3.2, columns=len(states), shared=True) as (drawn, panels):
        for axes, state in zip(np.atleast_1d(panels), states, strict=True):
            style = {"edgecolor": "black", "lw": 0.4, "alpha": 0.6}
            axes.hist(wrong[state], bins, color=COLOURS[1], hatch="///", label="mismatched, mean of each word", **style)
            axes.hist(right[state], bins, color=COLOURS[5], label="matched", **style)
            axes.set_xlabel("cosine")
            layer = record.best_layer[state]
            told = _headline(record, split, layer, state)
            role = "chosen on dev" if record.chosen_on_dev(state) else "the last; no dev words chose one"
            axes.set_title(f"{_name(record, state)}, layer {layer} ({role})\n{told}", fontsize=9)
        np.atleast_1d(panels)[0].set_ylabel("words")
        drawn.legend(*np.atleast_1d(panels)[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
        drawn.suptitle(_title(record, split), fontsize=9)
        return save(drawn, stem)


def sweep(found: Sequence[Line], stem: Path, *, title: str, score: str, against: str = "rank") -> list[Path]:
    """Change of a score by LoRA rank or trainable parameters, one line per setting; raises ResultError without points.

    score: what changes, for the axis. against: `rank` or `parameters`. Full fine-tuning has no rank: a level line.
    Lines are moved aside a little, so that intervals at one place are all seen; the axis says so.
    """
    if not any(line.points or line.level for line in found):
        raise ResultError("no points to draw; `tli-bench sweep` makes some")
    many = sum(bool(line.points) for line in found)
    with figure(5.5, 3.8) as (drawn, axes):
        for i, line in enumerate(found):
            aside = 1.06 ** (i - (many - 1) / 2) if many > 1 else 1.0
            style = {"color": COLOURS[i % len(COLOURS)], "ls": ("-", "--", ":", "-.")[i % 4]}
            label = visible(line.label, limit=60)
            if line.level:
                axes.axhline(line.level.mean, lw=1.2, label=label, **style)
                axes.axhspan(*(line.level.ci or (line.level.mean,) * 2), color=style["color"], alpha=0.12, lw=0)
            if line.points:
                gains = np.array([p.gain.mean for p in line.points])
                ends = np.array([p.gain.ci or (p.gain.mean,) * 2 for p in line.points])
                marks = {"marker": "osD^v*X"[i % 7], "ms": 5, "capsize": 3}
                axes.errorbar(
                    [aside * p.x for p in line.points], gains, np.abs(ends.T - gains), label=label, **style, **marks
                )
        places = sorted({p.x for line in found for p in line.points})
        axes.axhline(0, color="black", lw=0.8)
        axes.set_xscale("log", base=2 if against == "rank" else 10)
        if against == "rank":
            axes.set_xticks(places, [str(x) for x in places])
            axes.minorticks_off()
        place = "LoRA rank" if against == "rank" else "trainable parameters"
        axes.set_xlabel(f"{place}, lines moved aside" if many > 1 else place)
        axes.set_ylabel(f"change of {score} from the base")
        seeds = sorted({p.gain.seeds for line in found for p in line.points})
        about = (
            f"bars: 95 % over {'-'.join(map(str, seeds[:1] + seeds[1:][-1:]))} seeds" if seeds != [1] else "one seed"
        )
        axes.set_title(f"{visible(title)}\n{about}", fontsize=9, parse_math=False)
        drawn.legend(loc="outside lower center", ncols=2)
        return save(drawn, stem)


def embedding_map(
    states: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]],
    stem: Path,
    *,
    pair: str,
    method: str = "pca",
    title: str = "",
    seed: int = 0,
) -> list[Path]:
    """Words of two languages in the plane, a line between translations; one panel per state.

    states: by name, source and target vectors `[words, dim]`, L2-normalised here. method: `pca` (one projection fitted
    on all states, so panels share their axes) or `tsne` (each panel has a layout of its own: distances between panels mean nothing).
    """
    if method not in ("pca", "tsne"):
        raise InputError(f"unknown method {method!r}; choose pca or tsne")
    stacked = {name: _unit(np.concatenate(both)) for name, both in states.items()}
    flat, parts = (
        _project(np.concatenate(list(stacked.values()))) if method == "pca" else (np.empty((0, 2)), (0.0, 0.0))
    )
    labels = [
        f"component {i}, {part:.0%} of variance" if method == "pca" else f"t-SNE {i}" for i, part in enumerate(parts, 1)
    ]
    names = [language.name for language in resolve_pair(pair)]
    with figure(3.6 * len(states) + 0.6, 4.1, columns=len(states), shared=method == "pca") as (drawn, panels):
        start = 0
        for axes, (name, vectors) in zip(np.atleast_1d(panels), stacked.items(), strict=True):
            points = flat[start : start + len(vectors)] if method == "pca" else _tsne(vectors, seed)
            start, half = start + len(vectors), len(vectors) // 2
            for a, b in zip(points[:half], points[half:], strict=True):
                axes.plot([a[0], b[0]], [a[1], b[1]], color="#999999", lw=0.5, zorder=1)
            axes.scatter(*points[:half].T, s=12, color=COLOURS[0], marker="o", label=names[0], zorder=2)
            axes.scatter(*points[half:].T, s=14, color=COLOURS[1], marker="^", label=names[1], zorder=2)
            axes.set_title(name, fontsize=9, parse_math=False)
            axes.set_xlabel(labels[0])
        first = np.atleast_1d(panels)[0]
        first.set_ylabel(labels[1])
        drawn.legend(*first.get_legend_handles_labels(), loc="outside lower center", ncols=2)
        drawn.suptitle("\n".join(visible(line) for line in title.splitlines()), fontsize=9, parse_math=False)
        return save(drawn, stem)


def _project(vectors: NDArray[np.float64]) -> tuple[NDArray[np.float64], tuple[float, float]]:
    """The plane of the first two principal components `[n, 2]`, and their shares of the variance."""
    centred = vectors - vectors.mean(axis=0)
    _, sizes, axes = np.linalg.svd(centred, full_matrices=False)
    shares = sizes**2 / (sizes**2).sum()
    # The sign of a component is arbitrary: its largest loading is made positive, so that a figure is reproducible.
    signs = np.sign(axes[np.arange(2), np.abs(axes[:2]).argmax(axis=1)])
    return np.asarray(centred @ axes[:2].T * signs), (float(shares[0]), float(shares[1]))


def _tsne(vectors: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    from sklearn.manifold import TSNE  # type: ignore[import-untyped]

    perplexity = min(30.0, (len(vectors) - 1) / 3)
    return np.asarray(TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(vectors))


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.isfinite(norms).all() or (norms == 0).any():
        raise ResultError("a vector is zero or not finite and has no place on a map")
    return np.asarray(vectors / norms)


def _band(
    curves: dict[str, Curve], measure: str, values: NDArray[np.float64], n: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """95 % band of a curve at every layer, from what the record says of every layer; None where it says too little."""
    known = known_measure(measure)
    error = standard_error_of(known) if known else None
    if error and error.name in curves:
        half = 1.96 * np.array([math.nan if v is None else v for v in curves[error.name]])
        return values - half, values + half
    if known and known.share and n:
        # Wilson (1927). Both directions of a word count as one draw: too wide rather than too narrow.
        z = 1.96
        middle, half = values + z * z / (2 * n), z * np.sqrt(values * (1 - values) / n + z * z / (4 * n * n))
        return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)
    return None


def _bars(axes: Any, record: RunRecord, split: Split, state: str, measure: str, colour: str) -> bool:
    """Draw the intervals where what they are computed from was kept; whether there were any."""
    drawn = False
    for depth, layer in enumerate(record.signature.layers):
        found = record.estimate(measure, split, state, layer)
        if found is not None and found.low is not None and found.high is not None:
            ends = [[found.value - found.low], [found.high - found.value]]
            axes.errorbar([depth], [found.value], ends, color=colour, capsize=4)
            drawn = True
    return drawn


def _scored(record: RunRecord, measure: str, split: Split, state: str, layer: str = BEST) -> Floats:
    """Values of the words that have one; none where no column was kept."""
    column = record.column(measure, split, state, layer)
    return np.empty(0) if column is None else column[~np.isnan(column)]


def _both(record: RunRecord, split: Split, measure: str) -> tuple[Floats, Floats]:
    """Values of the words before and after the adapter, at the adapted state's best layer."""
    if "adapted" not in record.best_layer:
        raise ResultError("the record has no adapted state; before and after need a run with an adapter")
    layer = record.layer(BEST, "adapted")
    before, after = (record.column(measure, split, state, layer) for state in ("base", "adapted"))
    if before is None or after is None:
        raise ResultError(f"no per-word values of both states on split {split.value}, layer {layer}")
    scored = ~np.isnan(before) & ~np.isnan(after)
    return before[scored], after[scored]


def _headline(record: RunRecord, split: Split, layer: str, *states: str) -> str:
    """The headline at a layer, of one state or from one to the next: what raw geometry does not stand without."""
    measure = headline_of(record, split)
    values = [record.value(measure.name, split, state, layer) for state in states]
    return f"{measure.label} {' → '.join(map(measure.shown, values))}"


def _axis(measure: str) -> str:
    """What an axis calls a measure; one of a package that is not installed here goes by its name."""
    known = known_measure(measure)
    return (known.axis or known.label) if known else measure


def _ticks(layers: Sequence[str]) -> tuple[list[int], list[str]]:
    step = max(1, math.ceil(len(layers) / 12))
    places = list(range(0, len(layers), step))
    return places, [layers[i] for i in places]


def _name(record: RunRecord, state: str) -> str:
    """What a reader calls a state: a fully fine-tuned model, which has no adapter, is not a base."""
    signature = record.signature
    return "fully fine-tuned" if state == "base" and signature.training and not signature.adapter else state


def _title(record: RunRecord, split: Split) -> str:
    signature = record.signature
    who = visible(signature.model, limit=50) + (
        f" + {visible(signature.adapter.name, limit=30)}" if signature.adapter else ""
    )
    # `$` would open mathematics in matplotlib.
    text = f"{who}\n{pair_label(record.pair)}, {split.value} words (n={signature.n.get(split.value, 0)}), {signature.protocol}"
    flags = flags_of(signature)
    text += f"\n[{visible(', '.join(flags), limit=80)}]" if flags else ""
    return text.replace("$", r"\$")
