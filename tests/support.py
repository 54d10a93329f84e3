"""Constructed records for tests."""

from statistics import stdev

from tli_bench.lexicon.pairs import Split
from tli_bench.models.identity import AdapterRef
from tli_bench.records.schema import DownstreamRecord, PairValues, RunRecord, Signature


def make_signature(**changes):
    """A complete signature; keyword arguments replace fields."""
    fields = {
        "protocol": "words.v1", "pooling": "word-mean", "layers": ("0", "1"), "tokens": "bos", "lexicon": "core 0.1.0",
        "lexicon_hash": "0" * 64, "split_seed": 0, "pair": "swh_Latn-eng_Latn", "n": {"control": 2}, "model": "tiny",
        "revision": "sha256:abc", "dtype": "float32", "quantization": None, "seed": 0, "measures": "1", "versions": {"tli_bench": "0"},
    }  # fmt: skip
    return Signature(**(fields | changes))


def make_record(**changes):
    """A small valid record."""
    fields = {
        "task": "tli_alignment_swh_Latn-eng_Latn", "pair": "swh_Latn-eng_Latn", "signature": make_signature(),
        "created": "2026-01-01T00:00:00+00:00", "command": "tli-bench run", "best_layer": {"base": "1"}, "best_layer_rule": "rule",
        "curves": {Split.CONTROL: {"base": {"cosine": [0.1, None]}}}, "comparisons": [], "values": [], "verdicts": {},
    }  # fmt: skip
    return RunRecord(**(fields | changes))


def downstream_record(**changes):
    """A small valid downstream record of an adapter `tli`; keyword arguments replace fields."""
    fields = {
        "task": "tli_xquad_tur_Latn", "task_version": 1, "source": "hub:google/xquad", "documents": 9, "limit": None,
        "model": "org/model", "revision": "sha256:abc", "adapter": AdapterRef(name="tli", sha256="a" * 64), "dtype": "float32",
        "quantization": None, "scores": {"base": {"f1": 0.3}, "adapted": {"f1": 0.4}}, "higher_is_better": {"f1": True},
        "versions": {"tli_bench": "0"}, "created": "2026-01-01T00:00:00+00:00",
    }  # fmt: skip
    return DownstreamRecord(**(fields | changes))


def scored_record(
    *,
    model="org/model",
    pair="swh_Latn-eng_Latn",
    gaps=(0.1, 0.2, 0.3),
    hits=None,
    adapter=None,
    base_gaps=None,
    layers=("0", "1"),
    created="2026-01-01T00:00:00+00:00",
    **signature,
):
    """A record that passes validation, with the given control gaps at its best layer 1; dev is scored like control."""
    hits = hits or [True] * len(gaps)
    states = {"base": base_gaps if adapter and base_gaps is not None else gaps}
    if adapter:
        states["adapted"] = gaps
    values, curves = [], {}
    for split in (Split.DEV, Split.CONTROL):
        curves[split] = {}
        for state, numbers in states.items():
            rows = [_pair_values(split, state, layers[-1], i, gap, hits[i]) for i, gap in enumerate(numbers)]
            values += rows
            curves[split][state] = _curves_of(rows, len(layers))
    fields = {
        "model": model,
        "pair": pair,
        "layers": tuple(layers),
        "n": {"dev": len(gaps), "control": len(gaps)},
        "lexicon": "own 1",
        "adapter": adapter,
    }
    return make_record(
        task=f"tli_alignment_{pair}",
        pair=pair,
        signature=make_signature(**(fields | signature)),
        created=created,
        command=f"tli-bench run --model {model}",
        best_layer=dict.fromkeys(states, layers[-1]),
        curves=curves,
        comparisons=[],
        values=values,
    )


def _pair_values(split, state, layer, i, gap, hit):
    rank = 1 if hit else 2
    name = f"{split.value}{i}"
    return PairValues(
        concept=name, split=split, source=f"{name}s", target=f"{name}t", layer=layer, state=state,
        cosine=0.25 + gap, mismatched=0.25, rank_forward=rank, rank_backward=rank,
    )  # fmt: skip


def _curves_of(rows, depth):
    n = len(rows)
    p1 = sum(row.rank_forward == 1 for row in rows) / n
    last = {
        "cosine": sum(row.cosine for row in rows) / n,
        "mismatched": sum(row.mismatched for row in rows) / n,
        "gap": sum(row.cosine - row.mismatched for row in rows) / n,
        "gap_se": stdev(row.cosine - row.mismatched for row in rows) / n**0.5 if n > 1 else None,
        "p1": p1,
        "mrr": sum(1 / row.rank_forward for row in rows) / n,
        "mexa": p1,
    }
    return {name: [0.0] * (depth - 1) + [value] for name, value in last.items()}
