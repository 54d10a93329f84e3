"""Every verb that writes refuses an output that another process writes: at once, in one line, with exit status 2."""

import os
from pathlib import Path

import pytest

from tests.command import tli_bench
from tests.support import scored_record
from tli_bench.base.errors import OutputError
from tli_bench.base.locks import replacing, writing_into
from tli_bench.records import RecordStore
from tools import lexicon_release

DESIGN = "studies/turkic_rank.smoke.yaml"


def calls(at):
    """For each verb its lock and its command."""
    out, packed, records = at / "out", at / "out.zip", at / "records"
    return {
        "run": (writing_into(out, "run"), ("run", "--pairs", "swh-eng", "--output", out)),
        "train": (replacing(out, "train"), ("train", "--output", out)),
        "train --twin": (replacing(out, "train"), ("train", "--twin", "--output", out)),
        "sweep": (writing_into(out, "sweep"), ("sweep", at / "spec.yaml", "--output", out)),
        "study": (writing_into(out, "study"), ("study", DESIGN, "--exploratory", "--output", out)),
        "leaderboard": (writing_into(out, "leaderboard"), ("leaderboard", records, "--out", out)),
        "submit": (replacing(packed, "submit"), ("submit", records, "--out", packed)),
        "merge": (writing_into(out, "results merge"), ("results", "merge", records, "--into", out)),
    }


@pytest.mark.parametrize("verb", calls(Path("x")))
def test_it_says_who_writes_there_and_what_to_do(tmp_path, verb):
    RecordStore(tmp_path / "records").write(scored_record())
    (tmp_path / "spec.yaml").write_text("grid: {max_steps: [1]}\n")
    lock, command = calls(tmp_path)[verb]
    with lock:
        told = tli_bench(*command, code=2)
    assert told.splitlines()[-1].startswith(f"error: {command[-1]} is being written by tli-bench ")
    assert f"(process {os.getpid()} on " in told
    assert told.endswith("; wait for it, stop it, or choose another output\n")
    assert "Traceback" not in told


def test_the_release_of_the_lexicon_is_one_process_too(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["lexicon_release", str(tmp_path)])
    with writing_into(tmp_path, "lexicon release"):
        assert lexicon_release.main() == 2
    assert "is being written by tli-bench lexicon release" in capsys.readouterr().err


def test_scores_of_the_python_interface_are_written_by_one_process(tmp_path):
    import tli_bench

    with writing_into(tmp_path, "run"), pytest.raises(OutputError, match="is being written by tli-bench run"):
        tli_bench.score("tiny", pairs="swh-eng", output=tmp_path)
