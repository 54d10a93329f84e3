"""A small leaderboard: a base with what was trained from it, a tie, an incomplete model, a hostile one, and a sweep."""

from tests.support import scored_record
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.roles import HEADLINE
from tli_bench.models.identity import AdapterRef, TrainingRef
from tli_bench.records import TaskScore
from tli_bench.report.reported import Reported, Source
from tli_bench.report.sweeps import Sweep, SweepPoint
from tli_bench.report.table import build

PAIRS = ("swh_Latn-eng_Latn", "tur_Latn-eng_Latn", "swh_Latn-tur_Latn")
HOSTILE = "<script>alert(1)</script>\"'{{DATA}}=cmd|$\\input{x}&%#_^~`\u202egnp"
LAYERS = ("0", "1", "2p", "2")
SWH = "swh_Latn-eng_Latn"
ADAPTER = AdapterRef(
    name="tli-r4", sha256="a" * 64, recipe="tli", rank=4, trainable_parameters=12345, loss_layers=("2",), trained_on=SWH
)
EARLY = AdapterRef(
    name="tli-early",
    sha256="b" * 64,
    recipe="tli-early",
    rank=4,
    trainable_parameters=4115,
    loss_layers=("1",),
    trained_on=SWH,
)
FULL = TrainingRef(
    kind="full", name="good-full", recipe="full-finetune", base="org/good", base_revision="sha256:abc",
    trainable_parameters=1_600_000, loss_layers=("2",), trained_on=SWH,
)  # fmt: skip


def records():
    found = []
    for pair in PAIRS:
        good = {"pair": pair, "layers": LAYERS, "base_scores": (0.5, 0.6, 0.7, 0.6) * 6}
        found.append(scored_record(model="org/good", scores=(0.5, 0.6, 0.7, 0.6) * 6, **good))
        found.append(scored_record(model="org/good", adapter=ADAPTER, scores=(0.6, 0.7, 0.75, 0.7) * 6, **good))
        found.append(scored_record(model="org/good", adapter=EARLY, scores=(0.45, 0.5, 0.62, 0.55) * 6, **good))
        found.append(
            scored_record(
                model="runs/good-full", revision="sha256:def", training=FULL, scores=(0.62, 0.8, 0.85, 0.75) * 6, **good
            )
        )
        found.append(
            scored_record(
                model="org/weak", pair=pair, scores=(0.1, 0.2, 0.3, 0.0) * 6, hits=[True, False, True, False] * 6
            )
        )
        found.append(scored_record(model="org/weak-too", pair=pair, scores=(0.2, 0.1, 0.2, 0.1) * 6))
    found.append(scored_record(model="org/incomplete", scores=(0.9, 0.9, 0.8, 0.9) * 6))
    found.append(scored_record(model=HOSTILE, scores=(0.9, 0.9, 0.8, 0.9) * 6, skip_gate=True))
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


def sweep():
    """Loss at layer 2: the dev score rises by 0.01 a rank; at layer 1 it falls by 0.05 whatever the rank. Seeds are 0.01 apart."""
    trainings = [("2", rank, 0.01 * rank) for rank in (1, 4, 16)] + [("1", rank, -0.05) for rank in (1, 4, 16)]
    points = [
        SweepPoint(
            pair=SWH, recipe="tli", rank=rank, settings={"recipe": "tli", "rank": str(rank), "layer": layer}, seed=seed,
            loss_layers=(layer,), parameters=1000 * rank, steps=10,
            curves=_splits([0.1, 0.2, 0.3, 0.4 + change + 0.01 * seed], [0.1, 0.1, 0.1, 0.5]),
        )
        for layer, rank, change in trainings
        for seed in (0, 1, 2)
    ]  # fmt: skip
    whole = points[0].model_copy(
        update={
            "rank": None,
            "recipe": "full-finetune",
            "settings": {"recipe": "full-finetune"},
            "loss_layers": ("2",),
            "parameters": 1_600_000,
            "curves": _splits([0.1, 0.2, 0.3, 0.7], [0.1, 0.1, 0.1, 0.8]),
        }
    )
    return Sweep(
        name="ranks", model="org/good", revision="sha256:abc", dtype="float32", lexicon="own", lexicon_hashes={SWH: "0" * 64},
        layers=LAYERS, base={SWH: _splits([0.1, 0.2, 0.3, 0.4], [0.1, 0.1, 0.1, 0.4])}, points=(*points, whole),
    )  # fmt: skip


def _splits(score, p1):
    """Control words stay a tenth below the dev words."""
    return {
        Split.DEV: {HEADLINE: score, "p1": p1},
        Split.CONTROL: {HEADLINE: [value - 0.1 for value in score], "p1": [value - 0.1 for value in p1]},
    }


def leaderboard():
    return build(records(), scores=scores(), sweeps=[sweep()], reported=reported())
