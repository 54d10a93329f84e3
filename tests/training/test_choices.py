"""The shipped recipes are what the committed sweeps choose, on dev words alone."""

import pytest

from tli_bench.base.paths import data_dir
from tli_bench.languages import resolve_pair
from tli_bench.lexicon.core import installed_core
from tli_bench.lexicon.pairs import Split
from tli_bench.models.catalog import TINY_DIR
from tli_bench.models.fingerprint import model_fingerprint
from tli_bench.report.sweeps import load_sweep, write_sweep
from tli_bench.training import load_recipe
from tli_bench.training.sweep import load_spec, units_of

OF_ANOTHER_NAME = {"tli-me5": "tli-encoder", "tli-smollm2": "tli-middle"}
"""Sweeps that began from one recipe and chose another's settings."""
SPECS = sorted((data_dir("adapters") / "choices").glob("*.yaml"))


def test_tli_and_tli_early_have_a_sweep_each():
    assert {"tli", "tli-early"} <= {path.stem for path in SPECS}


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_recipe_has_what_dev_words_chose(path, tmp_path):
    spec, sweep = load_spec(path), load_sweep(path.with_suffix(".json"))
    assert sweep.splits == (Split.DEV,)  # no control word was scored
    units = units_of(spec)
    assert [p.settings for p in sweep.points if p.settings not in [u.settings for u in units]] == []
    assert len(sweep.points) == len(units)

    def gained(point):
        named = {"loss": point.loss_layers[-1], "output": sweep.layers[-1]}
        layer = sweep.layers.index(named.get(spec.layer, spec.layer))
        curves = (splits[Split.DEV][sweep.score] for splits in (sweep.base[point.pair], point.curves))
        before, after = (curve[layer] for curve in curves)
        return after - before

    best = max((p for p in sweep.points if p.text is None or p.text <= spec.text_limit), key=gained)
    chosen = next(unit.recipe for unit in units if unit.settings == best.settings)
    varied = [key for key, values in spec.grid.items() if len(values) > 1]
    shipped = load_recipe(OF_ANOTHER_NAME.get(path.stem, best.settings["recipe"]))
    assert {key: getattr(shipped, key) for key in varied} == {key: getattr(chosen, key) for key in varied}
    write_sweep(sweep, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == path.with_suffix(".json").read_bytes()


@pytest.mark.parametrize("name", ["tli", "tli-early", "tli-retention", "tli-modules"])
def test_the_sweeps_were_made_again_on_todays_words_and_model(name):
    folder = data_dir("adapters") / "choices"
    first, again = load_sweep(folder / f"{name}.json"), load_sweep(folder / "1.0.0" / f"{name}.json")
    assert again.splits == (Split.DEV,)
    assert [p.settings for p in again.points] == [p.settings for p in first.points]
    words = installed_core().lexicon(*resolve_pair("swh-eng"))
    assert again.lexicon_hashes == {words.pair: words.content_hash}
    assert again.revision == model_fingerprint(TINY_DIR)
