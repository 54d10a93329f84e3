"""Runs of one model, asked in several ways, are kept as scores alone and shown one line each."""

import json

import tools.instruct as instruct
from tests.support import downstream_record
from tli_bench.records.downstream import write_downstream

SCORES = {"base": {"exact_match": 0.25, "f1": 0.5, "empty": 0.0, "wrong_script": 0.0}}
SHARED = {
    "adapter": None,
    "scores": SCORES,
    "higher_is_better": {"f1": True},
    "source": "/home/somebody/xquad",
    "limit": 9,
}


def test_runs_are_packed_without_paths_and_shown_in_order(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(instruct, "PACKED", tmp_path / "packed")
    shots = {"num_fewshot": 2, "fewshot_source": "x", "command": "tli-bench run --data-dir /home/somebody/xquad"}
    for way in ({"chat_template": True}, {}, shots):
        write_downstream(tmp_path / "runs", downstream_record(**SHARED, **way))
    (tmp_path / "packed").mkdir()
    assert instruct.main(["pack", str(tmp_path / "runs"), "mine"]) == 0
    text = (tmp_path / "packed" / "mine.json").read_text()
    assert "somebody" not in text
    assert [(run["chat_template"], run["num_fewshot"]) for run in json.loads(text)] == [
        (False, 0),
        (True, 0),
        (False, 2),
    ]
    assert instruct.instruct_table("mine").splitlines()[2:] == [
        "| `tli_xquad_tur_Latn` | off | 0 | 9 | 0.250 | 0.500 | 0.000 |",
        "| `tli_xquad_tur_Latn` | on | 0 | 9 | 0.250 | 0.500 | 0.000 |",
        "| `tli_xquad_tur_Latn` | off | 2 | 9 | 0.250 | 0.500 | 0.000 |",
    ]
    assert instruct.main(["unpack"]) == 2
    assert "python -m tools.instruct pack FOLDER NAME" in capsys.readouterr().out
