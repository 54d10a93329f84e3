"""The results of a run in lm-eval's layout: one file for each run, whatever the clock says."""

import json

from tli_bench.config.run import RunConfig
from tli_bench.plugin import results
from tli_bench.plugin.results import write_run


def test_runs_that_end_at_one_time_by_the_clock_have_a_file_each(tmp_path, monkeypatch):
    """Two runs that were finished before end within a second, and a clock that is set back tells a time again."""
    monkeypatch.setattr(results.time, "strftime", lambda _: "2026-01-01T00-00-00")
    paths = [write_run(RunConfig(), {"results": {"run": number}}, [], tmp_path) for number in range(3)]
    assert [path.name for path in paths] == [f"results_2026-01-01T00-00-00{end}.json" for end in ("", "-2", "-3")]
    assert [json.loads(path.read_text())["results"]["run"] for path in paths] == [0, 1, 2]
