"""Alignment against language distance, on records with known scores, and from the command line."""

import json

import pytest
from scipy import stats as sps

from tests.command import tli_bench
from tests.support import make_record, make_signature
from tli_bench.base.errors import InputError, ResultError
from tli_bench.base.paths import data_dir
from tli_bench.evaluate.distances import read_distances
from tli_bench.evaluate.explain import LEXICAL, Note, explain, over_seeds
from tli_bench.languages import DEFAULT_PAIRS, LANGUAGES, resolve_pair
from tli_bench.lexicon import load_lexicon
from tli_bench.lexicon.pairs import Split
from tli_bench.measures import lexical_distance
from tli_bench.measures.registry import get_measure
from tli_bench.measures.roles import HEADLINE
from tli_bench.models.identity import AdapterRef
from tli_bench.records import RecordStore
from tli_bench.records.schema import Words
from tli_bench.report.terminal.explained import SHARED, explanation_parts
from tli_bench.report.terminal.layout import lay_out
from tli_bench.stats import holm


def record_of(pair, score, gain=None, protocol="words.v1", dev=(0.1, 0.2), **options):
    """A record of some core words of a pair whose headline is `score` at layer 1, and `score + gain` adapted."""
    words = load_lexicon(pair=pair).of(Split.CONTROL)[:40]
    states = {"base": score} if gain is None else {"base": score, "adapted": score + gain}
    if gain is not None:
        options = {"adapter": AdapterRef(name="a", sha256="a" * 64)} | options
    kept = Words(
        concepts=[w.concept for w in words], sources=[w.source for w in words], targets=[w.target for w in words]
    )
    return make_record(
        task=f"tli_alignment_{pair}",
        pair=pair,
        signature=make_signature(pair=pair, protocol=protocol, **options),
        best_layer=dict.fromkeys(states, "1"),
        curves={
            Split.CONTROL: {s: {HEADLINE: [v / 2, v], "p1": [None, v]} for s, v in states.items()},
            Split.DEV: {"base": {HEADLINE: list(dev)}},
        },
        words={Split.CONTROL: kept},
    )


def test_the_correlation_is_scipys_over_the_pairs():
    scores = {pair: 0.05 * (i % 7) + 0.01 * i for i, pair in enumerate(DEFAULT_PAIRS)}
    (found,) = explain(record_of(pair, score, gain=0.1 - score / 3) for pair, score in scores.items())
    facts = {p.pair: p for p in found.pairs}
    assert facts.keys() == scores.keys()
    distances = [facts[pair].distances[LEXICAL] for pair in scores]
    for relation in found.relations:
        values = [facts[pair].outcomes[relation.outcome] for pair in scores]
        assert relation.result.rho == pytest.approx(sps.spearmanr(values, distances).statistic)
        assert relation.n == len(scores)
        assert not relation.note
    assert facts["tur_Latn-azj_Latn"].outcomes["gain in P@1 of 50"] == pytest.approx(
        0.1 - scores["tur_Latn-azj_Latn"] / 3
    )


def test_relations_are_corrected_together_and_the_conclusion_says_how_many_there_were():
    scores = {pair: 0.05 * (i % 7) + 0.01 * i for i, pair in enumerate(DEFAULT_PAIRS)}
    (found,) = explain(record_of(pair, score, gain=0.1 - score / 3) for pair, score in scores.items())
    assert found.tested == len(found.relations) == 4
    p = [relation.result.p for relation in found.relations]
    assert [relation.holm for relation in found.relations] == pytest.approx(holm(p))
    left = sum(r.holm < 0.05 and not r.result.ci.low <= 0 <= r.result.ci.high for r in found.relations)
    assert found.conclusion.startswith(
        f"of 4 relations tested at layer 1, {'1 is' if left == 1 else f'{left} are'} left after correction, with an interval "
        "that excludes zero (Holm"
    )
    assert [text.plain for text in lay_out(explanation_parts(found), None)][-1] == SHARED
    (few,) = explain(record_of(pair, 0.1 * i) for i, pair in enumerate(DEFAULT_PAIRS[:5]))
    assert (few.tested, few.found) == (0, [])
    assert few.conclusion == "no relation was tested: fewer than 10 pairs cannot tell a correlation from chance"
    assert SHARED not in [text.plain for text in lay_out(explanation_parts(few), None)]


def test_a_relation_whose_interval_holds_zero_is_not_left_however_small_its_p_is():
    """minilm's committed records: Holm's p of 0.029, but an interval from -0.86 to +0.04. The downstream part never told such a one."""
    (found,) = explain(RecordStore(data_dir("leaderboards") / "records" / "minilm"), layer="dev")
    small = [r for r in found.relations if r.holm is not None and r.holm < 0.05]
    (held,) = [r for r in small if r.result.ci.low <= 0 <= r.result.ci.high]
    assert (held.outcome, round(held.holm, 3), round(held.result.ci.high, 2)) == ("base P@1 of 50", 0.029, 0.04)
    assert held.note == "its interval holds zero"
    assert found.found == [r for r in small if r is not held]
    assert "P@1 of 50" not in found.conclusion


def test_values_that_are_missing_are_told_in_one_line_for_each_reason():
    """Five adapters over fifteen pairs gave 75 lines of one sentence."""
    records = [
        record_of(pair, 0.4, 0.1, adapter=AdapterRef(name=name, sha256=name * 64))
        for pair in DEFAULT_PAIRS
        for name in "ab"
    ]
    (found,) = explain(records, layer="0", supplied={"genetic": {frozenset(DEFAULT_PAIRS[0].split("-")): 0.5}})
    lines = [text.plain for text in lay_out(explanation_parts(found), None)]
    label = get_measure("p1").label
    told = f"base {label}, gain in {label} by a, gain in {label} by b (15 pairs)"
    assert [line for line in lines if "unscored" in line] == [f"  unscored in the record: {told}"]
    assert [line for line in lines if "no value" in line] == ["  no value in the table: genetic (14 pairs)"]
    (one,) = explain(records[:2], layer="0", supplied={"genetic": {}})
    assert f"  no value in the table: genetic ({DEFAULT_PAIRS[0]})" in [
        text.plain for text in lay_out(explanation_parts(one), None)
    ]


def test_the_base_stands_once_and_its_relations_and_those_of_all_gains_are_one_family():
    """One base, scored alone and under two adapters: six relations of two measures, by hand from the scores, corrected together."""
    scores = {pair: 0.05 * (i % 7) + 0.01 * i for i, pair in enumerate(DEFAULT_PAIRS)}
    adapters = {name: AdapterRef(name=name, sha256=name * 64) for name in "ab"}
    gains = {"a": lambda x: 0.1 - x / 3, "b": lambda x: x * x}
    records = [record_of(pair, score) for pair, score in scores.items()]
    for name, adapter in adapters.items():
        records += [record_of(pair, score, gains[name](score), adapter=adapter) for pair, score in scores.items()]
    (found,) = explain(records)
    assert found.adapters == ("a", "b")
    assert [facts.pair for facts in found.pairs] == list(scores)
    distances = [facts.distances[LEXICAL] for facts in found.pairs]
    by_hand = {"base P@1 of 50": list(scores.values())}
    by_hand |= {f"gain in P@1 of 50 by {name}": [gains[name](x) for x in scores.values()] for name in adapters}
    told = {relation.outcome: relation for relation in found.relations}
    for outcome, values in by_hand.items():
        assert [facts.outcomes[outcome] for facts in found.pairs] == pytest.approx(values)
        assert told[outcome].result.rho == pytest.approx(sps.spearmanr(values, distances).statistic)
    p = [relation.result.p for relation in found.relations]
    assert len(p) == found.tested == 6
    assert [relation.holm for relation in found.relations] == pytest.approx(holm(p))
    assert (
        "one family: the base and the gain by each of 2 adapters, each measure with each distance" in found.conclusion
    )
    lines = [text.plain for text in lay_out(explanation_parts(found), None)]
    assert sum(line.split()[:1] == ["swh_Latn-eng_Latn"] for line in lines) == 1
    assert "  base and gain by a, b: every pair is read at layer 1" in lines


def test_every_pair_is_read_at_the_one_layer_that_dev_chooses_for_their_mean():
    """Dev prefers layer 1 on one pair and, by more, layer 0 on the other: both are read at layer 0, base and gain alike."""
    pairs = DEFAULT_PAIRS[:2]
    records = [record_of(pairs[0], 0.4, 0.2, dev=(0.1, 0.2)), record_of(pairs[1], 0.6, 0.2, dev=(0.5, 0.1))]
    (found,) = explain(records)
    assert found.layer == "0"
    assert [facts.outcomes["base P@1 of 50"] for facts in found.pairs] == pytest.approx([0.2, 0.3])
    assert [facts.outcomes["gain in P@1 of 50"] for facts in found.pairs] == pytest.approx([0.1, 0.1])
    (found,) = explain(records, layer="output")
    assert [facts.outcomes["base P@1 of 50"] for facts in found.pairs] == pytest.approx([0.4, 0.6])
    with pytest.raises(ResultError, match="no layer '9'"):
        explain(records, layer="9")


def test_the_spread_over_pairs_layers_and_seeds_is_told_apart():
    """Two trainings of one recipe: the gain differs by pair and by layer, and the second training gains half as much more."""
    trained = {"recipe": "tli", "trained_on": DEFAULT_PAIRS[0]}
    records = [
        record_of(
            pair, 0.4, gain * (1 + 0.5 * seed), adapter=AdapterRef(name=f"s{seed}", sha256=str(seed) * 64, **trained)
        )
        for seed in (0, 1)
        for pair, gain in zip(DEFAULT_PAIRS[:3], (0.1, 0.2, 0.3), strict=True)
    ]
    ((title, effects),) = over_seeds(records)
    assert title == f"tiny, sha256:abc, words.v1, tli_alignment, core 0.1.0; tli on {DEFAULT_PAIRS[0]}"
    assert effects.levels == {"pair": 3, "layer": 2, "seed": 2}
    assert sum(effects.shares.values()) == pytest.approx(1)
    assert all(share > 0 for share in effects.shares.values())
    (both,) = explain(records)
    told = ["base P@1 of 50", "gain in P@1 of 50 by s0", "gain in P@1 of 50 by s1"]
    assert [effect.outcome for effect in both.effects] == told
    assert [e.outcome for e in explain(records[:3])[0].effects] == ["base P@1 of 50", "gain in P@1 of 50"]
    assert over_seeds(records[:3]) == []


def test_lexical_distance_is_that_of_the_words_romanised_across_scripts():
    (found,) = explain([record_of("tur_Latn-azj_Latn", 0.1), record_of("tur_Latn-kaz_Cyrl", 0.1)])
    near, across = found.pairs
    words = load_lexicon(pair="tur-azj").of(Split.CONTROL)[:40]
    expected = lexical_distance([w.source for w in words], [w.target for w in words]).ldnd
    assert near.distances[LEXICAL] == pytest.approx(expected)
    assert (near.romanised, across.romanised) == (False, True)
    assert near.same_branch
    assert (across.same_family, across.same_branch, across.same_script) == (True, False, False)
    assert near.distances[LEXICAL] < across.distances[LEXICAL] < 1.0  # relatives, seen through two alphabets


def test_few_pairs_are_said_to_be_few():
    (found,) = explain([record_of("swh_Latn-eng_Latn", 0.1), record_of("tur_Latn-azj_Latn", 0.3)])
    for relation in found.relations:
        assert relation.result is None
        assert "2 pairs are too few to tell a correlation from chance; 10 are needed" in relation.note
    (found,) = explain(record_of(pair, 0.1 * i) for i, pair in enumerate(DEFAULT_PAIRS[:5]))
    assert all(r.result is not None and "5 pairs are too few" in r.note for r in found.relations)


def test_one_pair_is_one_and_words_that_are_not_control_words_are_named():
    control = record_of(DEFAULT_PAIRS[0], 0.1, 0.2)
    train = control.model_copy(update={"curves": {Split.TRAIN: control.curves[Split.CONTROL]}})
    told = explain([control, train])
    titles = [part.title for part in told]
    assert titles[1] == f"{titles[0]}, train words in place of control words"
    assert all("1 pair is too few to tell" in relation.note for part in told for relation in part.relations)


def test_what_was_measured_differently_is_not_mixed():
    records = [record_of("swh_Latn-eng_Latn", 0.1, protocol=p) for p in ("words.v1", "mexa.v1")]
    assert [len(part.pairs) for part in explain(records)] == [1, 1]


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"first_blocks": 1}, "layers 0-1"),
        ({"tokenizer": "sha256:other"}, "tokenizer sha256:other"),
        ({"skip_gate": True}, "skip_gate"),
        ({"leaking": True}, "leaking"),
        ({"split_seed": 1}, "split seed 1"),
        ({"limit": 9}, "limit 9"),
        ({"dtype": "bfloat16"}, "bfloat16"),
    ],
)
def test_a_run_under_other_conditions_in_the_same_folder_stands_apart_and_says_so(other, told):
    """The second run read its pairs' places: its numbers stood under a title that said nothing of it."""
    pairs = DEFAULT_PAIRS[:3]
    usual = [record_of(pair, 0.4, 0.1) for pair in pairs]
    records = usual + [record_of(pair, 0.8, 0.2, **other) for pair in pairs]
    for found in (explain(records), explain(reversed(records))):
        by_title = {told in part.title: part for part in found}
        assert len(found) == 2
        assert [p.outcomes["base P@1 of 50"] for p in by_title[False].pairs] == pytest.approx([0.4] * 3)
        assert [p.outcomes["base P@1 of 50"] for p in by_title[True].pairs] == pytest.approx([0.8] * 3)
        assert not any(part.repeated for part in found)


def test_what_is_unusual_about_an_adapter_stands_next_to_its_name_and_not_at_the_base():
    records = [record_of("swh_Latn-eng_Latn", 0.4), record_of("swh_Latn-eng_Latn", 0.4, 0.1, training_unknown=True)]
    (found,) = explain(records)
    assert found.adapters == ("a (training unknown)",)
    assert "training unknown" not in found.title


def test_the_latest_record_of_a_pair_counts_whichever_way_round_its_languages_are():
    pairs = DEFAULT_PAIRS[:3]
    records = [record_of(pair, 0.4) for pair in pairs]
    turned = "-".join(reversed(pairs[0].split("-")))
    later = record_of(turned, 0.8).model_copy(update={"created": "2026-02-01T00:00:00+00:00"})
    for order in ([*records, later], [later, *records]):
        (found,) = explain(order)
        assert (len(found.pairs), found.repeated) == (3, 1)
        assert sorted(facts.outcomes["base P@1 of 50"] for facts in found.pairs) == pytest.approx([0.4, 0.4, 0.8])
        lines = [text.plain for text in lay_out(explanation_parts(found), None)]
        assert "  1 record is of a unit that occurs more than once in the folder; the latest counts" in lines


def test_pairs_enough_without_a_value_are_not_called_few():
    (found,) = explain(record_of(pair, 0.4) for pair in DEFAULT_PAIRS)
    assert found.conclusion == "no relation was tested: none has values that differ of at least 10 pairs"


@pytest.mark.parametrize(
    "other", [{"settings": "b" * 64}, {"trainable_parameters": 9}, {"loss_layers": ("3",)}, {"recipe": None}]
)
def test_trainings_of_other_settings_are_no_seeds_of_one_recipe(other):
    """A twin on shuffled pairs and another rank carry the name of the recipe, too: their spread was told as that of seeds."""
    known = {"recipe": "tli", "trained_on": DEFAULT_PAIRS[0], "settings": "a" * 64}
    trainings = [AdapterRef(name=f"s{i}", sha256=str(i) * 64, seed=i, **known | (other if i else {})) for i in (0, 1)]
    gains = list(zip(DEFAULT_PAIRS[:3], (0.1, 0.2, 0.3), strict=True))
    records = [record_of(pair, 0.4, gain, adapter=adapter) for adapter in trainings for pair, gain in gains]
    assert over_seeds(records) == []
    limited = [record_of(pair, 0.4, gain, adapter=trainings[0], limit=9) for pair, gain in gains]
    third = AdapterRef(name="s3", sha256="3" * 64, seed=3, **known)
    assert over_seeds([*limited, *(record_of(pair, 0.4, gain, adapter=third) for pair, gain in gains)]) == []


def test_one_layer_for_all_pairs_is_never_each_pairs_own():
    with pytest.raises(ResultError, match="no layer 'best'; choose dev, output or one of 0, 1"):
        explain([record_of("swh_Latn-eng_Latn", 0.1)], layer="best")


def test_supplied_distances(tmp_path):
    path = tmp_path / "uriel.csv"
    path.write_text("lang1,lang2,genetic,geographic\neng,swh,1.0,0.5\ntur,aze,0.2,\nfra,eng,0.1,0.1\n")
    found = read_distances(path)
    assert found["genetic"] == {frozenset(("eng_Latn", "swh_Latn")): 1.0, frozenset(("tur_Latn", "azj_Latn")): 0.2}
    (part,) = explain([record_of("tur_Latn-azj_Latn", 0.1)], supplied=found)
    assert part.pairs[0].distances["genetic"] == 0.2
    assert part.pairs[0].distances["geographic"] is None
    assert Note("geographic", "no value in the table") in part.pairs[0].notes


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lang1,lang2\na,b\n", "no distance next to lang1 and lang2"),
        ("a,b,c\n1,2,3\n", ":1: no column 'lang1'"),
        ("lang1,lang2,d\neng,swh,far\n", ":2: column 'd' holds 'far'"),
        ("lang1,lang2,d\neng,swh,1\nswh,eng,2\n", ":3: 'd' of eng_Latn-swh_Latn differs from an earlier line"),
    ],
)
def test_broken_distances_name_line_and_column(tmp_path, text, message):
    (tmp_path / "u.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_distances(tmp_path / "u.csv")


def test_from_the_command_line(tmp_path):
    store = RecordStore(tmp_path / "runs")
    for i, pair in enumerate(DEFAULT_PAIRS[:4]):
        store.write(record_of(pair, 0.1 + 0.05 * i))
    uriel = tmp_path / "u.csv"
    uriel.write_text("lang1,lang2,genetic\n" + "".join(f"{code},eng,0.{i}\n" for i, code in enumerate(LANGUAGES, 1)))
    printed = tli_bench("explain", tmp_path / "runs", "--uriel", uriel, "--output", tmp_path / "out.json")
    assert "4 pairs are too few" in printed
    assert all(resolve_pair(pair)[0].code in printed for pair in DEFAULT_PAIRS[:4])
    (part,) = json.loads((tmp_path / "out.json").read_text())["distance"]
    assert len(part["pairs"]) == 4
    assert {r["distance"] for r in part["relations"]} == {LEXICAL, "genetic"}
    (tmp_path / "empty").mkdir()
    assert "no records to explain" in tli_bench("explain", tmp_path / "empty", code=2)
    assert "is not a folder" in tli_bench("explain", tmp_path / "absent", code=2)
