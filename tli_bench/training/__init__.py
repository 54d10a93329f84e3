"""Training: recipes, losses, the truncated objective, the trainer, sweeps and cards. Names load on first use."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tli_bench.training.errors import CollapsedError as CollapsedError
    from tli_bench.training.errors import DivergedError as DivergedError
    from tli_bench.training.recipe import Recipe as Recipe
    from tli_bench.training.recipe import load_recipe as load_recipe
    from tli_bench.training.recipe import recipe_names as recipe_names
    from tli_bench.training.train import TrainingResult as TrainingResult
    from tli_bench.training.train import train_adapter as train_adapter
    from tli_bench.training.twins import train_with_twin as train_with_twin

_ROOMS = {
    "errors": ("CollapsedError", "DivergedError"),
    "recipe": ("Recipe", "load_recipe", "recipe_names"),
    "train": ("TrainingResult", "train_adapter"),
    "twins": ("train_with_twin",),
}
_FACADE = {name: f"tli_bench.training.{room}" for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a facade name on first use (PEP 562)."""
    if name in _FACADE:
        return getattr(import_module(_FACADE[name]), name)
    raise AttributeError(f"module 'tli_bench.training' has no attribute {name!r}")
