"""Real vectors to attack: tiny on several pairs and layers, and real checkpoints where there are some."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace

import torch

from tests.gauntlet.ring import Scene
from tli_bench.evaluate.controls import overlap_of
from tli_bench.lexicon.pairs import SHOWN, Split
from tli_bench.models.packaged import models_root
from tli_bench.plugin.lm import TLIModel
from tli_bench.plugin.tasks import AlignmentTask

ADAPTERS = Path(__file__).parents[2] / "adapters"
PAIRS = ("swh-eng", "tur-azj", "tat-bak")


class Arena:
    """Models and scenes, made when first asked for. thorough: all pairs and layers, and more draws."""

    def __init__(self, *, thorough: bool = True) -> None:
        self.thorough = thorough
        self.pairs = PAIRS if thorough else PAIRS[:1]

    @cached_property
    def tiny(self) -> TLIModel:
        """The embedded model without an adapter."""
        return TLIModel(pretrained="tiny")

    @cached_property
    def scenes(self) -> list[Scene]:
        """Every scene that vector attacks are tried on."""
        found = [scene for pair in self.pairs for scene in scenes(self.tiny, pair, layers=("1", "5", "6"), name="tiny")]
        for folder in self._real():
            model = TLIModel(pretrained=str(folder))
            depth = int(model.config.num_hidden_layers)
            for pair in self.pairs[:2]:
                found += scenes(
                    model, pair, layers=(str(depth // 3), str(2 * depth // 3), str(depth)), name=folder.name
                )
        return found

    def _real(self) -> Iterator[Path]:
        if self.thorough:
            yield from (folder for name in ("me5", "minilm") if (folder := models_root() / name).is_dir())


def scenes(
    model: TLIModel, pair: str, *, layers: tuple[str, ...], name: str, protocol: str = "words", state: str = "base",
    words: tuple[Split, ...] = SHOWN,
) -> list[Scene]:  # fmt: skip
    """One scene for each layer of one model on one pair."""
    task = AlignmentTask({"metadata": {"pair": pair, "protocol": protocol, "confirm": False}})
    pairs = [p for p in task.pairs if p.split in words]
    requests = [SimpleNamespace(args=(p.source, p.target, task.protocols, task.pair)) for p in pairs]
    answers = model.hidden_states(requests)
    vectors = torch.stack([answer.protocols[task.protocols[0].id].vectors[state] for answer in answers], dim=2)
    gold, overlap = torch.from_numpy(task.lexicon.gold(pairs)), torch.tensor(overlap_of(pairs)).numpy()
    known = answers[0].layers
    return [
        Scene(f"{name} {pair} layer {layer}", pairs, *vectors[known.index(layer)], gold, overlap) for layer in layers
    ]
