"""The table of docs/training.md that says how the recipes for the embedded model were chosen, from the sweeps in adapters/choices."""

from collections.abc import Iterator
from pathlib import Path

import yaml

from tli_bench.lexicon.pairs import Split
from tli_bench.report.sweeps import Sweep, SweepPoint, load_sweep

CHOICES = Path(__file__).resolve().parent.parent / "adapters" / "choices"
SWEEPS = ("tli", "tli-retention", "tli-modules", "tli-early")


def choices_table() -> str:
    """One line for each setting of each sweep, the best first."""
    lines = [
        "| sweep | setting | dev P@1 of 50, base → trained | ordinary text |",
        "|---|---|---|---:|",
    ]
    for name in SWEEPS:
        found = load_sweep(CHOICES / f"{name}.json")
        output = yaml.safe_load((CHOICES / f"{name}.yaml").read_text(encoding="utf-8"))["layer"] == "output"
        rows = sorted(_rows(found, output=output), reverse=True)
        lines += [f"| `{name}` | {said} | {before:.3f} → {after:.3f} | {text} |" for after, before, said, text in rows]
    return "\n".join(lines)


def _rows(sweep: Sweep, *, output: bool) -> Iterator[tuple[float, float, str, str]]:
    """Score after and before, setting, and rise of the perplexity of ordinary text. output: read there, else at the loss layer."""
    varied = [name for name in sweep.points[0].settings if len({p.settings.get(name) for p in sweep.points}) > 1]
    for point in sweep.points:
        depth = sweep.layers.index(sweep.layers[-1] if output else point.loss_layers[0])
        before, after = (curves[Split.DEV][sweep.score][depth] for curves in (sweep.base[point.pair], point.curves))
        if before is not None and after is not None:
            yield (
                after,
                before,
                _setting(point, varied),
                "–" if point.text is None else f"{point.text:+.1%}".replace("%", " %"),
            )


def _setting(point: SweepPoint, varied: list[str]) -> str:
    return ", ".join(f"{name} {point.settings[name]}" for name in varied)
