"""Figures: written as PNG and SVG, the same each time, with the labels that make them readable."""

import numpy as np
import pytest
from scipy import stats as sps

from tests.report import cases
from tests.support import scored_record
from tli_bench.base.errors import InputError, ResultError
from tli_bench.models.identity import AdapterRef
from tli_bench.report import plots
from tli_bench.report.sweeps import lines

ADAPTER = AdapterRef(name="a$b", sha256="a" * 64)


@pytest.fixture(scope="module")
def record():
    return scored_record(
        adapter=ADAPTER, scores=(0.3, 0.5, 0.4) * 8, base_scores=(0.1, 0.2, 0.3) * 8, model="org/$x_{y}"
    )


def drawn(monkeypatch, act):
    """The axes of the figure that `act` saves."""
    found = []
    monkeypatch.setattr(plots, "save", lambda figure, stem: found.append(figure) or [])
    act()
    return found[0].axes


def test_curves_show_both_states_and_intervals(monkeypatch, record, tmp_path):
    (axes,) = drawn(monkeypatch, lambda: plots.layer_curves(record, tmp_path / "x"))
    lines = {
        line.get_label(): list(line.get_ydata()) for line in axes.get_lines() if not line.get_label().startswith("_")
    }
    assert lines["base"] == pytest.approx([0.0, 0.2])
    assert lines["adapted"] == pytest.approx([0.0, 0.4])
    assert axes.get_xlabel() == "layer"
    assert axes.get_ylabel() == "P@1 among 50, centred"
    assert "control words (n=24)" in axes.get_title()


def test_a_twin_has_a_curve_of_its_own(monkeypatch, record, tmp_path):
    curves = {split: states | {"twin": states["base"]} for split, states in record.curves.items()}
    (axes,) = drawn(
        monkeypatch, lambda: plots.layer_curves(record.model_copy(update={"curves": curves}), tmp_path / "x")
    )
    assert {"base", "adapted", "twin"} <= set(axes.get_legend_handles_labels()[1])


def test_the_gap_has_a_band_at_every_layer(monkeypatch, record, tmp_path):
    """Half a width of 1.96 standard errors at layer 1, and none where nothing varies."""
    headline, axes = drawn(monkeypatch, lambda: plots.layer_curves(record, tmp_path / "x", measure="gap"))
    assert headline.get_ylabel() == "P@1 among 50, centred"
    base = axes.collections[0].get_paths()[0].vertices
    half = 1.96 * np.std([0.1, 0.2, 0.3] * 8, ddof=1) / 24**0.5
    at_layer = {x: sorted({round(float(y), 9) for at, y in base if at == x}) for x in (0.0, 1.0)}
    assert at_layer[0.0] == [0.0]
    assert at_layer[1.0] == pytest.approx([0.2 - half, 0.2 + half])
    assert "shaded: 95 % over words" in [text.get_text() for text in axes.get_legend().get_texts()]


@pytest.mark.parametrize("measure", ["cosine", "mismatched", "gap"])
def test_raw_geometry_is_never_drawn_without_the_headline(monkeypatch, record, tmp_path, measure):
    panels = drawn(monkeypatch, lambda: plots.layer_curves(record, tmp_path / "x", measure=measure))
    assert panels[0].get_ylabel() == "P@1 among 50, centred"
    assert len(panels) == 2
    told = "P@1 of 50 0.200 → 0.400"
    if measure != "mismatched":
        (axes,) = drawn(monkeypatch, lambda: plots.before_after(record, tmp_path / "x", quantity_name=measure))
        assert told in axes.get_title()
    panels = drawn(monkeypatch, lambda: plots.distributions(record, tmp_path / "x"))
    assert ["P@1 of 50 0.200" in panels[0].get_title(), "P@1 of 50 0.400" in panels[1].get_title()] == [True, True]
    bare = {
        split: {
            state: {name: curve for name, curve in curves.items() if not name.startswith("p1_of")}
            for state, curves in states.items()
        }
        for split, states in record.curves.items()
    }
    alone = record.model_copy(update={"curves": bare})
    with pytest.raises(ResultError, match=f"no curve of 'p1_of_20'.*without which {measure}, which only describes"):
        plots.layer_curves(alone, tmp_path / "x", measure=measure)


def test_shares_have_wilsons_band(monkeypatch, record, tmp_path):
    """Newcombe 1998, table I: 0 of 20 gives 0 to 0.1611, 81 of 263 gives 0.2553 to 0.3662."""
    for hits, n, expected in ((0, 20, (0.0, 0.1611)), (81, 263, (0.2553, 0.3662))):
        low, high = plots._band({}, "p1", np.array([hits / n]), n)
        assert (low[0], high[0]) == pytest.approx(expected, abs=5e-5)
    (axes,) = drawn(monkeypatch, lambda: plots.layer_curves(record, tmp_path / "x", measure="mexa"))
    assert len(axes.collections) == 2


def test_the_headline_has_students_bars_where_words_were_kept(monkeypatch, record, tmp_path):
    (axes,) = drawn(monkeypatch, lambda: plots.layer_curves(record, tmp_path / "x"))
    assert len(axes.containers) == 2
    assert "bars: 95 % over words" in [text.get_text() for text in axes.get_legend().get_texts()]
    low, high = sps.ttest_1samp([0.1, 0.2, 0.3] * 8, 0).confidence_interval(0.95)
    (bar,) = axes.containers[0].lines[2]
    assert bar.get_segments()[0][:, 1] == pytest.approx([low, high])
    bare = record.model_copy(update={"columns": {}, "pseudo": {}})
    (axes,) = drawn(monkeypatch, lambda: plots.layer_curves(bare, tmp_path / "x"))
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["base", "adapted"]


def test_a_model_tuned_whole_is_not_called_a_base(monkeypatch, tmp_path):
    tuned = scored_record(training=cases.FULL)
    (axes,) = drawn(monkeypatch, lambda: plots.layer_curves(tuned, tmp_path / "x"))
    assert axes.get_legend().get_texts()[0].get_text() == "fully fine-tuned"
    (axes,) = drawn(monkeypatch, lambda: plots.distributions(tuned, tmp_path / "x"))
    assert axes.get_title().startswith("fully fine-tuned, layer 1")


def test_before_and_after_are_the_words_of_the_best_layer(monkeypatch, record, tmp_path):
    (axes,) = drawn(monkeypatch, lambda: plots.before_after(record, tmp_path / "x"))
    points = axes.collections[0].get_offsets()
    np.testing.assert_allclose(points, [[0.1, 0.3], [0.2, 0.5], [0.3, 0.4]] * 8, atol=1e-12)


def test_distributions_have_a_panel_a_state(monkeypatch, record, tmp_path):
    axes = drawn(monkeypatch, lambda: plots.distributions(record, tmp_path / "x"))
    assert [a.get_title().split(",")[0] for a in axes] == ["base", "adapted"]
    assert axes[0].get_xlim() == axes[1].get_xlim()
    assert axes[0].get_ylim() == axes[1].get_ylim()


def test_sweep_has_a_line_a_loss_layer(monkeypatch, tmp_path):
    found = lines(cases.sweep(), cases.SWH)
    (axes,) = drawn(monkeypatch, lambda: plots.sweep(found, tmp_path / "x", title="t", score="P@1 of 50"))
    _, labels = axes.get_legend_handles_labels()
    assert set(labels) == {"loss at layer 1", "loss at layer 2", "full fine-tuning, loss at layer 2"}
    assert len({line.get_linestyle() for line in axes.get_lines() if line.get_linestyle() != "None"}) >= 3
    assert axes.get_xscale() == "log"
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["1", "4", "16"]
    assert "3 seeds" in axes.get_title()
    # Intervals of two lines at one rank do not lie on each other, and the axis says why they are not on the tick.
    first, second = (bars[0].get_xdata() for bars in axes.containers)
    assert all(a < b for a, b in zip(first, second, strict=True))
    assert axes.get_xlabel() == "LoRA rank, lines moved aside"
    with pytest.raises(ResultError, match="no points"):
        plots.sweep([], tmp_path / "x", title="t", score="P@1 of 50")


def test_pca_keeps_the_plane_of_flat_data(monkeypatch, tmp_path):
    # Points of a plane in five dimensions: distances survive the projection, since normalised vectors are not moved again.
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    basis = np.linalg.qr(np.random.default_rng(0).normal(size=(5, 2)))[0]
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1) @ basis.T
    axes = drawn(
        monkeypatch, lambda: plots.embedding_map({"base": (circle[:6], circle[6:])}, tmp_path / "x", pair="swh-eng")
    )
    shown = np.concatenate([c.get_offsets() for c in axes[0].collections])
    np.testing.assert_allclose(
        np.linalg.norm(shown[0] - shown, axis=1), np.linalg.norm(circle[0] - circle, axis=1), atol=1e-9
    )


def test_maps_refuse_what_has_no_place(tmp_path):
    ones = np.ones((3, 2))
    with pytest.raises(InputError, match="choose pca or tsne"):
        plots.embedding_map({"base": (ones, ones)}, tmp_path / "x", pair="swh-eng", method="umap")
    with pytest.raises(ResultError, match="zero or not finite"):
        plots.embedding_map({"base": (ones * 0, ones)}, tmp_path / "x", pair="swh-eng")


def test_files_are_the_same_each_time(record, tmp_path):
    first, second = (plots.layer_curves(record, tmp_path / name / "curves") for name in "ab")
    assert [path.suffix for path in first] == [".png", ".svg"]
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]
    assert first[0].read_bytes().startswith(b"\x89PNG")


def test_what_a_record_lacks_is_named(record, tmp_path):
    with pytest.raises(ResultError, match=r"no curve of 'bleu'.*cosine"):
        plots.layer_curves(record, tmp_path / "x", measure="bleu")
    with pytest.raises(ResultError, match="no adapted state"):
        plots.before_after(scored_record(), tmp_path / "x")


def test_tsne_draws_every_word_and_repeats(tmp_path):
    vectors = np.random.default_rng(0).normal(size=(12, 5))
    states = {"base": (vectors[:6], vectors[6:])}
    first, second = (
        plots.embedding_map(states, tmp_path / name / "map", pair="tur-azj", method="tsne") for name in "ab"
    )
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]
