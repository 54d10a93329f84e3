"""`tli-bench run` for a program, for a file and for its own pair: what it prints without a terminal."""

import os

from tests.command import require_light, tli_bench

CHEAP = ("--limit", "90", "--placebo", "0", "--no-confirm", "--twin", "none")
UNUSED = ("bitsandbytes", "matplotlib", "sklearn", "sentence_transformers")
"""What a run of a model that is not quantised has no use for: importing it would take as long as scoring a pair."""


def test_plain_and_piped_output_of_a_pair_that_was_trained_on_and_one_that_was_not(tmp_path, monkeypatch):
    monkeypatch.setitem(os.environ, "COLUMNS", "60")
    run = ("run", "--pairs", "swh-eng,tur-eng", *CHEAP, "--output", tmp_path / "runs")
    piped = require_light(run, heavy=UNUSED)
    plain = tli_bench(*run, "--plain")
    assert "\x1b" not in piped + plain
    assert any(len(line) > 110 for line in piped.splitlines())
    swh, tur = piped.split("\ntli_alignment_")[1:]
    tur, summary = tur.split("\ncontrol words, base → adapted")
    assert "trained minus control" in swh
    assert "trained" not in tur
    assert " train split, " in tur
    # The last line of a run is its conclusion.
    assert summary.rstrip().splitlines()[-1].startswith("tiny-swh-eng-tli ")
    tables = [line for line in plain.splitlines() if not line.startswith("#")]
    heads = [line for line in tables if line.startswith("task\t")]
    assert len(heads) == 3
    assert {"P@1 of 50 base", "cosine adapted"} <= set(heads[0].split("\t")) or "P@1 of 20 base" in heads[0]
    assert not any(mark in "\n".join(tables) for mark in "▁▂▃▄▅▆▇█→")
    assert plain.splitlines()[-1] == f"# {piped.splitlines()[-1]}"
