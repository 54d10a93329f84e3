"""`python -m tools.transfer.maps --model me5 --pack FILE`: linear maps of the same training words, next to which an adapter can be held.

Each map is fitted in closed form on the vectors of the train words of one pair. Its layer and its setting are those of the best dev words,
and the control words are scored once, centred as everywhere in the transfer matrix.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from tli_bench.base.files import write_text
from tli_bench.cli.quiet import quiet_libraries
from tli_bench.languages import DEFAULT_PAIRS, pivot
from tli_bench.lexicon import load_lexicon
from tli_bench.lexicon.pairs import SHOWN, Split
from tli_bench.measures.geometry import centre
from tli_bench.measures.registry import get_measure
from tli_bench.measures.roles import HEADLINE
from tli_bench.measures.view import LayerView
from tli_bench.models import LoadedModel, LoadOptions, load_model
from tli_bench.stats.arrays import Floats
from tli_bench.training.data import sampled, split_data
from tli_bench.training.scoring import CENTRE_WORDS, Sides, best_layer, curves_of, sides_of
from tools.transfer.__main__ import ids_of
from tools.transfer.matrix import interval_cell

Fitted = tuple[Floats, Floats]
"""What the vectors of each language are multiplied with, `[dim, k]` each."""


def procrustes(source: Floats, target: Floats) -> Fitted:
    """The rotation of the source that brings it closest to the target (Xing et al. 2015, https://aclanthology.org/N15-1104)."""
    left, _, right = np.linalg.svd(source.T @ target)
    return left @ right, np.eye(target.shape[1])


def cca(source: Floats, target: Floats, *, ridge: float, power: float) -> Fitted:
    """Canonical correlation: directions in which the languages agree (Faruqui & Dyer 2014, https://aclanthology.org/E14-1049).

    ridge: added to each covariance, in units of its mean variance; power: of its correlation, which each direction is weighted by.
    """
    own = [_power(side.T @ side / len(side), ridge, -0.5) for side in (source, target)]
    left, correlation, right = np.linalg.svd(own[0] @ (source.T @ target / len(source)) @ own[1])
    return own[0] @ left * correlation**power, own[1] @ right.T * correlation**power


def wccn(source: Floats, target: Floats, *, ridge: float) -> Fitted:
    """Within-class covariance normalisation (Hatch et al. 2006): one map of both, under which translations differ alike everywhere.

    ridge: added to the covariance of their differences, in units of its mean variance.
    """
    apart = source - target
    shared = _power(apart.T @ apart / len(apart), ridge, -0.5)
    return shared, shared


def _power(covariance: Floats, ridge: float, power: float) -> Floats:
    values, vectors = np.linalg.eigh(covariance)
    return vectors * (values + ridge * values.mean()) ** power @ vectors.T


class Map(NamedTuple):
    """A way to fit, and the settings that dev words choose among."""

    fit: Callable[..., Fitted]
    grid: Mapping[str, tuple[float, ...]]

    def settings(self) -> Iterator[dict[str, float]]:
        """Every combination."""
        return (dict(zip(self.grid, values, strict=True)) for values in product(*self.grid.values()))


MAPS = {
    "Procrustes": Map(procrustes, {}),
    "CCA": Map(cca, {"ridge": (0.3, 1.0, 3.0, 10.0), "power": (0.5, 1.0)}),
    "WCCN": Map(wccn, {"ridge": (0.1, 0.3, 1.0, 3.0)}),
}


class Words(NamedTuple):
    """The vectors of one pair. around: those train words whose mean is each language's centre; dev_gold, control_gold: what is right."""

    train: Sides
    around: Sides
    dev: Sides
    control: Sides
    dev_gold: Tensor
    control_gold: Tensor


def words_of(loaded: LoadedModel, pair: str) -> Words:
    """Every word of the pair at every layer, from the model as it is."""
    lexicon = load_lexicon("core", pair=pair)
    data = {split: split_data(lexicon, split, loaded.tokenizer, at_least=2) for split in SHOWN}
    around = sampled(data[Split.TRAIN], CENTRE_WORDS, seed=0)
    train, centred, dev, control = (
        sides_of(loaded.model, part) for part in (data[Split.TRAIN], around, data[Split.DEV], data[Split.CONTROL])
    )
    return Words(train, centred, dev, control, data[Split.DEV].gold, data[Split.CONTROL].gold)


def scored(words: Words) -> dict[str, Any]:
    """What the base and each map score: by name, layer, setting, dev and the control words' pseudo-values."""
    found, units = {"base": _chosen([({}, words)])}, unit_length(words)
    for name, kind in MAPS.items():
        found[name] = _chosen([(setting, mapped(units, kind, setting)) for setting in kind.settings()])
    return found


def unit_length(words: Words) -> Words:
    """The words' vectors around the mean of the language's train words, and of length 1."""
    means = [side.mean(dim=1).double() for side in words.train[1:]]
    return _changed(words, lambda vectors, side, k: torch.nn.functional.normalize(vectors.double() - means[side][k]))


def mapped(words: Words, kind: Map, setting: Mapping[str, float]) -> Words:
    """The words under the map that the train words give at each layer."""
    train = zip(words.train.source.numpy(), words.train.target.numpy(), strict=True)
    fitted = [kind.fit(source, target, **setting) for source, target in train]
    return _changed(words, lambda vectors, side, k: vectors @ torch.from_numpy(fitted[k][side]))


def _changed(words: Words, change: Callable[[Tensor, int, int], Tensor]) -> Words:
    """The words with `change` of each language's vectors at each layer in place of them."""
    train, around, dev, control = (
        Sides(
            part.layers,
            *(torch.stack([change(at, n, k) for k, at in enumerate(side)]) for n, side in enumerate(part[1:])),
        )
        for part in words[:4]
    )
    return Words(train, around, dev, control, *words[4:])


def _chosen(tried: list[tuple[dict[str, float], Words]]) -> dict[str, Any]:
    best: dict[str, Any] = {"dev": -1.0}
    for setting, words in tried:
        curves = curves_of(words.dev, words.dev_gold, [words.around])
        layer = best_layer(curves)
        if curves[layer][HEADLINE] > best["dev"]:
            best = {"dev": curves[layer][HEADLINE], "layer": layer, "setting": setting, "words": words}
    words = best.pop("words")
    return best | {"values": _control(words, words.dev.layers.index(best["layer"]))}


def _control(words: Words, depth: int) -> Floats:
    sides = [
        torch.cat([getattr(part, side)[depth] for part in (words.around, words.dev)]) for side in ("source", "target")
    ]
    view = LayerView(
        words.control.source[depth], words.control.target[depth], gold=words.control_gold, centre=centre(*sides)
    )
    return np.asarray(get_measure(HEADLINE).pseudo_values(view))


def packed(found: Mapping[str, Any]) -> dict[str, Any]:
    """Of one pair: the base's score, and each map's layer, setting, dev score and change of the control words with its interval."""
    base = found["base"]["values"]
    told = {name: {key: one[key] for key in ("layer", "setting")} for name, one in found.items()}
    for name, one in found.items():
        told[name]["dev"] = round(one["dev"], 4)
        told[name]["control"] = round(float(one["values"].mean()), 4)
        if name != "base":
            told[name]["gain"] = interval_cell([one["values"] - base])
    return told


def main() -> None:
    """Parse the command line, fit and score every map on every pair, and pack what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="me5")
    parser.add_argument("--pairs", help="comma-separated; all pairs with English by default")
    parser.add_argument("--device")
    parser.add_argument("--pack", type=Path, required=True, metavar="FILE")
    options = parser.parse_args()
    quiet_libraries()
    loaded = load_model(options.model, LoadOptions(dtype="float32", device=options.device))
    pairs = ids_of(options.pairs) or tuple(pair for pair in DEFAULT_PAIRS if pivot().code in pair)
    told = {}
    for pair in pairs:
        told[pair] = packed(scored(words_of(loaded, pair)))
        print(pair, {name: one.get("gain", one["control"]) for name, one in told[pair].items()}, flush=True)
    facts = {"model": loaded.id, "revision": loaded.revision, "lexicon": load_lexicon("core").version}
    write_text(options.pack, json.dumps({**facts, "pairs": told}, indent=1) + "\n")
    print(options.pack)


if __name__ == "__main__":
    main()
