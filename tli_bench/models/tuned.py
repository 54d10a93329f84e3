"""What the card that tli-bench writes next to weights says about their training: for fully fine-tuned models, and for adapters."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tli_bench.base.errors import ModelError, reason_of
from tli_bench.base.jsons import read_json
from tli_bench.models.identity import TrainingRef

CARD = "tli_card.json"


def read_model_card(folder: Path) -> dict[str, Any] | None:
    """The `tli_card.json` of a model folder, None without one; raises ModelError for one that cannot be read."""
    path = folder / CARD
    if not path.is_file():
        return None
    try:
        card = read_json(path)
    except (OSError, ValueError) as err:
        raise ModelError(f"{path} cannot be read: {reason_of(err)}; restore the card, or delete it") from err
    if not isinstance(card, dict):
        raise ModelError(f"{path} holds a {type(card).__name__}, not an object; restore the card, or delete it")
    training_of(card, where=path)
    return card


def hub_model_card(repository: str, revision: str) -> dict[str, Any] | None:
    """The card of a model on the Hub at a commit, None if the repository has none or cannot be reached."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError

    try:
        path = hf_hub_download(repository, CARD, revision=revision)
    except (EntryNotFoundError, OSError, ValueError):
        return None
    return read_model_card(Path(path).parent)


def training_of(card: Mapping[str, Any] | None, *, where: Path | str = CARD) -> TrainingRef | None:
    """How a model was fully fine-tuned, for its signature; None for a model without a card of that kind.

    Raises ModelError for a card that lacks what the signature states.
    """
    if card is None or card.get("kind") != "full":
        return None
    base = card.get("base")
    facts = {
        "kind": "full",
        "name": card.get("name"),
        "base": base.get("id") if isinstance(base, dict) else None,
        "base_revision": base.get("revision") if isinstance(base, dict) else None,
        **facts_of(card),
    }
    try:
        return TrainingRef.model_validate(facts)
    except ValidationError as err:
        first = err.errors()[0]
        raise ModelError(
            f"{where} is damaged: {'.'.join(str(part) for part in first['loc'])}: {first['msg']}; restore it, or delete it"
        ) from err


def facts_of(card: Mapping[str, Any]) -> dict[str, Any]:
    """Recipe, how many numbers received gradient, layers of the loss, pair, seed and settings; left out if a card lacks them."""
    budget, layers = card.get("budget"), card.get("layers")
    found = {
        "recipe": card.get("recipe"),
        "trainable_parameters": budget.get("trainable_parameters") if isinstance(budget, dict) else None,
        "loss_layers": layers.get("loss") if isinstance(layers, dict) else None,
        "trained_on": card.get("pair"),
        "seed": card.get("seed"),
        "settings": settings_of(card),
    }
    return {name: value for name, value in found.items() if value is not None}


def settings_of(card: Mapping[str, Any]) -> str | None:
    """SHA-256 of what a training was told but for its seed: base, words, pair, and the recipe without its name.

    None for a card that lacks one of these. Two trainings with the same settings differ by their seed alone.
    """
    base, lexicon, recipe = (card.get(part) for part in ("base", "lexicon", "recipe_fields"))
    if not (isinstance(base, dict) and isinstance(lexicon, dict) and isinstance(recipe, dict)):
        return None
    told = {name: value for name, value in recipe.items() if name not in ("name", "summary", "report_to")}
    facts = [base.get("revision"), lexicon.get("content_hash"), lexicon.get("split_seed"), card.get("pair"), told]
    return hashlib.sha256(json.dumps(facts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
