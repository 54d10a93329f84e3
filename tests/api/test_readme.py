"""The Python lines of README run as they stand."""

import re
from pathlib import Path

README = Path(__file__).resolve().parents[2] / "README.md"


def test_the_lines_for_a_notebook_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    (lines,) = [block for block in blocks if "tli_bench.score" in block]
    exec(compile(lines.replace('pairs="swh-eng")', 'pairs="swh-eng", limit=160)'), "README.md", "exec"), {})
    assert (tmp_path / "runs/mine/run.yaml").is_file()
