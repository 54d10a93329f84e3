"""Closed-form maps: each finds what it is made for in planted vectors, and dev words alone choose."""

import json

import numpy as np
import pytest
import torch

from tli_bench.training.scoring import Sides
from tools.transfer.maps import MAPS, Words, packed, scored
from tools.transfer.table import PACKED, maps_table

DIM, SIZES = 24, {"train": 400, "around": 200, "dev": 120, "control": 120}


def planted(kind, seed=0):
    """Words whose target is the source: turned, in other coordinates, with a large error on few directions, or another word's."""
    rng = np.random.default_rng(seed)
    turn, other = (np.linalg.qr(rng.normal(size=(DIM, DIM)))[0] for _ in range(2))
    stretch = turn * np.geomspace(0.1, 10, DIM)
    parts = []
    for size in SIZES.values():
        source = rng.normal(size=(size, DIM))
        error = 0.05 * rng.normal(size=(size, DIM))
        target = {
            "turned": source @ turn + error,
            "coordinates": source @ stretch @ other + error,
            "directions": source + np.pad(6 * rng.normal(size=(size, 4)), ((0, 0), (0, DIM - 4))),
            "unrelated": rng.normal(size=(size, DIM)),
        }[kind]
        layers = [rng.normal(size=(2, size, DIM)), [source, target]]  # the embeddings, then the one layer that counts
        parts.append(Sides(("0", "1"), *(torch.tensor(np.stack(side)).float() for side in zip(*layers, strict=True))))
    return Words(*parts, torch.eye(SIZES["dev"]).bool(), torch.eye(SIZES["control"]).bool())


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("turned", ("Procrustes", "CCA")),
        ("coordinates", ("CCA", "Procrustes")),
        ("directions", ("WCCN", "CCA")),
        ("unrelated", ()),
    ],
)
def test_each_map_finds_what_it_is_made_for_and_none_finds_what_is_not_there(kind, found):
    told = packed(scored(planted(kind)))
    gains = {name: told[name]["gain"] for name in MAPS}
    for name, (gain, low, _, _) in gains.items():
        most = max([gains[one][0] for one in found], default=0.2)
        assert (low > 0.2) if name in found else (gain < most - 0.15), (name, gains)
    assert all(one["layer"] == "1" for one in told.values())


def test_control_words_choose_nothing():
    words = planted("directions")
    other = words._replace(control=planted("unrelated", seed=1).control)
    one, two = packed(scored(words)), packed(scored(other))
    for name in one:
        assert [one[name][key] for key in ("layer", "setting", "dev")] == [
            two[name][key] for key in ("layer", "setting", "dev")
        ]
    assert one["WCCN"]["control"] > two["WCCN"]["control"] + 0.2


def test_what_the_docs_conclude_from_the_committed_maps():
    told = {name: json.loads((PACKED / f"{name}.json").read_text()) for name in ("me5-maps", "me5")}
    pairs = told["me5-maps"]["pairs"]
    trained = {pair: told["me5"]["cells"]["chosen"][pair][pair]["gain"][0] for pair in pairs}
    assert {pair for pair, row in pairs.items() for name in MAPS if row[name]["gain"][1] > 0} == {"tur_Latn-eng_Latn"}
    assert all(row[name]["gain"][0] < trained[pair] / 2 for pair, row in pairs.items() for name in MAPS)
    for name in ("Procrustes", "CCA"):
        assert sum(row[name]["gain"][0] < 0 for row in pairs.values()) > len(pairs) / 2, name
    assert sorted(abs(row["WCCN"]["gain"][0]) for row in pairs.values())[-3] < 0.02


def test_the_committed_maps_stand_next_to_the_adapters():
    lines = maps_table("me5").splitlines()
    assert lines[0] == "| scored on | base | Procrustes | CCA | WCCN | adapter |"
    assert [line.split(" | ")[0] for line in lines[2:4]] == ["| swh-eng", "| tur-eng"]
    assert len(lines) == 2 + 10
