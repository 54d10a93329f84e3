"""What can be said about a run's options before anything heavy is imported."""

from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

from tli_bench.base.errors import InputError
from tli_bench.config.loading import VLLM
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

_VLLM_MAPS = ("auto", "balanced")
"""Device maps that mean what vLLM does on several GPUs: a share of the model on each."""


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
    if config.engine == VLLM:
        raise InputError(
            "--engine vllm uses several GPUs by itself; start one process, with --device-map balanced where one is too small for the model"
        )
    if config.device_map:
        raise InputError(
            f"--device-map {config.device_map} spreads one copy of the model over all GPUs, but each process has its own copy; "
            "leave it out, or start one process"
        )
    if config.device and ":" in config.device:
        raise InputError(
            f"--device {config.device} is one card, but each of the processes takes the card of its own number; give --device cuda"
        )


def require_engine(config: RunConfig) -> str:
    """Name and version of vLLM, as records state them.

    Raises InputError where it is not installed, where nothing is asked, and for an option that it has no equivalent of.
    """
    source, otherwise = resolve_model(config.model), "leave out --engine vllm"
    quantize = source.quantize if config.quantize is None else config.quantize
    bits, map_, memory = quantize not in (None, "none"), config.device_map, ",".join(config.max_memory)
    refused = [
        (not config.tasks, f"--engine vllm answers prompts, and words have none; give --tasks, or {otherwise}"),
        (source.gguf, f"{config.model} is a GGUF file, which vLLM reads in its own way; {otherwise}"),
        (bits, f"{config.model} in {quantize} is of bitsandbytes, and vLLM's numbers differ; give --quantize none, or {otherwise}"),
        (map_ not in (None, *_VLLM_MAPS), f"--device-map {map_} is accelerate's own; give {' or '.join(_VLLM_MAPS)}, or {otherwise}"),
        (memory, f"--max-memory {memory} is accelerate's, and vLLM splits a model evenly; leave it out, or {otherwise}"),
        (config.attn, f"--attn {config.attn} is of transformers, and vLLM has its own; leave it out, or {otherwise}"),
    ]  # fmt: skip
    for wrong, why in refused:
        if wrong:
            raise InputError(why)
    if find_spec("vllm") is None:
        raise InputError("--engine vllm needs the package vllm: pip install 'tli-bench[vllm]'")
    try:
        return f"vllm {version('vllm')}"
    except PackageNotFoundError as err:
        raise InputError(
            "--engine vllm found vLLM in a package of another name, and lm-eval asks for the version of `vllm`: pip install vllm"
        ) from err


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
    if config.engine == VLLM:
        require_engine(config)
