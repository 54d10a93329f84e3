"""What can be said about a run's options before anything heavy is imported."""

from tli_bench.config.run import RunConfig
from tli_bench.lexicon.readers.base import reading_of
from tli_bench.lexicon.unknown import languages_of_list
from tli_bench.measures.registry import asked_for
from tli_bench.models.adapter_files import find_adapter
from tli_bench.models.catalog import resolve_model
from tli_bench.models.expected import expected_device
from tli_bench.models.placement import require_one_placement
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


def check(config: RunConfig) -> None:
    """Raise InputError or UnknownNameError, with suggestions, for a pair, task, protocol or measure that does not exist."""
    for pair in config.pairs:
        languages_of_list(config.lexicon, pair, reading_of(**config.layout()))
    require_known(config.tasks)
    get_protocols(config.protocol)
    asked_for(config.measures)
