"""The model of a run whose hidden states are kept on disk: it is loaded only if something is asked that is not kept."""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from lm_eval.api.model import LM

from tli_bench.base.errors import ModelError
from tli_bench.config.run import RunConfig
from tli_bench.plugin.lm import TLIModel
from tli_bench.plugin.results import tidy
from tli_bench.vectors.cache import StateCache
from tli_bench.vectors.disk import from_environment
from tli_bench.vectors.kept import KeptBackend
from tli_bench.vectors.placebos import Placebos
from tli_bench.vectors.told import Place, Told, keep_told, place_of, read_told

_SPECIAL = tuple(f"{kind}_{what}" for kind in ("pad", "eos", "bos") for what in ("token", "token_id"))


def opened(config: RunConfig) -> TLIModel:
    """The model of a run, with its adapter: loaded, unless what loading tells is kept for these files and options.

    Raises as loading does.
    """
    place = place_of(config)
    if place is None:
        return TLIModel(**config.arguments())
    told = read_told(place.path)
    lm = _KeptModel(config, place, told) if told else TLIModel(**config.arguments())
    if told is None:
        told = _told_by(lm)
        if place_of(config) != place:
            return lm  # the files changed while they were read
        keep_told(place.path, told)
    _keep_decision(lm, place.path, told)
    return lm


class _KeptModel(TLIModel):
    """A `TLIModel` whose first attribute that only a loaded model has makes it one. told: what loading told before."""

    def __init__(self, config: RunConfig, place: Place, told: Told) -> None:
        LM.__init__(self)  # not what lies between: it loads
        self._told, self._arguments = told, config.arguments()
        self._device = torch.device(told.device)
        self.progress = None
        self.identity = place.identity(told)
        self.vectors: KeptBackend = KeptBackend(told, lambda: self._loaded, cache=StateCache(disk=from_environment()))
        asked = config.chosen()
        self.placebos = Placebos(self.vectors, asked.placebo, before=told.placebos) if asked.adapter else None

    def for_words(self) -> LM:
        """As `TLIModel.for_words`."""
        return self if self.vectors.is_loaded else _ForWords(self, self._told)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or "_loaded" in self.__dict__ or "_arguments" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        loaded = TLIModel(**self._arguments)
        if loaded.identity != self.identity:
            raise ModelError(
                f"{self.identity.id} is not what it was when the run began: its files were changed; wait until they are written, and "
                "run the same command again"
            )
        self._loaded = loaded.vectors
        self.__dict__ = loaded.__dict__ | self.__dict__
        return getattr(self, name)


class _ForWords(LM):
    """A model that is not loaded as lm-eval sees it while words are scored, with everything that it writes of it into its results."""

    def __init__(self, lm: TLIModel, told: Told) -> None:
        super().__init__()
        self.hidden_states = lm.hidden_states
        self._about, self._device = told.about, torch.device(told.device)
        self.config = SimpleNamespace(_name_or_path=told.name)
        self.tokenizer = SimpleNamespace(**told.special)
        self.eot_token_id, self.max_length = told.special["eos_token_id"], told.max_length

    def get_model_info(self) -> dict[str, Any]:
        """As lm-eval's own."""
        return dict(self._about)

    def loglikelihood(self, requests: Sequence[Any]) -> Any:
        """Not asked for words."""
        raise NotImplementedError

    loglikelihood_rolling = generate_until = loglikelihood


def _told_by(lm: TLIModel) -> Told:
    backend, identity = lm.vectors, lm.identity
    with backend.unchanged() as held:
        return Told(
            weights=held.weights,
            tokenizer=held.tokenizer,
            adapter_state=held.adapter,
            twin_state=backend.twin_digest,
            causal=backend.probed.causal,
            chain=backend.probed.chain,
            tokens=identity.tokens,
            parameters=identity.parameters,
            adapter=identity.adapter,
            device=str(lm.device),
            name=str(getattr(lm.config, "_name_or_path", "")),
            about=tidy(lm.get_model_info()),
            special={name: getattr(lm.tokenizer, name, None) for name in _SPECIAL},
            max_length=lm.max_length,
        )


def _keep_decision(lm: TLIModel, path: Path, told: Told) -> None:
    """What the cost of placebos decides in this run holds for those that follow."""
    if lm.placebos is not None:
        lm.placebos.on_decided = lambda count: keep_told(path, told.model_copy(update={"placebos": count}))
