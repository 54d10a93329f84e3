"""All formats of a leaderboard into one folder."""

from pathlib import Path

from tli_bench.base.collection import collection_paused
from tli_bench.records import write_text
from tli_bench.report.render_csv import render_csv, render_reported_csv, render_sweeps_csv, render_trainings_csv
from tli_bench.report.render_html import render_html
from tli_bench.report.render_latex import render_latex
from tli_bench.report.render_md import render_markdown
from tli_bench.report.table import Leaderboard

RENDERERS = {
    "leaderboard.md": render_markdown,
    "leaderboard.csv": render_csv,
    "trainings.csv": render_trainings_csv,
    "sweeps.csv": render_sweeps_csv,
    "reported.csv": render_reported_csv,
    "leaderboard.tex": render_latex,
    "index.html": render_html,
}


@collection_paused()
def write_all(leaderboard: Leaderboard, folder: Path) -> list[Path]:
    """Write every format atomically and give the paths; raises OutputError."""
    paths = []
    for name, render in RENDERERS.items():
        write_text(folder / name, render(leaderboard))
        paths.append(folder / name)
    return paths
