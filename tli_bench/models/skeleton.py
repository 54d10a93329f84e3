"""A model without its weights: what its configuration alone says of its size, and of the memory that it takes to run."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from weakref import WeakSet, finalize

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from tli_bench.base.errors import ModelError
from tli_bench.models.catalog import ModelSource, resolve_model
from tli_bench.models.families import Config, family_of
from tli_bench.models.fingerprint import hub_file
from tli_bench.models.known import known_models
from tli_bench.models.load import LoadOptions, load_config
from tli_bench.models.types import Model


class Described(NamedTuple):
    """A model by its configuration alone. origin: where that was found, in words."""

    id: str
    config: Config
    source: ModelSource
    origin: str


def describe(name: str, options: LoadOptions | None = None) -> Described:
    """The configuration of a model, from its folder, the cache of the Hub, the facts that ship here, or else the Hub.

    Raises ModelError as loading does, and for a GGUF file, which holds no configuration.
    """
    options = options or LoadOptions()
    source = resolve_model(name)
    if source.gguf:
        raise ModelError(f"{name} is a GGUF file, which has no config.json; plan for the model that it was made from")
    known = known_models().get(source.target)
    cached = source.path is not None or hub_file(source.target, options.revision, file="config.json") is not None
    if cached or known is None or known.config is None:
        origin = "its config.json" if source.path else "config.json on the Hub"
        return Described(source.id, load_config(source, options), source, origin)
    from transformers import AutoConfig

    facts = dict(known.config)
    return Described(
        source.id, AutoConfig.for_model(facts.pop("model_type"), **facts), source, "facts that ship with tli-bench"
    )


def skeleton(config: Config, *, dtype: torch.dtype = torch.float32) -> Model:
    """The model of a configuration on the meta device: every shape, no memory. Raises ModelError where it is not supported."""
    row = family_of(config)
    try:
        with torch.device("meta"):
            model: Model = row.load_class().from_config(config, dtype=dtype)
    except Exception as err:  # a configuration by anybody can make a constructor raise anything
        raise ModelError(f"no model can be built from this configuration: {type(err).__name__}: {err}") from err
    return model.eval()


@contextmanager
def pretended(model: Model) -> Iterator[Model]:
    """Inside the `with` block a skeleton has tensors on a CPU that hold nothing, and whatever is computed holds nothing either.

    Shapes, dtypes and what autograd keeps are those of a real run. The skeleton is not of use afterwards.
    """
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode(allow_non_fake_inputs=True):
        yield model.to_empty(device="cpu")  # type: ignore[attr-defined]


def peak_of(run: Callable[[], Any]) -> int:
    """Most bytes that tensors made by `run` hold at one time; those that are there before do not count."""
    with _Live() as live:
        run()
    return live.peak


class _Live(TorchDispatchMode):
    """Counts the bytes of every storage from the operation that makes it until nobody holds it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = 0
        self._seen: WeakSet[torch.UntypedStorage] = WeakSet()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        before = [leaf.untyped_storage() for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
        own = {storage._cdata for storage in before}
        out = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(out):
            if isinstance(leaf, torch.Tensor) and leaf.untyped_storage()._cdata not in own:
                self._add(leaf.untyped_storage())
        return out

    def _add(self, storage: torch.UntypedStorage) -> None:
        if storage in self._seen:
            return
        size = storage.nbytes()
        self._seen.add(storage)
        self.now += size
        self.peak = max(self.peak, self.now)
        finalize(storage, self._free, size)

    def _free(self, size: int) -> None:
        self.now -= size
