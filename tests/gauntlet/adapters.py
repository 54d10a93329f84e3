"""Attacks by adapters and by the way a model is run: random weights, wrong pairs, memorising, words seen under another name."""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import torch

import tli_bench
from tests.gauntlet.arena import ADAPTERS, Arena, scenes
from tests.gauntlet.ring import CLAIMS, PRAISE, Judged, Outcome, Scene, attack, judge, tally
from tli_bench.base.errors import AdapterError
from tli_bench.lexicon import load_core
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.roles import HEADLINE
from tli_bench.models.types import Wrapped
from tli_bench.models.variants import weights_of, worn
from tli_bench.plugin.lm import TLIModel
from tli_bench.records.controls import Placebo, PlaceboLayer
from tli_bench.stats.verdict import VerdictKind

LAYERS = ("1", "3", "6")
FEW = (Split.CONTROL, Split.DEV)
"""Enough for the verdict on unseen words and for the centre; trained words are left out where hundreds of models are scored."""


@attack(
    "random adapters",
    "Gives an adapter's slots random weights of a trained adapter's spread, at three sizes; another is its twin, all others its placebos.",
    slow=True,
)
def random_weights(arena: Arena) -> Outcome:
    runs = 34 if arena.thorough else 2
    model = TLIModel(pretrained="tiny", adapter=str(ADAPTERS / "tiny-swh-eng-tli"))
    wrapped = cast(Wrapped, model.vectors.model)
    trained = weights_of(wrapped)
    spread = {name: tensor.detach().float().std() for name, tensor in trained.items()}
    drawn: dict[tuple[str, float], list[_Change]] = {}
    for run in range(runs):
        for size in (0.5, 1.0, 2.0):
            draw = torch.Generator().manual_seed(1000 + run)
            weights = {
                name: torch.randn(tensor.shape, generator=draw) * spread[name] * (1.0 if "lora_A" in name else size)
                for name, tensor in trained.items()
            }
            pair = arena.pairs[run % len(arena.pairs)]
            with worn(wrapped, weights):
                model.vectors.cache.__init__()  # type: ignore[misc]  # hundreds of models are not worth keeping
                states = [scenes(model, pair, layers=LAYERS, name="", state=s, words=FEW) for s in ("base", "adapted")]
            drawn.setdefault((pair, size), []).append(list(zip(*states, strict=True)))
    found = [judged for adapters in drawn.values() for judged in _with_placebos(adapters)]
    each = [item for run in found for item in run]
    claims = sum(any(item.ours in CLAIMS for item in run) for run in found) / len(found)
    praised = [item.ours for item in each if item.ours in PRAISE]
    generalises = praised.count(VerdictKind.GENERALISES)
    old = sum(not i.old.startswith("no claim") for i in each) / len(each)
    said = f"claims in {claims:.0%} of {len(found)} adapters: {generalises} generalise, {len(praised) - generalises} better"
    return Outcome(
        f"claims in {old:.0%} of verdicts", said, claims <= 0.05 and not generalises, max(abs(i.moved) for i in each)
    )


_Change = list[tuple[Scene, Scene]]
"""Base and adapted, layer by layer."""


def _with_placebos(adapters: list[_Change]) -> Iterator[list[Judged]]:
    """Each adapter judged with the next one of its pair and size as its twin, and the others as its placebos."""
    moves = [[after.headline() - before.headline() for before, after in adapter] for adapter in adapters]
    for own, adapter in enumerate(adapters):
        judged = []
        for at, (before, after) in enumerate(adapter):
            others = [moved[at] for other, moved in enumerate(moves) if other != own]
            layer = PlaceboLayer(layer="here", change=moves[own][at], changes=others or [0.0])
            known = Placebo(count=len(others), seed=0, split=Split.CONTROL, quantity=HEADLINE, layers=[layer])
            twin = adapters[(own + 1) % len(adapters)][at][1]
            judged.append(judge(before, after, twin=twin, floors=known.floors))
        yield judged


@contextmanager
def _trained(**options: Any) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield str(tli_bench.train("tiny", "swh-eng", output=f"{folder}/made", retention="none", **options).output)


def _judged(folder: str, pair: str = "swh-eng") -> list[Judged]:
    model = TLIModel(pretrained="tiny", adapter=folder)
    states = [scenes(model, pair, layers=LAYERS, name="", state=state) for state in ("base", "adapted")]
    return [judge(before, after) for before, after in zip(*states, strict=True)]


def _told(found: list[Judged], *, refused: frozenset[VerdictKind]) -> Outcome:
    passed = not any(item.ours in refused for item in found)
    return Outcome(
        tally([i.old for i in found]), tally([str(i.ours) for i in found]), passed, max(i.moved for i in found)
    )


@attack("shuffled pairs", "Trains the recipe `tli` on wrong pairs.", slow=True)
def wrong_pairs(arena: Arena) -> Outcome:
    with _trained(shuffle_pairs=True, epochs=5) as folder:
        return _told(_judged(folder), refused=PRAISE)


@attack("memorising", "Trains one block with a high rate for many epochs on the trained words alone.", slow=True)
def memorising(arena: Arena) -> Outcome:
    with _trained(epochs=20, learning_rate=2e-2, keep="last", rank=64, warmup_steps=0) as folder:
        return _told(_judged(folder), refused=frozenset({VerdictKind.GENERALISES}))


@attack(
    "seen under another name",
    "Trains on the control words under other ids and another list's name, and scores them.",
    slow=True,
)
def other_ids(arena: Arena) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        words = Path(folder) / "mine.tsv"
        pairs = load_core().lexicon(*tli_bench.languages.resolve_pair("swh-eng"), seed=0).of(Split.CONTROL)
        rows = [f"w{i}\t{pair.source}\t{pair.target}\ttrain" for i, pair in enumerate(pairs)]
        words.write_text("\n".join(["id\tsource\ttarget\tsplit", *rows]), encoding="utf-8")
        made = tli_bench.train(
            "tiny", "swh-eng", output=f"{folder}/made", retention="none", lexicon=str(words), epochs=1, keep="last"
        )
        try:
            tli_bench.score("tiny", adapter=str(made.output), pairs="swh-eng")
        except AdapterError as err:
            return Outcome("generalises", "refused", "trained on" in str(err))
    return Outcome("generalises", "scored", passed=False)


@attack("no card", "Takes the card away from an adapter, so that nobody knows what it was trained on.", slow=True)
def no_card(arena: Arena) -> Outcome:
    with _trained(max_steps=2, keep="last") as folder:
        (Path(folder) / "tli_card.json").unlink()
        report = tli_bench.score("tiny", adapter=folder, pairs="swh-eng", limit=90)
    flagged = all(record.signature.training_unknown for record in report.records)
    return Outcome("ranked", "shown without a rank" if flagged else "ranked", flagged)


@attack("quantised", "Loads the model in 8 bits and compares it with itself in full precision.", slow=True)
def quantised(arena: Arena) -> Outcome:
    found = []
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # it says for every layer of every batch that it rounds
    other = TLIModel(pretrained="tiny", quantize="int8")
    for pair in arena.pairs:
        states = [scenes(model, pair, layers=LAYERS, name="") for model in (arena.tiny, other)]
        found += [judge(before, after) for before, after in zip(*states, strict=True)]
    return _told(found, refused=CLAIMS)


@attack("batch size, order and threads", "Runs the words one by one, in another order, with two threads.")
def order(arena: Arena) -> Outcome:
    before = scenes(arena.tiny, "swh-eng", layers=LAYERS, name="")
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        after = scenes(TLIModel(pretrained="tiny", batch_size=7), "swh-eng", layers=LAYERS, name="")
    finally:
        torch.set_num_threads(threads)
    found = [judge(x, y) for x, y in zip(before, after, strict=True)]
    moved = max(abs(item.moved) for item in found)
    passed = moved <= 1e-3 and not any(item.ours in CLAIMS for item in found)
    return Outcome(tally([i.old for i in found]), tally([str(i.ours) for i in found]), passed, moved)
