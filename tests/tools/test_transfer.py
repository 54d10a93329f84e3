"""The transfer matrix: its arithmetic on made-up points, and a real training, resumed, through the command."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tli_bench.base.errors import ResultError
from tli_bench.lexicon import load_lexicon
from tli_bench.lexicon.pairs import Split
from tli_bench.models import load_model
from tli_bench.training import load_recipe
from tools.transfer.matrix import merged, packed, read_points, side_by_side
from tools.transfer.placebos import make_placebos
from tools.transfer.points import Point, Scored, Texts, Wanted, make_point, score_pairs
from tools.transfer.table import PACKED, matrix_table, own_and_others

BASE = 0.2901
"""The embedded model's control words, centred by a study's 256 train words; by all of them, as on the board, it is 0.281."""
CONCEPTS = tuple(f"c{i}" for i in range(30))
SHARED = {
    "model": "me5",
    "revision": "sha256:0",
    "device": "cpu",
    "lexicon": "1.0.0",
    "steps": 150,
    "parameters": 9,
    "seconds": 1.0,
}


def scored(values, output):
    return Scored(CONCEPTS, "1", tuple(values), tuple(output), 0.5)


def point(kind, seed, gain, *, noise):
    rng = np.random.default_rng(noise)
    base = np.linspace(0.1, 0.4, len(CONCEPTS))
    changed = base + gain + (rng.normal(0, 0.01, len(CONCEPTS)) if noise else 0)
    pair = "" if kind == "base" else "swh_Latn-eng_Latn"
    recipe = {} if kind == "base" else {"rank": 8, "shuffle_pairs": kind == "shuffled"}
    of = {"swh_Latn-eng_Latn": scored(changed, changed + 0.1), "tur_Latn-eng_Latn": scored(base, base + 0.1)}
    return Point(**SHARED, recipe=recipe, pair=pair, seed=seed, kind=kind, scored=of)


POINTS = [
    point("base", 0, 0.0, noise=0),
    point("right", 0, 0.2, noise=1),
    point("right", 1, 0.3, noise=2),
    point("shuffled", 0, 0.05, noise=3),
]


def test_cells_hold_the_mean_over_seeds_its_interval_and_their_spread():
    told = packed(POINTS)
    row = told["cells"]["chosen"]["swh_Latn-eng_Latn"]
    own = [np.array(p.scored["swh_Latn-eng_Latn"].at_chosen) for p in POINTS]
    changes = [own[1] - own[0], own[2] - own[0]]
    value, low, high, spread = row["swh_Latn-eng_Latn"]["gain"]
    assert value == pytest.approx(np.mean(changes), abs=1e-4)
    half = 2.045 * np.std(np.mean(changes, axis=0), ddof=1) / 30**0.5
    assert (low, high) == pytest.approx((value - half, value + half), abs=2e-4)
    assert spread == pytest.approx(np.std([c.mean() for c in changes], ddof=1), abs=1e-4)
    # Only seed 0 has a twin, and the mean over both pairs is half of the one that changed.
    assert row["swh_Latn-eng_Latn"]["net"][0] == pytest.approx((own[1] - own[3]).mean(), abs=1e-4)
    assert row["swh_Latn-eng_Latn"]["net"][3] is None
    assert row["all"]["gain"][0] == pytest.approx(value / 2, abs=1e-4)
    assert row["tur_Latn-eng_Latn"]["gain"][:3] == [0.0, 0.0, 0.0]
    assert told["seeds"] == [0, 1]


@pytest.mark.parametrize(("pair", "dev"), [("swh_Latn-eng_Latn,tur_Latn-eng_Latn", 0.5), ("kaz_Cyrl-eng_Latn", None)])
def test_a_training_on_several_pairs_or_on_one_that_is_not_scored_is_packed(pair, dev):
    told = packed([POINTS[0], dataclasses.replace(POINTS[1], pair=pair)])
    assert told["dev"] == {pair: [dev]}
    assert told["cells"]["chosen"][pair]["swh_Latn-eng_Latn"]["gain"][0] == pytest.approx(0.2, abs=5e-3)


def test_recipes_are_compared_on_the_words_that_none_of_them_saw():
    """The sentences of one arm held the first ten concepts of a pair, and its gain is in these alone."""
    base, right = POINTS[:2]
    pair = "swh_Latn-eng_Latn"
    values = (*np.linspace(0.1, 0.4, 30)[:10] + 0.5, *np.linspace(0.1, 0.4, 30)[10:])
    sentences = dataclasses.replace(
        right, scored=right.scored | {pair: scored(values, values)}, seen={pair: CONCEPTS[:10]}
    )
    told = side_by_side({"words": [base, right], "sentences": [base, sentences]})
    assert told["words"] == {pair: 20, "tur_Latn-eng_Latn": 30}
    gains = {name: arm["cells"]["chosen"][pair][pair]["gain"][0] for name, arm in told["arms"].items()}
    assert gains["sentences"] == pytest.approx(0, abs=1e-4)
    own = np.array(right.scored[pair].at_chosen) - np.array(base.scored[pair].at_chosen)
    assert gains["words"] == pytest.approx(own[10:].mean(), abs=1e-4)
    # Alone, too, a training is not judged by what its sentences held.
    assert packed([base, sentences])["cells"]["chosen"][pair][pair]["gain"][0] == pytest.approx(0, abs=1e-4)


@pytest.mark.slow
def test_a_training_on_sentences_tells_which_control_words_they_hold(tmp_path):
    pair = "swh_Latn-eng_Latn"
    word = load_lexicon("core", pair=pair).of(Split.CONTROL)[7]
    file = tmp_path / "sentences.tsv"
    file.write_text(f"Yule aliona {word.source} jana.\tShe saw it.\nMoja.\tOne.\n" * 2, encoding="utf-8")
    recipe = load_recipe("mid-align").with_options(layer="2", batch_size="2", max_steps="1")
    tiny = load_model("tiny")
    point = make_point(Wanted(pair, 0, "right"), tiny, recipe, (pair,), tmp_path, texts=Texts(file, alone=True))
    assert word.concept in point.seen[pair]
    assert len(point.seen[pair]) < 10
    assert word.concept in point.scored[pair].concepts


def test_a_packed_file_takes_further_trained_pairs_of_the_same_recipe():
    old = packed(POINTS)
    turkish = "tur_Latn-eng_Latn"
    new = packed([POINTS[0], *(dataclasses.replace(p, pair=turkish, device="cuda") for p in POINTS[1:])])
    told = merged(old, new)
    assert told["devices"] == {"swh_Latn-eng_Latn": "cpu", turkish: "cuda"}
    assert told["cells"]["chosen"] == old["cells"]["chosen"] | new["cells"]["chosen"]
    assert merged(told, old) == told
    with pytest.raises(ResultError, match="of another steps"):
        merged(old | {"steps": 9}, new)


def test_placebos_stand_next_to_gains_as_the_size_that_most_of_them_stay_within():
    pair, base = "swh_Latn-eng_Latn", POINTS[0]
    values = np.array(base.scored[pair].at_chosen)
    changes = [-0.02, 0.01, 0.0, 0.005]
    drawn = [
        dataclasses.replace(base, kind="placebo", seed=i, scored=base.scored | {pair: scored(values + by, values)})
        for i, by in enumerate(changes)
    ]
    told = packed([*POINTS, *drawn])
    assert told["cells"] == packed(POINTS)["cells"]
    floor = np.quantile(np.abs(changes), 0.95)
    assert told["placebos"]["count"] == 4
    assert told["placebos"]["chosen"][pair] == pytest.approx(floor, abs=1e-4)
    assert told["placebos"]["chosen"]["all"] == pytest.approx(floor / 2, abs=1e-4)
    head, _, first, *_ = matrix_table(told, "gain").splitlines()
    assert head.split("|")[3].strip() == "placebos"
    assert first.split("|")[3].strip() == f"±{floor:.3f}"
    assert "placebos" not in matrix_table(told, "net")
    assert merged(told, packed(POINTS))["placebos"] == told["placebos"]


@pytest.mark.slow
def test_placebos_of_an_adapter_are_made_once_and_leave_it_as_it_was(tmp_path):
    tiny, adapter, pair = load_model("tiny"), Path("adapters/tiny-swh-eng-tli"), "swh_Latn-eng_Latn"
    before = score_pairs(tiny.model, tiny, (pair,))
    make_placebos(tiny, adapter, (pair,), 2, tmp_path)
    points = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "points").iterdir()}
    assert sorted(points) == ["base-placebo-0.json", "base-placebo-1.json"]
    make_placebos(tiny, adapter, (pair,), 2, tmp_path)
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "points").iterdir()} == points
    assert score_pairs(tiny.model, tiny, (pair,)) == before
    values = [json.loads((tmp_path / "points" / name).read_text())["scored"][pair]["at_output"] for name in points]
    assert values[0] != values[1]


def test_what_the_docs_conclude_from_the_committed_matrix_holds():
    told = json.loads((PACKED / "me5.json").read_text())
    rows = told["cells"]["chosen"]
    english = [pair for pair in told["base"]["chosen"] if pair.endswith("eng_Latn")]
    assert sorted(rows) == sorted(english)
    assert all(row[pair]["gain"][0] > 0 for row in rows.values() for pair in english)
    nets = {name: row for name, row in rows.items() if "net" in row["all"]}
    assert nets.keys() == rows.keys()
    uncertain = {(name[:3], pair[:3]) for name, row in nets.items() for pair in english if row[pair]["net"][1] <= 0}
    assert all(row[pair]["net"][0] > 0 for row in nets.values() for pair in english)
    assert uncertain == {("tur", "swh"), ("tuk", "swh")}
    own, others = own_and_others(told)
    share = {pair[:3]: others[pair] / own[pair] for pair in own}
    assert 0.65 < np.mean(list(others.values())) / np.mean(list(own.values())) < 0.75
    assert min(share, key=share.get) == "uig"
    assert 0.45 < share["uig"] < 0.55
    assert max(share, key=share.get) == "kaz"
    assert 0.85 < share["kaz"] < 1
    falls = {
        pair: {name[:3] for name, row in nets.items() if row[pair]["net"][2] < 0}
        for pair in ("tur_Latn-azj_Latn", "kaz_Cyrl-kir_Cyrl", "tat_Cyrl-bak_Cyrl")
    }
    assert falls["tur_Latn-azj_Latn"] == set()
    assert falls["kaz_Cyrl-kir_Cyrl"] == {"tur", "kaz", "bak", "uig"}
    assert len(falls["tat_Cyrl-bak_Cyrl"]) == 8


def test_what_the_docs_conclude_of_sentences_in_place_of_words_holds():
    told = json.loads((PACKED / "me5-recipes.json").read_text())
    pair = "swh_Latn-eng_Latn"
    arms = {name.split(" (")[0] + name.split("`")[1]: arm for name, arm in told["arms"].items()}
    rows = {name: arm["cells"]["chosen"][pair] for name, arm in arms.items()}
    assert {arm["steps"] for arm in arms.values()} == {150}
    assert all(rows[name][pair]["gain"][1] > 0 for name in ("wordstli-encoder", "words and sentencestli-encoder"))
    assert all(
        rows[f"sentences{name}"][pair]["gain"][2] > 0 > rows[f"sentences{name}"][pair]["gain"][1]
        for name in ("mid-align", "treplina")
    )
    assert rows["sentencesmid-align"]["all"]["gain"][2] < 0
    both, words = (rows[f"{name}tli-encoder"][pair]["gain"] for name in ("words and sentences", "words"))
    assert words[1] < both[0] < words[2]


def test_placebos_move_the_shipped_adapters_base_by_next_to_nothing():
    told = json.loads((PACKED / "me5.json").read_text())
    assert told["placebos"]["count"] == 20
    floors = told["placebos"]["chosen"]
    rows = told["cells"]["chosen"]
    assert max(floors.values()) < 0.01
    assert all(row[pair]["gain"][0] > floors[pair] for row in rows.values() for pair in rows)


def test_pairs_are_scored_together_as_each_alone():
    tiny = load_model("tiny")
    swahili, turkish = "swh_Latn-eng_Latn", "tur_Latn-eng_Latn"
    both = score_pairs(tiny.model, tiny, (swahili, turkish))
    assert list(both) == [swahili, turkish]
    alone = score_pairs(tiny.model, tiny, (turkish,))[turkish]
    assert (both[turkish].concepts, both[turkish].chosen) == (alone.concepts, alone.chosen)
    assert both[turkish].at_output == pytest.approx(alone.at_output, abs=1e-4)
    assert len(both[swahili].concepts) == len(both[swahili].at_chosen) == len(both[swahili].at_output) == 363
    assert np.mean(both[swahili].at_chosen) == pytest.approx(BASE, abs=2e-3)


def written(folder, points):
    (folder / "points").mkdir(parents=True)
    for i, one in enumerate(points):
        text = json.dumps(
            {name: getattr(one, name) for name in Point.__slots__},
            default=lambda s: {n: getattr(s, n) for n in Scored.__slots__},
        )
        (folder / "points" / f"{i}.json").write_text(text)


def test_points_of_two_recipes_are_refused(tmp_path):
    other = Point(**SHARED, recipe={"rank": 4}, pair="tur_Latn-eng_Latn", seed=0, kind="right", scored=POINTS[1].scored)
    written(tmp_path, [*POINTS, other])
    with pytest.raises(ResultError, match="several models, lexicons or recipes"):
        read_points(tmp_path)


def test_points_without_the_base_are_refused(tmp_path):
    written(tmp_path, POINTS[1:])
    with pytest.raises(ResultError, match="no point of the base"):
        read_points(tmp_path)


@pytest.mark.slow
def test_the_command_trains_scores_and_resumes(tmp_path):
    command = [
        sys.executable, "-m", "tools.transfer", "--model", "tiny", "--recipe", "tli", "--set", "epochs=2", "--pairs", "swh-eng",
        "--scored", "swh-eng,tur-eng", "--seeds", "1", "--out", tmp_path, "--pack", tmp_path / "packed.json",
    ]  # fmt: skip
    first = subprocess.run(command, check=True, capture_output=True, text=True, timeout=900)
    assert "3 points, 3 to make" in first.stdout
    again = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    assert "3 points, 0 to make" in again.stdout
    told = json.loads((tmp_path / "packed.json").read_text())
    gain = told["cells"]["output"]["swh_Latn-eng_Latn"]["swh_Latn-eng_Latn"]["gain"]
    assert (
        gain[1] > 0.1
    )  # tiny's control words of the trained pair, at the output: the shipped adapter gains .385 in 10 epochs
    assert told["base"]["chosen"]["swh_Latn-eng_Latn"] == pytest.approx(BASE, abs=2e-3)
