"""The backend: one loaded model that turns texts into pooled hidden states, base and adapted, and keeps what it has seen."""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import cached_property
from typing import cast

import torch
from torch import nn

from tli_bench.base.errors import AdapterError
from tli_bench.config.options import settings
from tli_bench.config.run import RunConfig
from tli_bench.models.adapters import adapter_disabled
from tli_bench.models.body import family, is_wrapped, max_tokens, text_config
from tli_bench.models.families import Family, window
from tli_bench.models.identity import State
from tli_bench.models.live import Fingerprint, fingerprint
from tli_bench.models.neurons import activation_functions
from tli_bench.models.probe import Probed, probe, probe_sharing
from tli_bench.models.types import Model, Tokenizer, Wrapped
from tli_bench.models.variants import Weights, digest, require_fit, weights_of, worn
from tli_bench.vectors.cache import Answered, StateCache
from tli_bench.vectors.disk import from_environment
from tli_bench.vectors.extract import Progress, States, extract
from tli_bench.vectors.finite import broken, require_as_base, require_some
from tli_bench.vectors.inputs import Encoded, Framing, encode_words
from tli_bench.vectors.keys import Key, key_of
from tli_bench.vectors.protocols import Pooling
from tli_bench.vectors.running import encode_sentences, extract_sentences, kept_words

log = logging.getLogger(__name__)
__all__ = ["Answered", "Backend", "Progress"]
DEFAULT_BATCH: int = settings(RunConfig)["batch_size"].default


class Backend:
    """Owns a loaded model and its tokenizer; `states` runs each distinct text once.

    Raises AdapterError for a model that contains an adapter which cannot be switched off.

    A model is remembered only by its content: change its weights, its adapter or its tokenizer in any way, and
    the states are computed again. batch_size: sequences in one batch, halved for good whenever the device's memory runs out. cache:
    None for a cache of the backend's own, which also uses the disk where `TLI_BENCH_CACHE` names a folder. `progress(done, total)`
    is called after each batch. twin: weights of the state `twin`, which take the place of the adapter's; AdapterError where they do
    not fit.
    """

    def __init__(
        self,
        model: Model,
        tokenizer: Tokenizer,
        *,
        batch_size: int = DEFAULT_BATCH,
        progress: Progress | None = None,
        cache: StateCache | None = None,
        twin: Weights | None = None,
    ) -> None:
        _require_separable(model)
        if twin is not None:
            require_fit(twin, weights_of(cast(Wrapped, model)))
        self.model = model
        self.tokenizer = tokenizer
        self.batch_size = batch_size
        self.twin = twin
        self._set_out(cache=StateCache(disk=from_environment()) if cache is None else cache, progress=progress)

    def _set_out(self, *, cache: StateCache, progress: Progress | None) -> None:
        """Everything that needs no model."""
        self.cache, self.progress = cache, progress
        self._held: Fingerprint | None = None
        self._encodings: tuple[object, list[Encoded]] = (None, [])
        self._seconds, self._texts = 0.0, 0
        self._apart: dict[State, str] = {}

    @property
    def family(self) -> Family:
        """The row of the table of families that the model belongs to."""
        return family(self.model)

    @cached_property
    def probed(self) -> Probed:
        """What two tiny forward passes say about the architecture; run once."""
        return probe(self.model)

    @cached_property
    def activations(self) -> list[nn.Module]:
        """Activation functions of the feed-forward parts, one for each block; empty where they cannot be told. Found once."""
        return activation_functions(self.model)

    @property
    def causal(self) -> bool:
        """Whether a position sees only itself and the ones before it, as probed."""
        return self.probed.causal

    @property
    def adapted(self) -> bool:
        """Whether the model carries an adapter."""
        return is_wrapped(self.model)

    def apart(self, state: State) -> str:
        """Why texts do not share the states of their prefixes in this state of the model; empty where they do.

        A handful of sequences is compared with the plain forward, once for each state.
        """
        if state not in self._apart:
            with self._in_state(state):
                reason = self._apart[state] = probe_sharing(self.model, self.probed)
            if reason:
                log.info("each text runs for itself: %s", reason)
        return self._apart[state]

    @contextmanager
    def unchanged(self) -> Iterator[Fingerprint]:
        """Inside the `with` block nobody changes model or tokenizer, so that they are fingerprinted once; yields the fingerprint."""
        outer = self._held
        self._held = outer or fingerprint(self.model, self.tokenizer)
        try:
            yield self._held
        finally:
            self._held = outer

    def states(
        self,
        texts: Sequence[str],
        framing: Framing,
        poolings: Sequence[Pooling],
        *,
        state: State = "base",
        neurons: bool = False,
    ) -> Answered:
        """Pooled states of every layer for each distinct text, from the cache if they were seen before.

        state: `base` switches the adapter off, `adapted` leaves it on, `twin` puts the twin's weights in its place.
        neurons: say as well which feed-forward neurons are active, where the architecture lets them be told. Raises
        InputError for texts that cannot be encoded, AdapterError for an activated LoRA.
        """
        with self.unchanged() as held:
            key = key_of(held, self.twin_digest, state, framing, tuple(poolings), neurons=neurons)
            return self.cache.get(key, texts, lambda missing: self._compute(missing, key))

    def fresh(self, texts: Sequence[str], framing: Framing, poolings: Sequence[Pooling]) -> States:
        """Pooled states of every text, in order, with the adapter as it is now; neither looked up in the cache nor kept."""
        encoded = self._encoded(texts, framing)
        share = self._shares(encoded, framing, "adapted" if self.adapted else "base")
        return self._extract(encoded, tuple(poolings), share=share)

    def words_of(
        self, sentences: Sequence[Sequence[str]], framing: Framing, *, state: State = "base"
    ) -> tuple[tuple[str, ...], list[tuple[tuple[int, ...], torch.Tensor]]]:
        """Names of the layers, and for each sentence which of its words have a vector and their states; nothing is kept.

        Raises InputError as `encode_sentences` does, AdapterError for an activated LoRA.
        """
        encoded = encode_sentences(self.tokenizer, sentences, framing, max_length=max_tokens(self.model))
        if state != "base":
            _require_called(self.model, [sentence.ids for sentence in encoded])
        with self._in_state(state):
            layers, found = extract_sentences(
                self.model, encoded, batch_size=self.batch_size, before_norm=self.probed.chain
            )
        return layers, [(kept_words(one), vectors) for one, vectors in zip(encoded, found, strict=True)]

    @property
    def pace(self) -> float | None:
        """Seconds for one text in one state, over all that was computed so far; None before."""
        return self._seconds / self._texts if self._texts else None

    @cached_property
    def twin_digest(self) -> str:
        """Digest of the twin's weights; empty without a twin."""
        return digest(self.twin) if self.twin is not None else ""

    def _compute(self, texts: Sequence[str], key: Key) -> States:
        asked = (key.weights, key.tokenizer, key.framing, tuple(texts))
        if self._encodings[0] != asked:  # each state of a model reads the same texts, one after another
            self._encodings = asked, self._encoded(texts, key.framing)
        encoded, state, began = self._encodings[1], cast(State, key.state), time.perf_counter()
        if state != "base":
            _require_called(self.model, [item.ids for item in encoded])
        share = self._shares(encoded, key.framing, state)
        with self._in_state(state):
            found = self._extract(encoded, key.poolings, share=share, first_position=True, neurons=key.neurons)
        if state == "base":
            require_some(found)
        elif broken(found).any():
            with self._in_state("base"):
                base = self._extract(encoded, key.poolings, share=self._shares(encoded, key.framing, "base"))
            require_as_base(found, base, state=state, dtype=str(self.model.dtype).removeprefix("torch."))
        self._seconds, self._texts = self._seconds + time.perf_counter() - began, self._texts + len(encoded)
        return found

    @contextmanager
    def _in_state(self, state: State) -> Iterator[None]:
        """Inside the `with` block the model computes what it does in this state."""
        if state == "twin":
            if self.twin is None:
                raise AdapterError("the model was given no twin, so the state `twin` cannot be scored")
            with worn(cast(Wrapped, self.model), self.twin):
                yield
        else:
            with adapter_disabled(self.model) if state == "base" else nullcontext():
                yield

    def _encoded(self, texts: Sequence[str], framing: Framing) -> list[Encoded]:
        return encode_words(
            self.tokenizer,
            texts,
            max_length=max_tokens(self.model),
            **framing._asdict(),
        )

    def _shares(self, encoded: Sequence[Encoded], framing: Framing, state: State) -> bool:
        """Whether texts run in trees of their prefixes. Running texts do not: they seldom begin alike, and their masks are large."""
        limit = window(text_config(self.model))
        if framing.shorten or (limit is not None and max(len(item.ids) for item in encoded) > limit):
            return False
        return not self.apart(state)

    def _extract(
        self,
        encoded: Sequence[Encoded],
        poolings: tuple[Pooling, ...],
        *,
        share: bool,
        first_position: bool = False,
        neurons: bool = False,
    ) -> States:
        while True:
            try:
                return extract(
                    self.model,
                    encoded,
                    poolings=poolings,
                    batch_size=self.batch_size,
                    share=share,
                    first_position=first_position,
                    before_norm=self.probed.chain,
                    neurons=self.activations if neurons else (),
                    progress=self.progress,
                )
            except torch.OutOfMemoryError:
                if self.batch_size == 1:
                    raise
            self.batch_size = max(1, self.batch_size // 2)
            log.warning("out of memory: going on with batches of %d words", self.batch_size)
            torch.cuda.empty_cache()


def _require_separable(model: Model) -> None:
    """Refuse a base whose layers an adapter has replaced, without PEFT's wrapper around it."""
    if not is_wrapped(model) and any(hasattr(part, "base_layer") for part in model.modules()):
        raise AdapterError(
            f"this {type(model).__name__} carries the layers of an adapter, but not PEFT's wrapper, which can switch it off: base "
            "and adapted could not be told apart; give the PeftModel itself (get_peft_model, PeftModel.from_pretrained)"
        )


def _require_called(model: Model, encoded: Sequence[tuple[int, ...]]) -> None:
    """Refuse an activated LoRA: it acts only on what follows its invocation tokens, and words do not contain them."""
    for config in getattr(model, "peft_config", {}).values():
        calls = tuple(getattr(config, "alora_invocation_tokens", None) or ())
        if not calls:
            continue
        heard = sum(any(ids[i : i + len(calls)] == calls for i in range(len(ids))) for ids in encoded)
        why = (
            "and none of the texts contains them: the base alone would be scored"
            if not heard
            else f"and the hidden states of texts that contain them ({heard} of {len(encoded)} do) are not supported"
        )
        raise AdapterError(
            f"the adapter is an activated LoRA, which acts only on what follows its invocation tokens {list(calls)}, {why}; "
            "use a plain LoRA (saved without `alora_invocation_tokens`)"
        )
