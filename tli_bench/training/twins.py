"""A training and its twin: the same recipe, seed and budget on shuffled pairs, linked in both cards by their hashes."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from tli_bench.base.errors import InputError
from tli_bench.base.files import write_text
from tli_bench.base.paths import expanded
from tli_bench.lexicon import Lexicon
from tli_bench.models import LoadedModel, LoadOptions, inspect_adapter
from tli_bench.models.fingerprint import model_fingerprint
from tli_bench.models.tuned import CARD, read_model_card
from tli_bench.models.twins import FOLDER
from tli_bench.training.card import render_card
from tli_bench.training.first import load_for
from tli_bench.training.loggers import require_loggers
from tli_bench.training.places import claimed, drop_checkpoints, is_main_process
from tli_bench.training.recipe import Recipe, load_recipe
from tli_bench.training.sharded import require_shardable
from tli_bench.training.train import (
    TrainingResult,
    local_options,
    recipe_for,
    retention_text,
    text_digest,
    train_claimed,
)
from tli_bench.training.trainer import Report
from tli_bench.training.words import TrainingWords


def train_with_twin(
    model: str | LoadedModel,
    pair: str,
    recipe: str | Recipe,
    output: str | Path,
    *,
    lexicon: str | Path | Lexicon | TrainingWords = "core",
    seed: int = 0,
    progress: Report | None = None,
    options: LoadOptions | None = None,
    retain_text: Path | None = None,
    restart: bool = False,
) -> TrainingResult:
    """As `train_adapter`, then the same again on shuffled pairs, into the folder `twin` of the result.

    What is at `output` already and was made of the same base, words, recipe and seed is kept, and only its twin is
    trained. A recipe that stops early (`patience`) fixes the twin's number of steps by its own. Raises InputError for a
    recipe that shuffles its pairs itself, and as `train_adapter` does.
    """
    chosen = load_recipe(recipe) if isinstance(recipe, str) else recipe
    if chosen.shuffle_pairs:
        raise InputError("the recipe shuffles its pairs already, so it has no twin; leave out one of the two")
    require_shardable(chosen.kind, named=False)
    require_loggers(chosen.report_to)
    words = TrainingWords.load(lexicon, pair)
    target = expanded(output)
    shared: dict[str, Any] = {"seed": seed, "progress": progress, "retain_text": retain_text, "restart": restart}
    with claimed(target):
        loaded = load_for(model, chosen, options or local_options(), retain_text=retain_text)
        chosen = recipe_for(loaded, chosen, retain_text)
        text = text_digest(retention_text(loaded, chosen, retain_text, seed=seed))
        own = None if restart else finished(loaded, words, chosen, target, seed=seed, text_sha256=text)
        own = own or train_claimed(loaded, words, chosen, target, **shared)
        opposite = chosen.model_copy(update={"shuffle_pairs": True, "patience": 0})
        with claimed(target / FOLDER):
            stop_after = own.steps if chosen.patience else None
            twin = train_claimed(loaded, words, opposite, target / FOLDER, stop_after=stop_after, **shared)
        if is_main_process():
            link(target, target / FOLDER)
    return replace(own, twin=twin)


def finished(
    loaded: LoadedModel, words: TrainingWords, recipe: Recipe, target: Path, *, seed: int, text_sha256: str | None
) -> TrainingResult | None:
    """What an earlier training left at `target`, if it was made of all the same; None otherwise. For the holder of its lock.

    Checkpoints that a kill left beside it go. Raises ModelError for a card that cannot be read.
    """
    card = read_model_card(target)
    if card is None:
        return None
    same = {
        "kind": recipe.kind,
        "base": {
            "id": loaded.id,
            "revision": loaded.revision,
            "dtype": loaded.dtype,
            "quantization": loaded.quantization,
        },
        "recipe_fields": recipe.model_dump(mode="json"),
        "pair": words.pair,
        "seed": seed,
        "retention_text_sha256": text_sha256,
    }
    if any(card.get(name) != value for name, value in same.items()):
        return None
    if card["lexicon"]["content_hash"] != words.content_hash:
        return None
    drop_checkpoints(target)
    layers, budget = card["layers"], card["budget"]
    return TrainingResult(
        output=target,
        recipe=recipe,
        pair=words.pair,
        seed=seed,
        layers=tuple(layers["loss"]),
        blocks=tuple(layers["blocks"]),
        reached=tuple(layers["received_gradient"]),
        modules=tuple(layers["modules"]),
        parameters=budget["trainable_parameters"],
        steps=budget["steps"],
        words_seen=budget["words_seen"],
        loss=None,
        dev_before=card["dev"]["before"],
        dev_after=card["dev"]["after"],
        resumed=False,
    )


def link(folder: Path, twin: Path) -> None:
    """Name each of the two in the other's card: the twin by its place under `folder` and its hash, its original by name and hash."""
    name = folder.name
    _amend(folder, twin={"path": twin.relative_to(folder).as_posix(), "sha256": _hash(twin)})
    _amend(twin, name=f"{name}-twin", twin_of={"name": name, "sha256": _hash(folder)})


def _hash(folder: Path) -> str:
    whole = (folder / "config.json").is_file()
    return model_fingerprint(folder) if whole else inspect_adapter(str(folder)).sha256


def _amend(folder: Path, **facts: Any) -> None:
    card = {**(read_model_card(folder) or {}), **facts}
    write_text(folder / CARD, json.dumps(card, indent=2, ensure_ascii=False) + "\n")
    write_text(folder / "README.md", render_card(card))
