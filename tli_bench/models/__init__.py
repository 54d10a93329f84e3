"""Models: what names mean, how they load, and how adapters attach.

The facade imports on first use, so that listing models does not load torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tli_bench.models.adapter_files import AdapterFiles as AdapterFiles
    from tli_bench.models.adapters import adapter_disabled as adapter_disabled
    from tli_bench.models.adapters import attach_adapter as attach_adapter
    from tli_bench.models.adapters import inspect_adapter as inspect_adapter
    from tli_bench.models.catalog import ALIASES as ALIASES
    from tli_bench.models.catalog import resolve_model as resolve_model
    from tli_bench.models.load import LoadedModel as LoadedModel
    from tli_bench.models.load import LoadOptions as LoadOptions
    from tli_bench.models.load import load_model as load_model

_FACADE = {
    "AdapterFiles": "adapter_files",
    **dict.fromkeys(("adapter_disabled", "attach_adapter", "inspect_adapter"), "adapters"),
    **dict.fromkeys(("ALIASES", "resolve_model"), "catalog"),
    **dict.fromkeys(("LoadOptions", "LoadedModel", "load_model"), "load"),
}


def __getattr__(name: str) -> Any:
    if name in _FACADE:
        return getattr(import_module(f"tli_bench.models.{_FACADE[name]}"), name)
    raise AttributeError(f"module 'tli_bench.models' has no attribute {name!r}")
