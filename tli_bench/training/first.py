"""How much of a model a recipe needs: where nothing above the loss is asked of it, the blocks below are all that is loaded."""

from dataclasses import replace
from pathlib import Path

from tli_bench.models import LoadedModel, LoadOptions, load_model, resolve_model
from tli_bench.models.families import family_of, text_part
from tli_bench.models.load import load_config
from tli_bench.training.recipe import Recipe


def first_blocks_do(recipe: Recipe, deepest: int, total: int, *, text: bool = False) -> bool:
    """Whether training needs no more of a model of `total` blocks than the `deepest` below its loss.

    text: whether a retention text is given. `kl` needs the head, the text of `hidden` is written by the whole model where none is
    given, LoRA of the published layout sits on every block, and full fine-tuning saves a whole model.
    """
    retained = recipe.retention == "none" or (recipe.retention == "hidden" and text)
    return deepest < total and retained and recipe.kind == "lora" and recipe.blocks == "reachable"


def load_for(
    model: str | LoadedModel, recipe: Recipe, options: LoadOptions, *, retain_text: Path | None
) -> LoadedModel:
    """The model of a training: one that is loaded, else all of what its name means, or its first blocks where these do.

    Raises as `load_model` does.
    """
    if isinstance(model, LoadedModel):
        return model
    return load_model(model, replace(options, layers=_layers(model, recipe, options, retain_text) or options.layers))


def _layers(name: str, recipe: Recipe, options: LoadOptions, retain_text: Path | None) -> str | None:
    if not all(layer.isdigit() for layer in recipe.layer) or resolve_model(name).gguf:
        return None
    config = load_config(resolve_model(name), options)
    row, deepest = family_of(config), max(map(int, recipe.layer))
    total = getattr(config, row.depth, None)
    if text_part(config) is not config or row.blocks is None or not isinstance(total, int):
        return None
    return f"0-{deepest}" if first_blocks_do(recipe, deepest, total, text=retain_text is not None) else None
