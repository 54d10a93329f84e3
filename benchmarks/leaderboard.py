"""Seconds of CPU to build every format of a leaderboard of made-up models, from records on disk, and the size of its page.

Usage: python -m benchmarks.leaderboard [--models N] [--adapters N] [--pairs N] [--words N] [--layers N]
       [--budget SECONDS] [--keep DIR]
"""

import argparse
import itertools
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tests.support import scored_record
from tli_bench.languages import DEFAULT_PAIRS, LANGUAGES
from tli_bench.lexicon.pairs import Split
from tli_bench.models.identity import AdapterRef
from tli_bench.records import RecordStore
from tli_bench.records.schema import Controls, RunRecord
from tli_bench.report.table import build, load_results
from tli_bench.report.write import write_all
from tli_bench.stats.verdict import Verdict, VerdictKind

VERDICT = Verdict(kind=VerdictKind.ALIGNED, text="aligned: P@1 of 50 0.30")


def pairs(count: int) -> list[str]:
    """The default pairs, then other pairs of the same languages."""
    more = (f"{a}-{b}" for a, b in itertools.combinations(LANGUAGES, 2))
    return list(dict.fromkeys([*DEFAULT_PAIRS, *more]))[:count]


def fill(folder: Path, models: int, names: list[str], words: int, layers: int, *, adapters: int) -> None:
    """Records of `models` contenders; the last `adapters` of them are adapters, each on a model of its own."""
    rng = np.random.default_rng(0)
    depth = tuple(str(i) for i in range(layers))
    store = RecordStore(folder)
    for model, pair in itertools.product(range(models), names):
        scores = rng.normal(0.3 + 0.0005 * model, 0.15, words).clip(0, 0.75).tolist()
        trained = {}
        if model >= models - adapters:
            told = {"rank": 4, "trainable_parameters": 1000 * model, "loss_layers": ("2",), "trained_on": names[0]}
            trained = {
                "adapter": AdapterRef(name=f"adapter-{model}", sha256=f"{model:064d}", **told),
                "base_scores": scores[::-1],
            }
        record = scored_record(
            model=f"org/model-{model % (models - adapters)}", pair=pair, scores=scores, layers=depth, **trained
        )
        # The base of an adapter has the curves of that base's own record, as in real runs.
        own = {"adapted": (1, model), "base": (0, model % (models - adapters))}
        curves = {
            s: {k: _curves(c, layers, (*own[k], names.index(pair))) for k, c in st.items()}
            for s, st in record.curves.items()
            if s == "control"
        }
        kept = {
            part: {split: own for split, own in getattr(record, part).items() if split == "control"}
            for part in ("columns", "pseudo")
        }
        scored = {split: own for split, own in record.words.items() if split == "control"}
        record = record.model_copy(update={"curves": curves, "words": scored, "verdicts": {depth[-1]: VERDICT}, **kept})
        if trained:
            record = record.model_copy(update={"controls": _tested(record)})
        store.write(record)


def _tested(record: RunRecord) -> Controls:
    """Tests of every layer that follow from its curves; their spread is made up but at the last layer, whose words are kept."""
    assert record.controls
    assert record.controls.family
    family, headline = record.controls.family, record.headline_of(Split.CONTROL)
    before, after = (record.curves[Split.CONTROL][state][headline] for state in ("base", "adapted"))
    tests = [
        test.model_copy(update={"difference": y - x, "t": (y - x) / 0.02, "p": 0.5})
        for test, x, y in zip(family.tests[:-1], before, after, strict=False)
        if x is not None and y is not None
    ]
    return record.controls.model_copy(
        update={"family": family.model_copy(update={"tests": [*tests, family.tests[-1]]})}
    )


def _curves(ends: dict[str, list[float]], layers: int, seed: tuple[int, ...]) -> dict[str, list[float]]:
    drawn = np.abs(np.random.default_rng(seed).normal(0.2, 0.1, (len(ends), layers - 1))).round(6).tolist()
    return {name: [*row, end[-1]] for (name, end), row in zip(ends.items(), drawn, strict=True)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=int, default=500)
    parser.add_argument("--adapters", type=int, default=100, help="How many of the models are adapters.")
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--words", type=int, default=20)
    parser.add_argument("--layers", type=int, default=33)
    parser.add_argument("--budget", type=float, default=10.0)
    parser.add_argument("--keep", type=Path, help="Folder to leave the tables and the page in.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        records = Path(folder) / "records"
        records.mkdir()
        fill(records, options.models, pairs(options.pairs), options.words, options.layers, adapters=options.adapters)
        start = time.process_time()
        found, scores = load_results(records)
        built = build(found, scores=scores)
        ranked = time.process_time()
        paths = write_all(built, options.keep or Path(folder))
        done = time.process_time()
        sizes = {path.name: path.stat().st_size / 1e6 for path in paths}
    print(f"read and rank {ranked - start:.1f} s, render {done - ranked:.1f} s, all {done - start:.1f} s")
    print(", ".join(f"{name} {size:.2f} MB" for name, size in sizes.items()))
    if done - start > options.budget or sizes["index.html"] > 5:
        sys.exit(f"over the budget of {options.budget} s or 5 MB")


if __name__ == "__main__":
    main()
