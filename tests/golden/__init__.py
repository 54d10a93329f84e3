"""Scores of `tiny` and its shipped adapter that a change of the code must not move; written by `python -m tests.golden`."""

from pathlib import Path

_HERE = Path(__file__).parent
MEASURES, DOWNSTREAM = _HERE / "tiny_measures.json.gz", _HERE / "downstream_scores.json.gz"
ADAPTER = _HERE.parent.parent / "adapters" / "tiny-swh-eng-tli"
MEASURES_RUN = (
    *("--pairs", "swh_Latn-eng_Latn,tur_Latn-azj_Latn"),
    *("--protocol", "words.v1", "--placebo", "0", "--no-confirm"),
)
DOWNSTREAM_RUN = ("--model", "tiny", "--tasks", "all", "--limit", "5", "--no-confirm", "--placebo", "0")
