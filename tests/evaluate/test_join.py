"""The join finds a planted relation and no other, counts pairs and not points, and never mixes what does not belong together."""

import numpy as np
import pytest

from tests.support import downstream_record, make_record, make_signature
from tli_bench.base.errors import UnknownNameError
from tli_bench.evaluate.join import EACH, join
from tli_bench.languages import DEFAULT_PAIRS
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.roles import HEADLINE
from tli_bench.models.identity import AdapterRef
from tli_bench.records.task_pairs import kind_of, pair_of

PAIRS = DEFAULT_PAIRS


def adapter(letter="a", name="x"):
    return AdapterRef(name=name, sha256=letter * 64, rank=4)


def alignment(pair, change, *, letter="a", name="x", task="tli_alignment", **signature):
    """An alignment record of two layers whose headline on control words changes by half of `change` at layer 0, by `change` at layer 1."""
    who = adapter(letter, name) if letter else None
    states = {"base": {HEADLINE: [0.1, 0.2]}}
    if who:
        states["adapted"] = {HEADLINE: [0.1 + change / 2, 0.2 + change]}
    return make_record(
        task=f"{task}_{pair}", pair=pair, signature=make_signature(pair=pair, adapter=who, **signature),
        best_layer=dict.fromkeys(states, "1"), curves={Split.CONTROL: states},
    )  # fmt: skip


def downstream(pair, change, *, letter="a", name="x", task="tli_translate", metric="p1", better=True, **fields):
    who = adapter(letter, name) if letter else None
    scores = {"base": {metric: 0.3}} | ({"adapted": {metric: None if change is None else 0.3 + change}} if who else {})
    return downstream_record(
        **{"task": f"{task}_{pair}", "source": "lexicon:core", "model": "tiny", "adapter": who, "scores": scores,
           "higher_is_better": {metric: better}} | fields,
    )  # fmt: skip


def noise(n, seed):
    return np.random.default_rng(seed).normal(size=n) / 10


def rows(found):
    return {(a.kind, a.metric, a.within, a.layer): a for part in found.joined for a in part.associations}


def test_a_planted_relation_is_found_and_a_shuffled_one_is_not():
    changes = [i / 50 for i in range(len(PAIRS))]
    shuffled = np.random.default_rng(3).permutation(changes)
    records = [alignment(pair, change) for pair, change in zip(PAIRS, changes, strict=True)]
    planted = [downstream(pair, change / 2) for pair, change in zip(PAIRS, changes, strict=True)]
    worse = [downstream(p, c / 2, task="err", better=False) for p, c in zip(PAIRS, changes, strict=True)]
    random = [downstream(p, float(c), task="random") for p, c in zip(PAIRS, shuffled, strict=True)]
    found = join(records, [*planted, *worse, *random], layers=["best", "output"])
    table = rows(found)
    for kind, verdict in (
        ("tli_translate", "better where alignment gained more"),
        ("err", "worse where alignment gained more"),
        ("random", "cannot be told from none"),
    ):
        for layer in ("best", "output"):
            row = table[kind, "p1", "x", layer]
            assert row.verdict == verdict
            assert (row.result.n, row.result.clusters, row.units) == (len(PAIRS),) * 3
    assert table["tli_translate", "p1", "x", "best"].result.rho == pytest.approx(1)
    assert abs(table["random", "p1", "x", "best"].result.rho) < 0.4
    (part,) = found.joined
    assert (part.family, part.pairs, part.adapters) == (6, len(PAIRS), ("x",))
    assert found.notes == ()


def test_random_scores_seldom_seem_to_matter():
    records = [alignment(pair, float(x)) for pair, x in zip(PAIRS, noise(len(PAIRS), 1), strict=True)]
    told = 0
    for seed in range(100, 140):
        scores = [downstream(p, float(y)) for p, y in zip(PAIRS, noise(len(PAIRS), seed), strict=True)]
        table = rows(join(records, scores, layers=["output"], seed=seed))
        told += "where alignment" in table["tli_translate", "p1", "x", "output"].verdict
    assert told <= 6  # 2 expected at 5 %; more than 6 of 40 has a chance below 1 in 200


def test_p_values_are_corrected_over_all_that_was_tested():
    records = [alignment(pair, float(x)) for pair, x in zip(PAIRS, noise(len(PAIRS), 1), strict=True)]
    kinds = [f"kind{i}" for i in range(30)]
    scores = [
        downstream(p, float(y), task=kind)
        for i, kind in enumerate(kinds)
        for p, y in zip(PAIRS, noise(len(PAIRS), 200 + i), strict=True)
    ]
    (part,) = join(records, scores, layers=["best", "output"]).joined
    assert part.family == 60
    assert min(a.result.p for a in part.associations) < 0.05 < min(a.holm for a in part.associations)
    assert not any("where alignment" in a.verdict for a in part.associations)
    chance = [a for a in part.associations if a.verdict == "may be chance among 60 tests"]
    assert all(a.result.p < 0.05 for a in chance)
    assert chance
    assert all(a.result.p <= a.bh <= a.holm for a in part.associations)
    (alone,) = join(records, scores, metrics=["p1"], layers=["output"]).joined
    assert alone.family == 30


@pytest.mark.parametrize(
    ("n", "verdict"),
    [
        (1, "1 pair is too few to tell; 10 are needed"),
        (4, "4 pairs are too few to tell; 10 are needed"),
        (9, "9 pairs are too few to tell; 10 are needed"),
        (10, "better where alignment gained more"),
    ],
)
def test_fewer_than_ten_pairs_are_too_few(n, verdict):
    pairs = PAIRS[:n]
    found = join(
        [alignment(p, i / 50) for i, p in enumerate(pairs)], [downstream(p, i / 40) for i, p in enumerate(pairs)]
    )
    (part,) = found.joined
    assert {a.verdict for a in part.associations} == {verdict}
    assert part.family == (1 if n == 10 else 0)  # dev chooses the output: one test, not two


def test_adapters_do_not_make_up_for_pairs():
    """Four pairs under ten adapters are 40 points and still four pairs."""
    letters = "abcdef0123"
    records = [
        alignment(p, i / 9 + j / 7, letter=a, name=a) for i, p in enumerate(PAIRS[:4]) for j, a in enumerate(letters)
    ]
    scores = [
        downstream(p, i / 9 + j / 7, letter=a, name=a) for i, p in enumerate(PAIRS[:4]) for j, a in enumerate(letters)
    ]
    table = rows(join(records, scores, layers=["output"]))
    pooled = table["tli_translate", "p1", "", "output"]
    assert (len(pooled.points), pooled.units, pooled.holm) == (40, 4, None)
    assert pooled.verdict.startswith("4 pairs are too few")
    assert table["tli_translate", "p1", "a", "output"].verdict.startswith("4 pairs are too few")
    # Ten adapters of one pair are ten units of another kind.
    one = table["tli_translate", "p1", "eng_Latn-swh_Latn", "output"]
    assert (one.over, one.units, one.verdict) == ("adapters", 10, "better where alignment gained more")


def test_what_only_tells_adapters_apart_is_no_evidence():
    """One adapter gains more of both in every pair; within an adapter there is nothing."""

    def made(build, seed):
        return [
            build(p, float(noise(len(PAIRS), seed + j)[i]) / 10 + 0.5 * j, letter=letter, name=letter)
            for i, p in enumerate(PAIRS) for j, letter in enumerate("ab")
        ]  # fmt: skip

    table = rows(join(made(alignment, 10), made(downstream, 20), layers=["output"]))
    pooled = table["tli_translate", "p1", "", "output"]
    assert (pooled.result.n, pooled.result.clusters) == (30, 15)
    assert pooled.result.rho > 0.6
    assert pooled.result.ci.low > 0
    assert pooled.result.p > 0.05
    assert pooled.verdict == "no more than the difference between adapters gives"
    for letter in "ab":
        assert table["tli_translate", "p1", letter, "output"].verdict == "cannot be told from none"


def test_a_relation_between_pairs_is_found_over_two_adapters():
    records = [
        alignment(p, i / 50 + j / 3, letter=a, name="same") for i, p in enumerate(PAIRS) for j, a in enumerate("ab")
    ]
    scores = [
        downstream(p, i / 40 + j / 9, letter=a, name="same") for i, p in enumerate(PAIRS) for j, a in enumerate("ab")
    ]
    found = join(records, scores, layers=["output"])
    pooled = rows(found)["tli_translate", "p1", "", "output"]
    assert pooled.verdict == "better where alignment gained more"
    assert found.joined[0].adapters == ("same-aaaaaaaa", "same-bbbbbbbb")


def bitext(pair, changes):
    """A task read by layer, whose P@1 changes by `changes` at the two layers and by 0.07 where it is read."""
    curves = {"base": {"p1": [0.1, 0.2]}, "adapted": {"p1": [0.1 + changes[0], 0.2 + changes[1]]}}
    return downstream(
        pair, 0.07, task="tli_bitext", layers=("0", "1"), curves=curves,
        scores={"base": {"p1": 0.3}, "adapted": {"p1": 0.37, "p1_output": 0.1, "queries": 9.0}},
    )  # fmt: skip


def test_all_pairs_are_read_at_one_layer_whatever_each_chose_for_itself():
    """Dev words choose layer 0 for the mean of the pairs, though half of the pairs would choose layer 1 for themselves."""
    records = []
    for i, pair in enumerate(PAIRS):
        record = alignment(pair, i / 50)
        own = [0.1, 0.2] if i % 2 else [0.9, 0.1]
        best = dict.fromkeys(("base", "adapted"), str(i % 2))
        curves = record.curves | {Split.DEV: {"base": {HEADLINE: own}}}
        records.append(record.model_copy(update={"curves": curves, "best_layer": best}))
    scores = [bitext(p, (-i / 50, i / 40)) for i, p in enumerate(PAIRS)]
    (part,) = join(records, scores).joined
    assert part.layer == "0"
    assert [a.layer for a in part.associations] == ["0", "output", EACH]
    fixed = part.associations[0]
    assert {point.layer for point in fixed.points} == {"0"}
    assert [point.x for point in fixed.points] == pytest.approx([i / 100 for i in range(len(PAIRS))])
    assert fixed.result.rho == pytest.approx(-1)
    (each,) = join(records, scores, layers=["best"]).joined
    assert {point.layer for point in each.associations[0].points} == {"0", "1"}


def test_a_task_read_by_layer_is_read_at_the_layer_of_the_alignment():
    records = [alignment(p, i / 50) for i, p in enumerate(PAIRS)]
    scores = [bitext(p, (-i / 50, i / 40)) for i, p in enumerate(PAIRS)]
    table = rows(join(records, scores, layers=["best", "output", "0"]))
    assert {metric for _, metric, _, _ in table} == {"p1"}
    at = {layer: table["tli_bitext", "p1", "x", layer] for layer in ("best", "output", "0", EACH)}
    assert at["best"].verdict == "cannot be told: the score changed by +0.07 everywhere"
    assert at["output"].result.rho == pytest.approx(1)
    assert at["0"].result.rho == pytest.approx(-1)
    assert (at[EACH].result.n, at[EACH].result.clusters) == (30, 15)
    assert {p.layer for p in at[EACH].points} == {"0", "1"}
    assert rows(join(records, scores, layers=["all"])).keys() == {
        ("tli_bitext", "p1", "x", n) for n in ("0", "1", EACH)
    }


def test_the_first_blocks_alone_have_no_output_and_no_best_layer_to_relate_to_scores_of_the_whole_model():
    """Layer 1 of `--layers 0-1` was called the output, and dev's choice among two layers the best, next to scores of all layers."""
    records = [alignment(p, i / 50, first_blocks=1) for i, p in enumerate(PAIRS)]
    scores = [downstream(p, i / 40) for i, p in enumerate(PAIRS)]
    for asked in (["output"], ["best", "output"]):
        found = join(records, scores, layers=asked)
        assert found.joined == ()
        assert found.notes == (
            "tiny, sha256:abc, words.v1, tli_alignment, core 0.1.0, layers 0-1: not related at layer "
            f"{', '.join(asked)}, since only the first blocks were loaded and downstream scores are of the whole model; name a layer "
            "(--layer), or score the words without --layers",
        )
    table = rows(join(records, scores))
    assert {layer for *_, layer in table} == {"1"}  # what dev chooses of the two, by its name
    assert rows(join(records, scores, layers=["1"]))["tli_translate", "p1", "x", "1"].result.n == len(PAIRS)
    assert join(records, scores, layers=["1"]).notes == ()
    # Next to those of the whole model, which are related as ever.
    whole = join([*records, *(alignment(p, i / 50) for i, p in enumerate(PAIRS))], scores, layers=["output"])
    assert [part.title for part in whole.joined] == ["tiny, sha256:abc, words.v1, tli_alignment, core 0.1.0"]


def test_a_constant_change_and_unscored_points_are_told_apart_from_no_correlation():
    records = [alignment(p, i / 50) for i, p in enumerate(PAIRS)]
    scores = [downstream(p, 0.0, task="same") for p in PAIRS]
    scores += [downstream(p, None if i < 3 else i / 40, task="partly") for i, p in enumerate(PAIRS)]
    table = rows(join(records, scores, layers=["output"]))
    same, partly = (table[kind, "p1", "x", "output"] for kind in ("same", "partly"))
    assert (same.result, same.holm, same.verdict) == (None, None, "cannot be told: the score did not change")
    assert (partly.unscored, partly.result.n) == (3, len(PAIRS) - 3)
    still = join([alignment(p, 0.0) for p in PAIRS], [downstream(p, i / 40) for i, p in enumerate(PAIRS)])
    assert {a.verdict for a in still.joined[0].associations} == {"cannot be told: alignment did not change"}


def test_control_words_too_few_to_be_scored_are_no_crash():
    curves = {Split.CONTROL: {state: {"sink_ratio": [1.0, 1.0]} for state in ("base", "adapted")}}
    records = [alignment(p, 0.1).model_copy(update={"curves": curves}) for p in PAIRS]
    found = join(records, [downstream(p, i / 40) for i, p in enumerate(PAIRS)])
    assert found.joined == ()
    assert found.notes == (
        "tiny, sha256:abc, words.v1, tli_alignment, core 0.1.0: p1_of_50 of the control words is unscored in "
        "all 15 records; a larger --limit, or a list with more control words, scores more",
    )


def test_fixtures_and_limits_are_kept_apart_from_benchmarks():
    records = [alignment(p, i / 50) for i, p in enumerate(PAIRS)]
    kinds = ({}, {"source": "fixtures:x"}, {"limit": 9}, {"source": "hub:a -> fixtures:b", "limit": 9})
    scores = [downstream(p, i / 40, **fields) for fields in kinds for i, p in enumerate(PAIRS)]
    (part,) = join(records, scores, layers=["output"]).joined
    assert {a.data: a.result.n for a in part.associations} == dict.fromkeys(
        ("", "fixtures", "limit 9", "fixtures, limit 9"), len(PAIRS)
    )


def test_records_that_were_asked_in_different_ways_are_never_in_one_correlation_and_the_fields_are_named():
    records = [alignment(p, i / 50) for i, p in enumerate(PAIRS)]
    ways = ({}, {"chat_template": True}, {"chat_template": True, "num_fewshot": 2})
    scores = [
        downstream(p, i / 40, **fields, fewshot_source=f"dev words of {p}" if "num_fewshot" in fields else None)
        for fields in ways
        for i, p in enumerate(PAIRS)
    ]
    found = join(records, scores, layers=["output"])
    (part,) = found.joined
    assert {a.kind: a.result.n for a in part.associations} == dict.fromkeys(
        ("tli_translate", "tli_translate (chat_template True)", "tli_translate (chat_template True, num_fewshot 2)"), len(PAIRS),
    )  # fmt: skip
    assert found.notes == (
        "tli_translate: its records were not asked in the same way, so each way is correlated by itself; score all with the same "
        "chat_template, num_fewshot",
    )


@pytest.mark.parametrize(
    "other",
    [{"letter": "b"}, {"revision": "sha256:other"}, {"dtype": "bfloat16"}, {"quantization": "nf4"}, {"model": "m"}],
)
def test_scores_of_another_model_or_adapter_do_not_meet(other):
    found = join([alignment(p, 0.1) for p in PAIRS], [downstream(p, 0.1, **other) for p in PAIRS])
    assert found.joined == ()
    assert found.notes == (
        "15 downstream records have no alignment record of the same model, precision, adapter and pair: "
        + ", ".join(sorted(f"tli_translate_{p}" for p in PAIRS)[:5])
        + " and 10 more",
    )


def test_protocols_and_kinds_of_alignment_task_are_not_mixed():
    records = [alignment(p, i / 50) for i, p in enumerate(PAIRS)]
    records += [alignment(p, -i / 50, protocol="mexa.v1") for i, p in enumerate(PAIRS)]
    records += [alignment(p, 0.1, task="tli_probe_control") for p in PAIRS]
    found = join(records, [downstream(p, i / 40) for i, p in enumerate(PAIRS)], layers=["output"])
    rho = {part.title: part.associations[0].result and part.associations[0].result.rho for part in found.joined}
    assert rho == {
        "tiny, sha256:abc, words.v1, tli_alignment, core 0.1.0": pytest.approx(1),
        "tiny, sha256:abc, mexa.v1, tli_alignment, core 0.1.0": pytest.approx(-1),
        "tiny, sha256:abc, words.v1, tli_probe_control, core 0.1.0": None,
    }


def test_of_two_records_of_one_unit_the_later_counts():
    later = "2026-02-01T00:00:00+00:00"
    records = [alignment(p, i / 50) for i, p in enumerate(PAIRS)]
    first, second = (
        [downstream(p, s * i / 40, **f) for i, p in enumerate(PAIRS)] for s, f in ((-1, {}), (1, {"created": later}))
    )
    for scores in ([*first, *second], [*second, *first]):
        found = join(records, scores, layers=["output"])
        assert found.joined[0].associations[0].result.rho == pytest.approx(1)
        assert found.notes == ("15 records are of units that occur more than once in the folder; the latest counts",)


def test_without_an_adapter_there_is_nothing_to_relate():
    records = [alignment(p, 0.1, letter="") for p in PAIRS]
    found = join(records, [downstream(p, 0.1, letter="") for p in PAIRS])
    assert found.joined == ()
    assert found.notes == (
        "15 downstream records have no adapter: nothing changed that could be related; run them with --adapter",
    )
    (note,) = join(records, []).notes
    assert note.startswith("no downstream records: `tli-bench run --tasks tli_alignment,tli_bitext")
    (note,) = join(records, [downstream(p, 0.1) for p in PAIRS]).notes
    assert note.startswith("no alignment record has an adapter and control words")


def test_a_task_of_no_one_pair_is_named():
    records = [alignment(p, i / 50) for i, p in enumerate(PAIRS)]
    (note,) = join(records, [downstream("eng_Latn", 0.1, task="tli_xquad")]).notes
    assert note == "of no one pair, so left out: tli_xquad_eng_Latn"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"measure": "gapp"}, "unknown measure 'gapp'; did you mean 'gap'"),
        ({"layers": ["7"]}, "unknown layer '7'; known: 0, 1, all, best, dev, output"),
        ({"metrics": ["p2"]}, "unknown metric 'p2'; known: p1"),
    ],
)
def test_a_name_that_no_record_has_is_an_error(options, message):
    with pytest.raises(UnknownNameError, match=message):
        join([alignment(p, 0.1) for p in PAIRS], [downstream(p, 0.1) for p in PAIRS], **options)


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
        ("arc_easy", "arc_easy", None),
        ("belebele_swh_Latn", "belebele", "eng_Latn-swh_Latn"),
        ("xnli_tr", "xnli", "eng_Latn-tur_Latn"),
        ("xnli_en", "xnli", None),
        ("afrixnli_swa_prompt_1", "afrixnli_prompt_1", "eng_Latn-swh_Latn"),
        ("include_base_44_kazakh", "include_base_44", "eng_Latn-kaz_Cyrl"),
        ("multiblimp_kir", "multiblimp", "eng_Latn-kir_Cyrl"),
    ],
)
def test_a_tasks_name_says_its_kind_and_pair(task, kind, pair):
    assert (kind_of(task), pair_of(task)) == (kind, pair)
