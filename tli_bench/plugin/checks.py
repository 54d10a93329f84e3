"""What can be said about a run's options before anything heavy is imported."""

from collections.abc import Iterable, Mapping
from typing import Any

from tli_bench.base.errors import InputError
from tli_bench.config.run import NO_ADAPTER, RunConfig
from tli_bench.lexicon.readers.base import reading_of
from tli_bench.lexicon.unknown import languages_of_list
from tli_bench.measures.registry import asked_for
from tli_bench.models.adapter_files import find_adapter
from tli_bench.models.catalog import resolve_model
from tli_bench.models.expected import expected_device
from tli_bench.models.placement import require_one_placement
from tli_bench.models.tensor_names import require_spelt
from tli_bench.models.twins import NO_TWIN
from tli_bench.plugin.tasklist import require_known
from tli_bench.vectors.protocols import get_protocols


def check_parts(config: RunConfig) -> None:
    """Raise UnknownNameError, ModelError, AdapterError or InputError for a model, adapter or device that is not there."""
    chosen = config.chosen()
    resolve_model(chosen.model)
    for name in (chosen.adapter, None if chosen.twin == NO_TWIN else chosen.twin):
        if name is not None:
            find_adapter(name)
    expected_device(chosen.device)
    require_one_placement(chosen.device, chosen.device_map, chosen.max_memory)


def require_shareable(config: RunConfig) -> None:
    """Raise InputError for a placement that is not one card, or one CPU, for each process."""
    if config.device_map:
        raise InputError(
            f"--device-map {config.device_map} spreads one copy of the model over all GPUs, but each process has its own copy; "
            "leave it out, or start one process"
        )
    if config.device and ":" in config.device:
        raise InputError(
            f"--device {config.device} is one card, but each of the processes takes the card of its own number; give --device cuda"
        )


def check_base(model: str, load: Mapping[str, Any]) -> None:
    """As `check_parts`, for a verb that loads a model without an adapter; load: its options of loading, those that were given."""
    given = {name: value for name, value in load.items() if value is not None}
    check_parts(RunConfig(model=model, adapter=NO_ADAPTER, **given))


def check_modules(model: str, modules: Iterable[str]) -> None:
    """Raise UnknownNameError for a linear module that is misspelt, by the files of a model that are here; loading tells the rest."""
    folder = resolve_model(model).path
    if folder is not None and folder.is_dir():
        require_spelt(modules, folder)


def check_pairs(pairs: Iterable[str], lexicon: str, layout: Mapping[str, Any]) -> None:
    """Raise UnknownNameError or InputError for a pair that a list cannot be of; layout: of the list, as `load_lexicon` takes it."""
    reading = reading_of(**{name: layout[name] for name in ("columns", "header", "swap", "split_column")})
    for pair in pairs:
        languages_of_list(lexicon, pair, reading)


def check(config: RunConfig) -> None:
    """Raise InputError or UnknownNameError, with suggestions, for a pair, task, protocol or measure that does not exist."""
    check_pairs(config.pairs, config.lexicon, config.layout())
    require_known(config.tasks)
    get_protocols(config.protocol)
    asked_for(config.measures)
