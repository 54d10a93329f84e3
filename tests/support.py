"""Constructed records for tests."""

from statistics import stdev

import numpy as np

from tli_bench.evaluate.controls import family_of
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.choice import BEST_LAYER_RULE
from tli_bench.measures.roles import HEADLINE, agreeing_with, headline_for
from tli_bench.models.identity import AdapterRef
from tli_bench.records.schema import Controls, DownstreamRecord, RunRecord, Signature, Words


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
        "curves": {Split.CONTROL: {"base": {"cosine": [0.1, None]}}}, "words": {}, "columns": {}, "comparisons": [], "verdicts": {},
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
    scores=(0.1, 0.2, 0.3),
    hits=None,
    adapter=None,
    base_scores=None,
    layers=("0", "1"),
    created="2026-01-01T00:00:00+00:00",
    **signature,
):
    """A record that passes validation: what control words score at the last layer, its best; dev is scored like control.

    scores: of each word, by the headline and by what must agree with it, and its gap; hits: as in `columns_of`.
    """
    hits = hits or [True] * len(scores)
    states = {"base": base_scores if adapter and base_scores is not None else scores}
    if adapter:
        states["adapted"] = scores
    words, columns, pseudo, curves = {}, {}, {}, {}
    for split in (Split.DEV, Split.CONTROL):
        words[split] = words_of(split, len(scores))
        columns[split], pseudo[split], curves[split] = {}, {}, {}
        for state, numbers in states.items():
            columns[split][state] = {layers[-1]: columns_of(numbers, hits)}
            pseudo[split][state] = {layers[-1]: pseudo_of(numbers, hits)}
            curves[split][state] = _curves_of(columns[split][state][layers[-1]], len(layers))
    fields = {
        "model": model,
        "pair": pair,
        "layers": tuple(layers),
        "n": {"dev": len(scores), "control": len(scores)},
        "lexicon": "own 1",
        "adapter": adapter,
    }
    controls = {"controls": Controls(family=_family_of(states, layers))} if adapter else {}
    return make_record(
        task=f"tli_alignment_{pair}",
        pair=pair,
        signature=make_signature(**(fields | signature)),
        **controls,
        created=created,
        command=f"tli-bench run --model {model}",
        best_layer=dict.fromkeys(states, layers[-1]),
        best_layer_rule=BEST_LAYER_RULE,
        words=words,
        columns=columns,
        pseudo=pseudo,
        curves=curves,
        comparisons=[],
    )


def _family_of(states, layers):
    """Tests over all layers of words that score zero below the last."""
    columns = {
        s: {layer: np.zeros(len(v)) for layer in layers[:-1]} | {layers[-1]: np.array(v)} for s, v in states.items()
    }
    return family_of(layers, columns, split=Split.CONTROL, words=len(states["base"]), reasons=[])


def record_of(analysis, *, details=None, **signature):
    """The record of an analysis of made-up words. details: in place of its own; keyword arguments replace facts of the signature."""
    from tli_bench.evaluate.verdicts import verdicts

    fields = {"layers": analysis.layers, "n": analysis.n, "lexicon": "own 1"}
    adapted = {"adapter": AdapterRef(name="tli", sha256="a" * 64)} if "adapted" in analysis.best_layer else {}
    stated = make_signature(**(fields | adapted | signature))
    return make_record(
        task=f"tli_alignment_{stated.pair}",
        pair=stated.pair,
        signature=stated,
        best_layer=analysis.best_layer,
        best_layer_rule=BEST_LAYER_RULE,
        words=analysis.words,
        columns=analysis.columns,
        pseudo=analysis.pseudo,
        curves=analysis.curves,
        comparisons=analysis.comparisons,
        verdicts=verdicts(analysis),
        controls=analysis.controls,
        details=details or analysis.details,
    )


def words_of(split, n):
    """`n` made-up words of a split."""
    names = [f"{split.value}{i}" for i in range(n)]
    return Words(concepts=names, sources=[f"{name}s" for name in names], targets=[f"{name}t" for name in names])


def columns_of(scores, hits=None):
    """What a record keeps of words with these scores; hits: whether each is found, in both directions or not at all."""
    hits = hits or [True] * len(scores)
    cosines = [0.25 + score for score in scores]
    return {
        **pseudo_of(scores, hits),
        "cosine": cosines,
        "mismatched": [0.25] * len(scores),
        "gap": [cosine - 0.25 for cosine in cosines],
        "mrr": [1.0 if hit else 0.5 for hit in hits],
    }


def pseudo_of(scores, hits=None):
    """Pseudo-values of the same words: their own values, as where no word would change another's by leaving."""
    found = [float(hit) for hit in hits or [True] * len(scores)]
    compared = {name: list(scores) for name in (HEADLINE, *agreeing_with(HEADLINE), headline_for(len(scores)))}
    return compared | {"p1": found, "mexa": list(found)}


def _curves_of(columns, depth):
    means = {name: sum(column) / len(column) for name, column in columns.items()}
    gaps = columns["gap"]
    means["gap_se"] = stdev(gaps) / len(gaps) ** 0.5 if len(gaps) > 1 else None
    return {name: [0.0] * (depth - 1) + [value] for name, value in means.items()}


def changed_columns(record, change):
    """The record with `change(columns)` in the place of every layer's columns, and of its pseudo-values."""
    parts = {
        part: {
            split: {
                state: {layer: change(measures) for layer, measures in layers.items()}
                for state, layers in states.items()
            }
            for split, states in getattr(record, part).items()
        }
        for part in ("columns", "pseudo")
    }
    return record.model_copy(update=parts)
