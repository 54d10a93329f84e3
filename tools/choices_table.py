"""The table of docs/training.md that says how the recipes for the embedded model were chosen, from the sweeps in adapters/choices."""

from pathlib import Path

import yaml

from tli_bench.lexicon.pairs import Split
from tli_bench.report.sweeps import Sweep, load_sweep

CHOICES = Path(__file__).resolve().parent.parent / "adapters" / "choices"
SWEEPS = ("tli", "tli-retention", "tli-modules", "tli-early")
AGAIN = "1.0.0"
"""Lexicon, and folder, of the same sweeps made again."""


def choices_table() -> str:
    """One line for each setting of each sweep, the best first: as they chose the recipe, and as they came out on today's words."""
    lines = [
        f"| sweep | setting | on 0.1.0, where it chose | ordinary text | on {AGAIN} | ordinary text |",
        "|---|---|---|---:|---|---:|",
    ]
    for name in SWEEPS:
        output = yaml.safe_load((CHOICES / f"{name}.yaml").read_text(encoding="utf-8"))["layer"] == "output"
        chose, again = (
            _scores(load_sweep(folder / f"{name}.json"), output=output) for folder in (CHOICES, CHOICES / AGAIN)
        )
        for said in sorted(chose, key=lambda said: chose[said][0], reverse=True):
            lines.append(f"| `{name}` | {said} | {' | '.join(text for _, text in (chose[said], again[said]))} |")
    return "\n".join(lines)


def _scores(sweep: Sweep, *, output: bool) -> dict[str, tuple[float, str]]:
    """By setting, the score of the dev words after training, and cells: before and after, and the rise of ordinary text's perplexity.

    output: read there, else at the loss layer.
    """
    varied = [name for name in sweep.points[0].settings if len({p.settings.get(name) for p in sweep.points}) > 1]
    found = {}
    for point in sweep.points:
        depth = sweep.layers.index(sweep.layers[-1] if output else point.loss_layers[0])
        before, after = (curves[Split.DEV][sweep.score][depth] for curves in (sweep.base[point.pair], point.curves))
        assert before is not None
        assert after is not None
        said = ", ".join(f"{name} {point.settings[name]}" for name in varied)
        text = "–" if point.text is None else f"{point.text:+.1%}".replace("%", " %")
        found[said] = (after, f"{before:.3f} → {after:.3f} | {text}")
    return found
