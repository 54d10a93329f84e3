"""The model of a run in several processes: what rank 0 is asked is answered by all ranks, each with its own copy of the model."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from lm_eval.api.instance import Instance

from tli_bench.base.errors import ModelError
from tli_bench.config.run import RunConfig
from tli_bench.models.types import Model, Tokenizer
from tli_bench.models.variants import Weights, digest
from tli_bench.plugin.asking import fitting
from tli_bench.plugin.lm import TLIModel
from tli_bench.vectors.ranks import Ranks
from tli_bench.vectors.shared import SharedBackend

_OPEN, _ANSWERS = "open", "answers"


class SharedModel(TLIModel):
    """As `TLIModel`; on rank 0 words, texts and requests are shared among all ranks, in contiguous parts.

    lm-eval runs on rank 0 alone and sees one process. arguments: as of `TLIModel`.
    """

    vectors: SharedBackend

    def __init__(self, *, ranks: Ranks, **arguments: Any) -> None:
        self._ranks, self._bare = ranks, False
        super().__init__(**arguments)

    def _backend(self, model: Model, tokenizer: Tokenizer, twin: Weights | None) -> SharedBackend:
        return SharedBackend(
            model, tokenizer, ranks=self._ranks, batch_size=self.batch_size, progress=self.progress, twin=twin
        )

    @contextmanager
    def bare(self) -> Iterator[None]:
        """As `TLIModel.bare`, on all ranks."""
        self._bare = True
        try:
            with super().bare():
                yield
        finally:
            self._bare = False

    def loglikelihood(self, requests: Sequence[Any], disable_tqdm: bool = False) -> Any:
        """As lm-eval's own."""
        return self._shared("loglikelihood", requests, disable_tqdm)

    def loglikelihood_rolling(self, requests: Sequence[Any], disable_tqdm: bool = False) -> Any:
        """As lm-eval's own."""
        return self._shared("loglikelihood_rolling", requests, disable_tqdm)

    def generate_until(self, requests: Sequence[Any], disable_tqdm: bool = False) -> Any:
        """As `TLIModel.generate_until`."""
        return self._shared("generate_until", [fitting(self, request) for request in requests], disable_tqdm)

    def answered(self, kind: str, asked: Sequence[tuple[Any, ...]], bare: bool, batch_size: int) -> list[Any]:
        """The answers to requests of a kind, given by their arguments, of this rank alone. bare: by the base."""
        self.batch_size_per_gpu = batch_size
        with self.bare() if bare else nullcontext():
            return self._own(kind, asked, disable_tqdm=True)

    def _shared(self, kind: str, requests: Sequence[Any], disable_tqdm: bool) -> list[Any]:
        # A prompt of ours that was made to fit is from here on a plain text.
        asked = [tuple(str(part) if isinstance(part, str) else part for part in one.args) for one in requests]
        shares = self._ranks.split(asked)
        told = [(kind, share, self._bare, self.batch_size_per_gpu) if share else None for share in shares]
        own, others = self._ranks.ask(_ANSWERS, told, partial(self._own, kind, shares[0], disable_tqdm=disable_tqdm))
        return [*own, *(answer for answers in others for answer in answers)]

    def _own(self, kind: str, asked: Sequence[tuple[Any, ...]], *, disable_tqdm: bool) -> list[Any]:
        requests = [Instance(kind, {}, arguments, number) for number, arguments in enumerate(asked)]
        return list(getattr(super(), kind)(requests, disable_tqdm=disable_tqdm)) if requests else []

    def held(self) -> tuple[Any, ...]:
        """What has to be the same on all ranks: fingerprints of model, tokenizer, adapter and twin."""
        with self.vectors.unchanged() as fingerprint:
            return fingerprint, digest(self.vectors.twin) if self.vectors.twin else ""


def open_shared(config: RunConfig, ranks: Ranks) -> SharedModel:
    """The model of a run, opened by all ranks at once, to be asked on rank 0.

    Raises what any of them raised, and ModelError where one holds other weights.
    """
    lm, others = ranks.ask(_OPEN, [(config,)] * ranks.count, partial(_open, config, ranks))
    ours = lm.held()
    for rank, theirs in enumerate(others, 1):
        if theirs != ours:
            raise ModelError(
                f"rank {rank} holds another {config.model} than rank 0, or another adapter: their files differ, or changed while "
                "they were read; give each process the same files, or --revision"
            )
    return lm


def _open(config: RunConfig, ranks: Ranks) -> SharedModel:
    local = os.environ.get("LOCAL_RANK", str(ranks.rank))
    if config.device in (None, "cuda") and torch.cuda.is_available():
        config = replace(config, device=f"cuda:{local}")
    # One gate for all: the weights are the same.
    return SharedModel(ranks=ranks, **replace(config, skip_gate=config.skip_gate or ranks.rank > 0).arguments())


class Follower:
    """What a rank that does not lead says to rank 0, for `Ranks.follow`."""

    def __init__(self, ranks: Ranks) -> None:
        self._ranks = ranks
        self._lm: SharedModel | None = None

    def __call__(self, what: str, told: tuple[Any, ...]) -> Any:
        """The answer to one question; the first is to open the model."""
        if what == _OPEN:
            (config,) = told
            self._lm = _open(config, self._ranks)
            return self._lm.held()
        assert self._lm is not None, "rank 0 opens the model first"
        return self._lm.answered(*told) if what == _ANSWERS else self._lm.vectors.answer(what, told)
