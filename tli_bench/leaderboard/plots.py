"""Figures for papers: layer curves, before and after, distributions, rank sweeps and embedding maps; PNG and SVG.

Colours are Okabe and Ito's, told apart by the colour-blind; line styles and markers differ too, for print.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tli_bench.errors import InputError, OutputError, ResultError
from tli_bench.languages import resolve_pair
from tli_bench.leaderboard.scopes import pair_label
from tli_bench.results.arithmetic import quantity
from tli_bench.results.wording import visible
from tli_bench.schema import RunRecord, Split
from tli_bench.stats import bootstrap_ci

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_STYLES = {"base": "--", "adapted": "-"}
_LABELS = {
    "gap": "matched − mismatched cosine",
    "p1": "P@1",
    "cosine": "cosine",
    "mrr": "MRR",
    "csls_p1": "P@1 (CSLS)",
    "mexa": "MEXA",
}
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
def figure(width: float = 5.5, height: float = 3.4, *, columns: int = 1) -> Iterator[tuple[Any, Any]]:
    """A styled figure and its axes (an array for several columns), drawn without a display and closed at the end."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE):
        drawn = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(drawn)
        yield drawn, drawn.subplots(1, columns)


def save(drawn: Any, stem: Path) -> list[Path]:
    """Write `stem`.png and `stem`.svg, the same bytes for the same figure; raises OutputError."""
    paths = [stem.with_name(f"{stem.name}{ending}") for ending in (".png", ".svg")]
    try:
        stem.parent.mkdir(parents=True, exist_ok=True)
        for path in paths:
            metadata = {"Software": None} if path.suffix == ".png" else {"Date": None}
            drawn.savefig(path, metadata=metadata)
    except OSError as err:
        raise OutputError(f"cannot write {stem}: {err.strerror or err}; choose another --out") from err
    return paths


def layer_curves(record: RunRecord, stem: Path, *, measure: str = "gap", split: Split = Split.CONTROL) -> list[Path]:
    """One measure by layer, base and adapted; a bar shows the 95 % interval over words where they were kept.

    Records keep per-word values at the chosen layers and the output only, so only those layers can have an interval.
    """
    states = record.curves.get(split, {})
    if not any(measure in curves for curves in states.values()):
        known = sorted({name for curves in states.values() for name in curves})
        raise ResultError(f"no curve of {measure!r} on split {split.value}; there are: {', '.join(known) or 'none'}")
    layers = record.signature.layers
    with figure() as (drawn, axes):
        for i, (state, curves) in enumerate(states.items()):
            if measure not in curves:
                continue
            values = [math.nan if v is None else v for v in curves[measure]]
            axes.plot(range(len(layers)), values, _STYLES[state], color=COLOURS[i], marker="os"[i], ms=3, label=state)
            _intervals(axes, record, split, state, measure, (COLOURS[i], 0.16 * i))
        axes.set_xticks(*_ticks(layers))
        axes.set_xlabel("layer")
        axes.set_ylabel(_LABELS.get(measure, measure))
        axes.set_title(_title(record, split), fontsize=9)
        axes.legend()
        return save(drawn, stem)


def before_after(
    record: RunRecord, stem: Path, *, quantity_name: str = "gap", split: Split = Split.CONTROL
) -> list[Path]:
    """Each word before and after the adapter at the adapted state's best layer, with the means."""
    pairs = _both(record, split)
    before = np.array([quantity(b, quantity_name) for b, _ in pairs], dtype=float)
    after = np.array([quantity(a, quantity_name) for _, a in pairs], dtype=float)
    with figure(4.2, 4.0) as (drawn, axes):
        axes.scatter(before, after, s=12, color=COLOURS[0], alpha=0.6, edgecolors="none", label=f"{len(pairs)} words")
        ends = [float(np.nanmin([before, after])), float(np.nanmax([before, after]))]
        axes.plot(ends, ends, ":", color="black", lw=1, label="no change")
        axes.plot(np.nanmean(before), np.nanmean(after), "D", color=COLOURS[1], ms=8, label="mean")
        axes.set_xlabel(f"{_LABELS[quantity_name]}, base")
        axes.set_ylabel(f"{_LABELS[quantity_name]}, adapted")
        axes.set_title(_title(record, split), fontsize=9)
        axes.legend(loc="upper left")
        return save(drawn, stem)


def distributions(record: RunRecord, stem: Path, *, split: Split = Split.CONTROL) -> list[Path]:
    """Matched against mismatched cosine of the words, one panel a state, at each state's best layer."""
    states = [s for s in ("base", "adapted") if s in record.best_layer]
    with figure(3.2 * len(states) + 1, 3.2, columns=len(states)) as (drawn, panels):
        for axes, state in zip(np.atleast_1d(panels), states, strict=True):
            rows = [v for v in record.values if (v.split, v.state, v.layer) == (split, state, record.best_layer[state])]
            wrong = [v.mismatched for v in rows if v.mismatched is not None]
            if not rows or not wrong:
                raise ResultError(f"no per-word values of {split.value}/{state} to draw")
            bins = np.linspace(min(min(wrong), min(v.cosine for v in rows)), 1, 30)
            axes.hist(wrong, bins, color=COLOURS[1], alpha=0.6, hatch="//", label="mismatched (mean a word)")
            axes.hist([v.cosine for v in rows], bins, color=COLOURS[0], alpha=0.6, label="matched")
            axes.set_xlabel("cosine")
            axes.set_title(f"{state}, layer {record.best_layer[state]}", fontsize=9)
        np.atleast_1d(panels)[0].set_ylabel("words")
        drawn.legend(*np.atleast_1d(panels)[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
        drawn.suptitle(_title(record, split), fontsize=9)
        return save(drawn, stem)


@dataclass(frozen=True, slots=True)
class SweepPoint:
    """One setting of a sweep: trainable parameters, gain in control gap with its interval, and the curve it lies on."""

    group: str
    parameters: int
    gain: float
    ci: tuple[float, float] | None
    label: str = ""


def sweep(points: Sequence[SweepPoint], stem: Path, *, title: str = "") -> list[Path]:
    """Gain against trainable parameters, one line a group; raises ResultError without points."""
    if not points:
        raise ResultError("no points to draw; `tli-bench sweep` makes some")
    with figure() as (drawn, axes):
        for i, group in enumerate(sorted({p.group for p in points})):
            inside = sorted((p for p in points if p.group == group), key=lambda p: p.parameters)
            gains = np.array([p.gain for p in inside])
            ends = np.array([p.ci or (p.gain, p.gain) for p in inside])
            bars = np.abs(ends.T - gains)
            style = {"color": COLOURS[i % len(COLOURS)], "marker": "osD^v*X"[i % 7], "ms": 5, "capsize": 3}
            axes.errorbar([p.parameters for p in inside], gains, yerr=bars, label=visible(group, limit=40), **style)
            for point, gain in zip(inside, gains, strict=True):
                if point.label:
                    axes.annotate(
                        visible(point.label, limit=12),
                        (point.parameters, gain),
                        xytext=(4, 4),
                        textcoords="offset points",
                        fontsize=7,
                    )
        axes.axhline(0, color="black", lw=0.8)
        axes.set_xscale("log")
        axes.set_xlabel("trainable parameters")
        axes.set_ylabel("gain in control gap")
        axes.set_title(visible(title), fontsize=9, parse_math=False)
        axes.legend()
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
    """Words of two languages in the plane, a line between translations; one panel a state.

    states: by name, source and target vectors `[words, dim]`, L2-normalised here. method: `pca` (one projection fitted
    on all states, so panels share their axes) or `tsne` (a layout of its own a panel: distances between panels mean nothing).
    """
    if method not in ("pca", "tsne"):
        raise InputError(f"unknown method {method!r}; choose pca or tsne")
    stacked = {name: _unit(np.concatenate(both)) for name, both in states.items()}
    flat = _project(np.concatenate(list(stacked.values()))) if method == "pca" else np.empty((0, 2))
    names = [language.name for language in resolve_pair(pair)]
    with figure(3.6 * len(states) + 0.6, 3.8, columns=len(states)) as (drawn, panels):
        start = 0
        for axes, (name, vectors) in zip(np.atleast_1d(panels), stacked.items(), strict=True):
            points = flat[start : start + len(vectors)] if method == "pca" else _tsne(vectors, seed)
            start, half = start + len(vectors), len(vectors) // 2
            for a, b in zip(points[:half], points[half:], strict=True):
                axes.plot([a[0], b[0]], [a[1], b[1]], color="#999999", lw=0.5, zorder=1)
            axes.scatter(*points[:half].T, s=12, color=COLOURS[0], marker="o", label=names[0], zorder=2)
            axes.scatter(*points[half:].T, s=14, color=COLOURS[1], marker="^", label=names[1], zorder=2)
            axes.set_title(name, fontsize=9, parse_math=False)
            axes.set_xlabel("component 1" if method == "pca" else "t-SNE 1")
        np.atleast_1d(panels)[0].set_ylabel("component 2" if method == "pca" else "t-SNE 2")
        np.atleast_1d(panels)[0].legend()
        drawn.suptitle(visible(title), fontsize=9, parse_math=False)
        return save(drawn, stem)


def _project(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = vectors - vectors.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    # The sign of a component is arbitrary: its largest loading is made positive, so that a figure can be made again.
    signs = np.sign(axes[np.arange(2), np.abs(axes[:2]).argmax(axis=1)])
    return np.asarray(centred @ axes[:2].T * signs)


def _tsne(vectors: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    from sklearn.manifold import TSNE  # type: ignore[import-untyped]

    perplexity = min(30.0, (len(vectors) - 1) / 3)
    return np.asarray(TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(vectors))


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.isfinite(norms).all() or (norms == 0).any():
        raise ResultError("a vector is zero or not finite and has no place on a map")
    return np.asarray(vectors / norms)


def _intervals(axes: Any, record: RunRecord, split: Split, state: str, measure: str, look: tuple[str, float]) -> None:
    colour, shift = look
    if measure not in ("gap", "p1", "cosine", "mismatched"):
        return
    for depth, layer in enumerate(record.signature.layers):
        rows = [v for v in record.values if (v.split, v.state, v.layer) == (split, state, layer)]
        values = [x for v in rows if (x := quantity(v, measure)) is not None]
        if len(values) > 1:
            low, high = bootstrap_ci(values, seed=record.signature.seed)
            axes.fill_between([depth + shift - 0.12, depth + shift + 0.12], low, high, color=colour, alpha=0.25, lw=0)
            axes.errorbar(
                [depth + shift],
                [np.mean(values)],
                [[np.mean(values) - low], [high - np.mean(values)]],
                color=colour,
                capsize=3,
            )


def _both(record: RunRecord, split: Split) -> list[tuple[Any, Any]]:
    if "adapted" not in record.best_layer:
        raise ResultError("the record has no adapted state; before and after need a run with an adapter")
    layer = record.best_layer["adapted"]
    rows = [v for v in record.values if v.split is split and v.layer == layer and v.mismatched is not None]
    after = {v.concept: v for v in rows if v.state == "adapted"}
    found = [(v, after[v.concept]) for v in rows if v.state == "base" and v.concept in after]
    if not found:
        raise ResultError(f"no per-word values of both states on split {split.value}, layer {layer}")
    return found


def _ticks(layers: Sequence[str]) -> tuple[list[int], list[str]]:
    step = max(1, math.ceil(len(layers) / 12))
    places = list(range(0, len(layers), step))
    return places, [layers[i] for i in places]


def _title(record: RunRecord, split: Split) -> str:
    signature = record.signature
    who = visible(signature.model, limit=50) + (
        f" + {visible(signature.adapter.name, limit=30)}" if signature.adapter else ""
    )
    # `$` would open mathematics in matplotlib.
    text = f"{who}\n{pair_label(record.pair)}, {split.value} words (n={signature.n.get(split.value, 0)}), {signature.protocol}"
    return text.replace("$", r"\$")
