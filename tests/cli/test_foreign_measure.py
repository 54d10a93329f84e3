"""Measures of another package, by entry point and by import, appear wherever ours do; one needs more than vectors."""

import csv
import json
import re

import pytest

import tli_bench
from tests.command import in_a_process as command
from tests.probe import probe, write_package
from tli_bench.evaluate.changes import gather
from tli_bench.measures import get_measure, register_measure
from tli_bench.measures.registry import MEASURES
from tli_bench.records.arithmetic import recompute
from tli_bench.report.plots import draw_layer_curves
from tli_bench.report.table import build
from tli_bench.report.write import RENDERERS
from tools.docs_tables import with_tables

NAMES = ("probe_squared", "probe_tokens")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The package on the path of every command, and the folder and output of a run with it."""
    package, out = write_package(tmp_path_factory.mktemp("package")), tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(package), prepend=":")
        patch.setenv("COLUMNS", "200")
        cheap = ("--limit", "60", "--placebo", "0", "--no-confirm", "--twin", "none")
        yield out, command("run", "--pairs", "swh-eng", *cheap, "--output", out)


def test_a_run_shows_it_and_hands_it_to_lm_eval(installed):
    out, printed = installed
    header = next(line for line in printed.splitlines() if line.split()[:2] == ["layer", "words"])
    assert re.search(r"P@1 of \d+ +change \[95 % CI\].*MEXA +squared cosine +tokens", header)
    # Tokens are the same before and after, in one digit; the summary of curves draws what is summed up.
    assert re.search(r"(\d\.\d) → \1", printed)
    assert re.search(r"squared cosine [▁-█]{8}  layers 0\.\.6", printed)
    (path,) = out.glob("results_*.json")
    told = json.loads(path.read_text(encoding="utf-8"))
    (values,), (better,) = told["results"].values(), told["higher_is_better"].values()
    for metric in ("", "_stderr", "_output", "_base", "_change", "_L00", "_L06"):
        assert isinstance(values[f"control_probe_squared{metric},none"], float)
    assert better["control_probe_squared"] is better["control_probe_squared_L06"] is True
    assert better["trained_probe_tokens"] is False
    assert values["control_probe_tokens,none"] == values["control_probe_tokens_base,none"] >= 2
    assert "control_probe_tokens_L00,none" not in values  # a curve only where its places say so


@pytest.mark.slow
def test_every_command_knows_it(installed, tmp_path):
    out = installed[0]
    assert "1 valid, 0 invalid" in command("results", "validate", out)
    assert re.search(r"squared cosine \+0\.\d+", command("results", "ls", out))
    for name in NAMES:
        assert "on control words" in command("compare", f"{out}@base", f"{out}@adapted", "--quantity", name)
        assert "Does alignment matter downstream?" in command("explain", out, "--measure", name)
        drawn = command("plot", "curves", out, "--measure", name, "--out", tmp_path)
        assert f"curves-{name}.svg" in drawn
    assert "unknown measure 'probe_sqared'" in command("explain", out, "--measure", "probe_sqared", code=2)
    assert re.search(r"^probe_tokens +tokens +lower +2 to ∞ +.*\(needs tokens\)", command("ls", "measures"), re.M)


def test_boards_have_its_column_in_every_format(installed, tmp_path):
    command("leaderboard", installed[0], "--out", tmp_path)
    with (tmp_path / "leaderboard.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(0 < float(row["probe_squared"]) < 1 for row in rows if row["scope_kind"] == "pair")
    assert "| Squared cosine | Tokens |" in (tmp_path / "leaderboard.md").read_text(encoding="utf-8")
    assert "& Squared cosine & Tokens" in (tmp_path / "leaderboard.tex").read_text(encoding="utf-8")
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert re.search('<dt>Squared cosine</dt><dd id="[^"]+">Squared cosine of translations.</dd>', page)
    assert '"id":"probe_tokens","label":"Tokens"' in page


def test_without_the_package_its_records_are_still_read(installed, monkeypatch):
    monkeypatch.delenv("PYTHONPATH")
    said = command("results", "validate", installed[0])
    assert "1 valid, 0 invalid" in said
    assert "probe_squared" in said  # a note that it was not computed again


@pytest.fixture
def imported():
    """The measures registered from Python."""
    for measure in probe():
        register_measure(measure)
    yield [get_measure(name) for name in NAMES]
    for name in NAMES:
        MEASURES.remove(name)


def test_from_python_it_is_in_reports_comparisons_plots_boards_and_docs(imported):
    report = tli_bench.score("tiny", adapter="default", pairs="swh-eng", limit=60)
    (record,) = report.records
    assert "squared cosine" in str(report.table())
    assert set(NAMES) <= set(report.to_pandas()["measure"])
    compared = tli_bench.compare(report.base, report.adapted, quantity="probe_squared", layer="output").rows[0]
    assert compared.n == 20
    assert compared.difference == pytest.approx(compared.value_b - compared.value_a)
    assert list(recompute(record)) == []
    wrong = record.model_copy(deep=True)
    curve = wrong.curves[record.split]["adapted"]["probe_tokens"]
    curve[-1] += 1
    assert any("probe_tokens is given as" in line for line in recompute(wrong))
    assert gather([record], "probe_tokens").gains
    assert draw_layer_curves(record, measure="probe_squared").axes[0].get_ylabel() == "squared cosine"
    board = build([record])
    for name, render in RENDERERS.items():
        if name.startswith("leaderboard") or name == "index.html":
            assert "squared cosine" in render(board).lower() or "probe_squared" in render(board), name
    page = with_tables("<!-- table: measures, written by make docs-tables -->\n<!-- end of table -->")
    assert "| `probe_squared` | squared cosine | Squared cosine of translations. | higher | 0 to 1 | vectors |" in page
