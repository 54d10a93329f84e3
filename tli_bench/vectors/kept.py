"""A backend without a model: it answers from what is kept on disk, and loads the model for the first text that is not there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tli_bench.base.errors import ModelError
from tli_bench.models.live import Fingerprint
from tli_bench.vectors.backend import Backend
from tli_bench.vectors.cache import StateCache
from tli_bench.vectors.told import Told

_LOADED = ("model", "tokenizer", "twin", "batch_size")


class KeptBackend(Backend):
    """As `Backend`, for a model that is loaded only when it has to run.

    told: what loading it told before. load: gives a backend that holds the model. Raises ModelError if it is then not the model that
    was told of.
    """

    def __init__(self, told: Told, load: Callable[[], Backend], *, cache: StateCache) -> None:
        # Not what `Backend` does first: it looks at the model.
        self._told, self._load = told, load
        self._set_out(cache=cache, progress=None)
        self.__dict__ |= {"probed": told.probed, "twin_digest": told.twin_state}

    @property
    def is_loaded(self) -> bool:
        """Whether something had to run."""
        return "model" in self.__dict__

    @contextmanager
    def unchanged(self) -> Iterator[Fingerprint]:
        """As `Backend.unchanged`; a model that is not there does not change."""
        outer = self._held
        if not self.is_loaded:
            self._held = self._told.held
        try:
            with super().unchanged() as held:
                yield held
        finally:
            self._held = outer

    def __getattr__(self, name: str) -> Any:
        if name not in _LOADED or self.is_loaded:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        backend = self._load()
        with backend.unchanged() as held:
            if held != self._told.held:
                raise ModelError(
                    "the model's files changed after the run began: hidden states in the cache are not those of what was loaded now; "
                    "wait until the files are written, and run the same command again"
                )
        self.__dict__ |= {part: getattr(backend, part) for part in _LOADED}
        return self.__dict__[name]
