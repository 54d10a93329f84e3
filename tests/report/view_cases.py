"""Runs to look at: words with details, a hostile record, one from before details, one that holds sums, and one that cannot be read."""

import json

import torch

from tests.evaluate.test_analysis import LAYERS, MANY, aligned_at
from tests.report.cases import HOSTILE
from tests.support import record_of, scored_record
from tli_bench.evaluate.analysis import Analyser
from tli_bench.lexicon.pairs import Split, WordPair
from tli_bench.records import RecordStore

EVIL = "<img src=x onerror=alert(1)>\u202egnp&quot;'{{DATA}}" + "a" * 300
"""A word that would run, turn the line round and break every column."""


def pairs(first="word"):
    """As many words as a headline needs; every second control word is frequent, every third a loan."""
    splits = [Split.TRAIN] * (MANY // 2) + [Split.DEV] * (MANY // 4) + [Split.CONTROL] * (MANY // 4)
    control = splits.index(Split.CONTROL)
    return [
        WordPair(
            first if i == control else f"c{i}", (f"{first if i == control else 's'}{i}",), (f"t{(i + MANY // 2) % MANY}",), split,
            pos="verb" if i % 4 == 0 else "noun", band="common" if i % 2 else "rare", loan=i % 3 == 0,
        )
        for i, split in enumerate(splits)
    ]  # fmt: skip


def analysis(first="word", **noise):
    """States in which the second layer is aligned, the better the less noise."""
    gold = torch.eye(MANY, dtype=torch.bool)
    control = MANY * 3 // 4
    gold[control, control + 1] = True
    states = {state: aligned_at(1, n=MANY, noise=amount, seed=i) for i, (state, amount) in enumerate(noise.items())}
    return Analyser(pairs(first), LAYERS, states, gold).run()


def write_runs(folder):
    """The cases under a folder; the paths of those that can be read, by name."""
    store = RecordStore(folder)
    made = {
        "adapted": record_of(analysis(base=2.0, adapted=1.5, twin=2.5), model="org/good").model_copy(
            update={"created": "2026-03-03T00:00:00+00:00"}
        ),
        "base": record_of(analysis(base=2.0), model="org/plain").model_copy(
            update={"created": "2026-02-02T00:00:00+00:00"}
        ),
        "hostile": record_of(analysis(EVIL, base=2.0), model=HOSTILE, skip_gate=True),
        "old": scored_record(model="org/old", scores=(0.9, 0.1, 0.4) * 20),
    }
    paths = {name: store.write(record) for name, record in made.items()}
    (folder / "broken.json").write_text(json.dumps({"schema_version": 99, "x": "<b>not a record</b>"}))
    return paths
