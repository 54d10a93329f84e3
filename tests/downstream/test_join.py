"""The join finds a planted relation, says when there are too few points, and never mixes adapters."""

import pytest

from tests.support import make_record, make_signature
from tli_bench.harness.downstream.join import join, kind_of, pair_of
from tli_bench.harness.downstream.record import DownstreamRecord
from tli_bench.languages import DEFAULT_PAIRS
from tli_bench.schema import AdapterRef, Split


def adapter(letter="a"):
    return AdapterRef(name="x", sha256=letter * 64, rank=4)


def alignment(pair, change):
    return make_record(
        task=f"tli_alignment_{pair}", pair=pair, signature=make_signature(pair=pair, adapter=adapter()),
        best_layer={"base": "1", "adapted": "1"},
        curves={Split.CONTROL: {"base": {"gap": [0.0, 0.2]}, "adapted": {"gap": [0.0, 0.2 + change]}}},
    )  # fmt: skip


def downstream(pair, change, *, letter="a", source="sample:bitext"):
    return DownstreamRecord(
        task=f"tli_bitext_{pair}", task_version=1, source=source, documents=9, limit=None, model="tiny", revision="sha256:abc",
        adapter=adapter(letter), dtype="float32", quantization=None, scores={"adapted": {"p1": 0.3 + change}, "base": {"p1": 0.3}},
        higher_is_better={"p1": True}, versions={}, created="2026-01-01T00:00:00+00:00",
    )  # fmt: skip


def test_a_planted_relation_is_found():
    pairs = DEFAULT_PAIRS[:12]
    found = join(
        [alignment(p, i / 50) for i, p in enumerate(pairs)], [downstream(p, i / 40) for i, p in enumerate(pairs)]
    )
    assert [(j.kind, j.metric, len(j.x)) for j in found] == [("tli_bitext", "p1", 12)]
    assert found[0].result.rho == pytest.approx(1)
    assert found[0].verdict.startswith("rises with alignment (rho +1.00, n = 12)")


def test_few_points_say_so_and_fixtures_are_named():
    pairs = DEFAULT_PAIRS[:4]
    found = join(
        [alignment(p, i / 50) for i, p in enumerate(pairs)],
        [downstream(p, i / 40, source="fixtures:x") for i, p in enumerate(pairs)],
    )
    assert (
        found[0].verdict == "n = 4 is too few to tell (fewer than 10); some of it on fixtures, which are no benchmark"
    )


def test_constant_change_is_no_correlation():
    pairs = DEFAULT_PAIRS[:12]
    found = join([alignment(p, i / 50) for i, p in enumerate(pairs)], [downstream(p, 0.0) for p in pairs])
    assert found[0].result is None
    assert "cannot be told: a rank correlation is undefined" in found[0].verdict


def test_another_adapters_scores_do_not_meet():
    pairs = DEFAULT_PAIRS[:12]
    assert join([alignment(p, 0.1) for p in pairs], [downstream(p, 0.1, letter="b") for p in pairs]) == []


@pytest.mark.parametrize(
    ("task", "kind", "pair"),
    [
        ("tli_xquad_tur_Latn", "tli_xquad", "eng_Latn-tur_Latn"),
        ("tli_xquad_r_sentence_eng_Latn-tur_Latn", "tli_xquad_r_sentence_reversed", "eng_Latn-tur_Latn"),
        ("tli_translate_tur_Latn-kaz_Cyrl", "tli_translate", "kaz_Cyrl-tur_Latn"),
        ("tli_xlsum_kyrgyz_en", "tli_xlsum_en", "eng_Latn-kir_Cyrl"),
        ("tli_xlsum_swahili", "tli_xlsum", "eng_Latn-swh_Latn"),
        ("tli_xquad_eng_Latn", "tli_xquad", None),
        ("tli_translate_eng_Latn-swh_Latn", "tli_translate_reversed", "eng_Latn-swh_Latn"),
        ("tli_xquad_r_sentence_tur_Latn-tur_Latn", "tli_xquad_r_sentence_within", "eng_Latn-tur_Latn"),
        ("hellaswag", "hellaswag", None),
    ],
)
def test_a_tasks_name_says_its_pair(task, kind, pair):
    assert (kind_of(task), pair_of(task)) == (kind, pair)
