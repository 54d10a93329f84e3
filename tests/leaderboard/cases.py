"""A small leaderboard with a base, an adapter, a tie, an incomplete model and a hostile one."""

from tests.support import scored_record
from tli_bench.leaderboard.reported import Reported, Source
from tli_bench.leaderboard.table import build
from tli_bench.results import TaskScore
from tli_bench.schema import AdapterRef

PAIRS = ("swh_Latn-eng_Latn", "tur_Latn-eng_Latn", "swh_Latn-tur_Latn")
HOSTILE = "<script>alert(1)</script>\"'{{DATA}}=cmd|$\\input{x}&%#_^~`\u202egnp"
ADAPTER = AdapterRef(name="tli-r4", sha256="a" * 64, recipe="tli", rank=4, trainable_parameters=12345)


def records():
    found = []
    for pair in PAIRS:
        found.append(scored_record(model="org/good", pair=pair, gaps=(0.5, 0.6, 0.7, 0.6)))
        found.append(
            scored_record(
                model="org/good", pair=pair, adapter=ADAPTER, gaps=(0.6, 0.7, 0.75, 0.7), base_gaps=(0.5, 0.6, 0.7, 0.6)
            )
        )
        found.append(
            scored_record(model="org/weak", pair=pair, gaps=(0.1, 0.2, 0.3, 0.0), hits=[True, False, True, False])
        )
        found.append(scored_record(model="org/weak-too", pair=pair, gaps=(0.2, 0.1, 0.2, 0.1)))
    found.append(scored_record(model="org/incomplete", gaps=(0.9, 0.9, 0.8, 0.9)))
    found.append(scored_record(model=HOSTILE, gaps=(0.9, 0.9, 0.8, 0.9), skip_gate=True))
    return found


def scores():
    shared = {
        "model": "org/good", "adapter": None, "filter": "none", "stderr": None, "higher_is_better": True, "version": "1",
        "n": 5, "limit": None, "where": "results_x.json",
    }  # fmt: skip
    return [
        TaskScore(task="tli_xquad_tur_Latn", metric="f1", value=0.4, **shared),
        TaskScore(task="tli_xlsum_swahili", metric="rougeL", value=0.2, **shared),
        TaskScore(task="mmlu", metric="acc", value=0.9, **shared),
    ]


def reported():
    source = Source(title="A | paper", url="https://example.org/1", year=2025)
    return [
        Reported(
            model="=evil()", method="m", pair="swh_Latn-eng_Latn", split="control", quantity="raw cosine", protocol="p",
            layer="2", n=63, before=0.3, value=0.4, p=1e-20, note="a note", source=source,
        )
    ]  # fmt: skip


def leaderboard():
    return build(records(), scores=scores(), reported=reported(), resamples=500)
