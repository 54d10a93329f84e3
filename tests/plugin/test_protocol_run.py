"""`tli-bench run --protocol a,b,FILE.yaml` from the command line: one record a protocol, all in the table."""

import json

import pytest

from tests.command import tli_bench
from tli_bench.measures.roles import HEADLINE

TASK = "tli_alignment_swh_Latn-eng_Latn"


@pytest.fixture(scope="module")
def run(model_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("protocols")
    own = folder / "own.yaml"
    own.write_text("name: own\nversion: 3\npooling: word-last\ntemplate: 'Word: {word}!'\n", encoding="utf-8")
    arguments = ("run", "--model", model_folder("llama"), "--pairs", "swh-eng", "--limit", 75, "--skip-gate")
    arguments += ("--protocol", f"words,words.v1,tli-pilot,carrier:next,{own}", "--output", folder / "out")
    printed = tli_bench(*arguments)
    records = [json.loads(path.read_text()) for path in sorted((folder / "out").rglob(f"{TASK}/*.json"))]
    results = json.loads(next((folder / "out").glob("results_*.json")).read_text())
    return printed, {r["signature"]["protocol"].split("+")[0]: r for r in records}, results, arguments


def test_one_record_a_protocol(run):
    printed, records, _, _ = run
    assert records.keys() == {"words.v2", "words.v1", "tli-pilot.v1", "carrier:next.v2", "own.v3"}
    for record in records.values():
        assert record["signature"]["protocol"] in printed
    poolings = {name: record["signature"]["pooling"] for name, record in records.items()}
    assert poolings["tli-pilot.v1"] == "all-mean"
    assert poolings["own.v3"] == "word-last"


def test_each_record_holds_its_controls(run):
    _, records, _, _ = run
    for name, record in records.items():
        controls, curves = record["controls"], record["curves"]["control"]["base"]
        assert controls["first_pooled"] == (name == "tli-pilot.v1")
        assert set(controls["spelling"]) == {"train", "dev", "control"}
        assert {s["kind"] for s in controls["strata"]} == {
            "overlap",
            "form",
            "pos",
            "parts",
            "frequency",
            "origin",
            "source tokens",
            "target tokens",
        }
        assert len(controls["family"]["tests"]) == len(record["signature"]["layers"])
        assert controls["nulls"]
        assert controls["power"]
        assert all(value is not None for value in curves["sink_ratio"] + curves["cosine_with_first"])
        assert ("gap_last" in curves) == (name in ("words.v1", "words.v2"))


def test_the_pilots_curve_is_the_words_cosine_with_position_0(run):
    _, records, _, _ = run
    pilot, words = (records[name]["curves"]["control"]["base"] for name in ("tli-pilot.v1", "words.v1"))
    assert words["cosine_with_first"] == pytest.approx(pilot["cosine"], abs=1e-6)
    assert words["cosine_without_first"] == pytest.approx(words["cosine"], abs=1e-6)


def test_the_words_record_says_what_stands_before_a_word_and_what_the_framing_did(run):
    printed, records, _, _ = run
    words, old, carrier = (records[name] for name in ("words.v2", "words.v1", "carrier:next.v2"))
    assert words["signature"]["tokens"] == 'bos lead="." space=yes'
    assert old["signature"]["tokens"] == "bos"
    assert f"framing: {words['signature']['tokens']}; own sink on 0.0% of the words" in printed
    for record in records.values():
        assert record["signature"]["own_sink"] == record["controls"]["own_sink"] == 0.0
        counts = record["controls"]["unknown"]["control"]
        assert set(counts) == {"swh_Latn", "eng_Latn"}
        assert {count["lost"] for count in counts.values()} == {0}
    depth = len(words["signature"]["layers"])
    assert [len(curve) for curve in words["controls"]["confirmation"].values()] == [depth]
    assert words["controls"]["confirmation"] == old["controls"]["confirmation"]
    assert carrier["controls"]["confirmation"] == {}  # it would confirm itself
    assert "in a sentence" in printed


def test_the_results_file_holds_every_protocol_and_the_corrections(run):
    _, records, results, _ = run
    scalars = results["results"][TASK]
    for name, prefix in (
        ("words.v2", ""),
        ("words.v1", "words.v1/"),
        ("tli-pilot.v1", "tli-pilot/"),
        ("own.v3", "own/"),
    ):
        record = records[name]
        depth = record["signature"]["layers"].index(record["best_layer"]["base"])
        for name in ("gap", HEADLINE):
            value = record["curves"]["control"]["base"][name][depth]
            assert scalars[f"{prefix}control_{name},none"] == value
    tests = results["tli_corrections"]
    assert len(tests) == sum(len(r["controls"]["family"]["tests"]) for r in records.values())
    assert all(test["p"] <= test["bh"] * (1 + 1e-12) and test["bh"] <= test["holm"] * (1 + 1e-12) for test in tests)


@pytest.mark.slow
def test_a_second_run_reads_all_records_back(run):
    _, _, results, arguments = run
    printed = tli_bench(*arguments)
    assert printed.count("done before") == 5
    latest = max(arguments[-1].glob("results_*.json"), key=lambda p: p.stat().st_mtime_ns)
    first, second = (r["results"][TASK] for r in (results, json.loads(latest.read_text())))
    scores = {name: value for name, value in first.items() if isinstance(value, float)}
    assert len(scores) > 100
    assert scores == {name: value for name, value in second.items() if isinstance(value, float)}


def test_a_wrong_protocol_costs_no_model_load(tmp_path):
    message = tli_bench("run", "--model", "absent-model", "--protocol", "words,pilot", "--output", tmp_path, code=2)
    assert "did you mean 'tli-pilot'" in message
