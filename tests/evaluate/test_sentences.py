"""MEXA of sentences against Belebele: a planted relation is found, none is claimed of few languages, and only like is joined."""

import json

import pytest

from tests.command import tli_bench
from tli_bench.evaluate.sentences import mexa_and_belebele
from tli_bench.models.identity import AdapterRef
from tli_bench.records.downstream import write_downstream
from tli_bench.records.schema import DownstreamRecord

CODES = (
    "arb_Arab", "azj_Latn", "deu_Latn", "ell_Grek", "hin_Deva", "kaz_Cyrl", "kir_Cyrl", "rus_Cyrl", "spa_Latn", "swh_Latn", "tur_Latn",
    "uzn_Latn",
)  # fmt: skip
ADAPTER = AdapterRef(name="mine", sha256="b" * 64)


def record(task, scores, *, adapter=None, limit=None, model="m", created="2026-01-01T00:00:00+00:00", **asked):
    return DownstreamRecord(
        task=task, task_version=1, source="folder", documents=100, limit=limit, model=model, revision="r", adapter=adapter,
        scores=scores, higher_is_better=dict.fromkeys(scores["base"], True), versions={}, created=created,
        **{"dtype": "float32", "quantization": None} | asked,
    )  # fmt: skip


def both(codes, accuracy, **options):
    """Records of both tasks: MEXA rises by a hundredth from language to language."""
    for number, code in enumerate(codes):
        mexa = number / 100
        yield record(f"tli_mexa_{code}", {"base": {"mexa_mean": mexa, "mexa_max": 2 * mexa}}, **options)
        yield record(f"belebele_{code}", {"base": {"acc": accuracy(number)}}, **options)


def test_a_planted_relation_is_found_and_its_absence_too():
    mean, most = mexa_and_belebele(both(CODES, lambda number: 0.3 + number / 50))
    assert (mean.summary, most.summary) == ("mexa_mean", "mexa_max")
    assert [point.language for point in mean.points] == sorted(CODES)
    assert mean.points[3][1:] == (0.03, 0.36)
    assert mean.pearson == pytest.approx(1)
    assert mean.result.rho == pytest.approx(1)
    assert mean.result.p < 0.001
    other = mexa_and_belebele(both(CODES, lambda number: 0.3 + number % 2 / 10))[0]
    assert abs(other.pearson) < 0.2
    assert other.result.p > 0.4


def test_pearson_by_hand():
    """Of 0 .. 11 and their squares: sums of products about the means are 1573, of squares 143 and 18637.67."""
    found = mexa_and_belebele(both(CODES, lambda number: number**2 / 200))[0]
    assert found.pearson == pytest.approx(1573 / (143 * (39974 - 506**2 / 12)) ** 0.5)
    assert found.result.rho == pytest.approx(1)


def test_of_few_languages_nothing_is_said():
    found = mexa_and_belebele(both(CODES[:9], lambda number: number / 20))[0]
    assert (len(found.points), found.pearson, found.result) == (9, None, None)
    assert found.note == "nothing is tested with fewer than 10 languages"
    flat = mexa_and_belebele(both(CODES, lambda number: 0.25))[0]
    assert "every value of y is 0.25" in flat.note


def test_only_what_belongs_together_is_joined():
    one = [*both(CODES[:3], lambda number: 0.5)]
    alone = record("tli_mexa_tur_Latn", {"base": {"mexa_mean": 0.5, "mexa_max": 0.5}})
    elsewhere = record("belebele_tur_Latn", {"base": {"acc": 0.9}}, model="another")
    limited = record("belebele_tur_Latn", {"base": {"acc": 0.1}}, limit=5)
    found = mexa_and_belebele([*one, alone, elsewhere, limited])
    assert {linked.model for linked in found} == {"m"}
    assert {point.language for point in found[0].points} == set(CODES[:3])
    assert mexa_and_belebele([alone, elsewhere]) == []


def test_base_and_adapter_stand_apart_and_the_latest_record_counts():
    scores = {"base": {"acc": 0.3}, "adapted": {"acc": 0.4}}
    mexa = {"base": {"mexa_mean": 0.1, "mexa_max": 0.2}, "adapted": {"mexa_mean": 0.3, "mexa_max": 0.4}}
    found = mexa_and_belebele([
        record("tli_mexa_swh_Latn", mexa, adapter=ADAPTER),
        record("belebele_swh_Latn", scores, adapter=ADAPTER, created="2026-02-01T00:00:00+00:00"),
        record("belebele_swh_Latn", {"base": {"acc": 0.9}}),
    ])  # fmt: skip
    assert [(linked.adapter, linked.state, linked.points[0][1:]) for linked in found] == [
        ("", "base", (0.1, 0.3)), ("", "base", (0.2, 0.3)), ("mine", "adapted", (0.3, 0.4)), ("mine", "adapted", (0.4, 0.4)),
    ]  # fmt: skip


def test_adapters_of_one_name_and_ways_of_asking_stand_apart():
    """The later adapter's Belebele stood next to the earlier one's MEXA, and answers after examples next to answers without."""
    other = AdapterRef(name="mine", sha256="c" * 64)
    found = mexa_and_belebele([
        record("tli_mexa_swh_Latn", {"base": {"mexa_mean": 0.1}, "adapted": {"mexa_mean": 0.3}}, adapter=ADAPTER),
        record("belebele_swh_Latn", {"base": {"acc": 0.3}, "adapted": {"acc": 0.4}}, adapter=other),
        record("belebele_swh_Latn", {"base": {"acc": 0.7}}, num_fewshot=3, created="2026-02-01T00:00:00+00:00"),
    ])  # fmt: skip
    assert [(linked.how, linked.adapter, linked.state, linked.points[0][1:]) for linked in found] == [
        ("r", "", "base", (0.1, 0.3)), ("r, num_fewshot 3", "", "base", (0.1, 0.7)),
    ]  # fmt: skip
    again = mexa_and_belebele([
        record("tli_mexa_swh_Latn", {"base": {"mexa_mean": 0.1}, "adapted": {"mexa_mean": value}}, adapter=adapter)
        if task == "mexa" else record("belebele_swh_Latn", {"base": {"acc": 0.3}, "adapted": {"acc": 2 * value}}, adapter=adapter)
        for adapter, value in ((ADAPTER, 0.2), (other, 0.4)) for task in ("mexa", "belebele")
    ])  # fmt: skip
    assert [(linked.adapter, linked.points[0][1:]) for linked in again if linked.state == "adapted"] == [
        ("mine bbbbbbbb", (0.2, 0.4)), ("mine cccccccc", (0.4, 0.8)),
    ]  # fmt: skip


def test_explain_shows_it_without_alignment_records(tmp_path):
    for item in both(CODES, lambda number: 0.3 + number / 50):
        write_downstream(tmp_path, item)
    said = tli_bench("explain", tmp_path, "--output", tmp_path / "told.json")
    assert "12 languages: Pearson +1.00; Spearman +1.00" in said
    assert '"pearson"' in (tmp_path / "told.json").read_text()


def test_options_are_checked_and_the_file_has_its_keys_without_alignment_records(tmp_path):
    """A file of distances that did not exist, and measures and metrics that nothing has, passed without a word."""
    for item in both(CODES, lambda number: 0.3 + number / 50):
        write_downstream(tmp_path / "runs", item)
    for options, message in (
        (("--uriel", tmp_path / "none.csv"), "none.csv"),
        (("--measure", "gapp"), "unknown measure 'gapp'; did you mean 'gap'"),
        (("--metric", "accc"), "unknown metric 'accc'; did you mean 'acc'"),
    ):
        told = tli_bench("explain", tmp_path / "runs", *options, "--output", tmp_path / "told.json", code=2)
        assert message in told
        assert not (tmp_path / "told.json").exists()
    tli_bench("explain", tmp_path / "runs", "--output", tmp_path / "told.json")
    told = json.loads((tmp_path / "told.json").read_text())
    assert told.keys() == {"distance", "downstream", "sentences"}
    assert (told["distance"], told["downstream"]["joined"]) == ([], [])
