"""Runs on official files are kept as scores alone and shown base beside adapted."""

import tools.official as official
from tests.support import downstream_record
from tli_bench.records.downstream import write_downstream

SCORES = {
    "tli_bitext_flores_swh_Latn-eng_Latn": {"p1": 0.25, "p1_output": 0.5, "xsim": 0.125, "mexa": 0.75},
    "tli_xquad_r_pool_tur_Latn": {"p1": 0.5, "map": 0.25, "pool_output": 2347.0},
    "tli_mexa_uig_Arab": {"mexa_mean": 0.25, "mexa_max": 0.5},
}


def test_runs_are_packed_without_paths_and_shown_base_beside_adapted(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(official, "PACKED", tmp_path)
    for task, base in SCORES.items():
        scores = {"base": base, "adapted": {name: value / 2 for name, value in base.items()}}
        told = {"task": task, "scores": scores, "source": "/home/somebody/flores", "documents": 1012}
        write_downstream(
            tmp_path / "runs", downstream_record(**told, command="tli-bench run --data-dir /home/somebody")
        )
    assert official.main(["pack", str(tmp_path / "runs"), "mine"]) == 0
    assert "somebody" not in (tmp_path / "mine.json").read_text()
    assert official.sentences_table("mine").splitlines()[2:] == [
        "| FLORES, Swahili-English | 1,012 | 0.250 → 0.125 | 0.500 → 0.250 | 0.125 → 0.062 |"
    ]
    assert official.questions_table("mine").splitlines()[2:] == [
        "| Turkish, sentences of both | 1,174 | 0.500 → 0.250 | 0.250 → 0.125 |"
    ]
    assert official.mexa_table("mine").splitlines()[2:] == ["| Uyghur | 0.250 → 0.125 | 0.500 → 0.250 |"]
    assert official.main([]) == 2
    assert "python -m tools.official pack FOLDER NAME" in capsys.readouterr().out
