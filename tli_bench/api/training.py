"""`train`: an adapter, or a whole model, from word pairs."""

from pathlib import Path
from typing import Any

from tli_bench.api.quiet import quiet
from tli_bench.languages import default_pair
from tli_bench.lexicon import Lexicon
from tli_bench.models import LoadedModel, LoadOptions
from tli_bench.training.recipe import Recipe, load_recipe
from tli_bench.training.train import TrainingResult, train_adapter
from tli_bench.training.twins import train_with_twin


def train(
    model: str | LoadedModel = "tiny",
    pair: str | None = None,
    recipe: str | Recipe = "tli",
    *,
    output: str | Path,
    lexicon: str | Path | Lexicon = "core",
    seed: int = 0,
    retain_text: str | Path | None = None,
    restart: bool = False,
    twin: bool = False,
    load: LoadOptions | None = None,
    **options: Any,
) -> TrainingResult:
    """Train an adapter, or with `kind="full"` a whole model, that pulls translations together, on the train split only.

    model: alias, folder, Hub id, or what `load_model` gave, which is left as it was; load: how a named one is loaded.
    pair: source first; None for the first default pair.
    recipe: built-in name, YAML file or `Recipe`; options are its fields and replace what it says. output: folder of the
    result. retain_text, restart, twin: as for `tli-bench train`. An interrupted training goes on when it is called again.

    >>> import tempfile, tli_bench
    >>> folder = tempfile.mkdtemp()
    >>> result = tli_bench.train("tiny", "swh-eng", output=f"{folder}/mine", max_steps=2, retention="none")
    >>> tli_bench.score("tiny", adapter=str(result.output), pairs="swh-eng", limit=30).name
    'tiny + mine'

    Raises UnknownNameError with suggestions for an unknown recipe or field; what `train_adapter` raises.
    """
    chosen = (recipe if isinstance(recipe, Recipe) else load_recipe(recipe)).with_options(**options)
    with quiet():
        return (train_with_twin if twin else train_adapter)(
            model,
            pair or default_pair(),
            chosen,
            output,
            lexicon=lexicon,
            seed=seed,
            options=load,
            retain_text=None if retain_text is None else Path(retain_text),
            restart=restart,
        )
