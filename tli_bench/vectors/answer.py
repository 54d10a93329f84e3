"""Answer `hidden_states` requests with any Hugging Face model, base and adapted from the one loaded model."""

import weakref
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch

from tli_bench.models.adapters import adapter_disabled
from tli_bench.models.body import is_causal, max_tokens
from tli_bench.models.identity import MeasuredModel, State
from tli_bench.models.types import Model, Tokenizer
from tli_bench.vectors.extract import States, extract
from tli_bench.vectors.inputs import encode_words
from tli_bench.vectors.pooling import pooling_weights
from tli_bench.vectors.protocols import Pooling, Protocol
from tli_bench.vectors.responses import PairSink, PairStates, ProtocolStates
from tli_bench.vectors.store import StateStore, WordStates

Progress = Callable[[int, int], None]


class Inputs(NamedTuple):
    """How words become token sequences. Protocols with the same inputs are read from the same forward pass.

    shorten: a text longer than the model reads loses its end; without it that is an error.
    """

    template: str | None
    cut: bool
    poolings: tuple[Pooling, ...]
    shorten: bool = False


# Stores of states per model object: they go when the model goes.
_STORES: weakref.WeakKeyDictionary[Any, dict[tuple[State, Inputs], StateStore]] = weakref.WeakKeyDictionary()


def answer(
    requests: Sequence[Any],
    *,
    model: Model,
    tokenizer: Tokenizer,
    identity: MeasuredModel,
    batch_size: int = 64,
    progress: Progress | None = None,
) -> list[PairStates]:
    """One `PairStates` a request, in order. Each request's `args` are (source word, target word, protocols, pair id).

    A fifth argument, `shorten`, is true for texts that may be longer than the model reads (see `Inputs`).
    A distinct token sequence runs once per state (base, adapted) for all protocols that need it, and is kept for later
    requests to the same model.
    """
    states: tuple[State, ...] = ("base", "adapted") if identity.adapter else ("base",)
    groups: dict[tuple[tuple[Protocol, ...], str, bool], list[int]] = {}
    for position, request in enumerate(requests):
        protocols, pair, *shorten = request.args[2:]
        groups.setdefault((protocols, pair, bool(shorten and shorten[0])), []).append(position)
    answers: dict[int, PairStates] = {}
    for (protocols, pair, short), positions in groups.items():
        sides = [
            {
                name: inputs._replace(shorten=short)
                for name, inputs in inputs_of(protocols, language, causal=is_causal(model)).items()
            }
            for language in pair.split("-")
        ]
        words: dict[Inputs, list[str]] = {}
        for side, by_name in enumerate(sides):
            for inputs in dict.fromkeys(by_name.values()):
                words.setdefault(inputs, []).extend(requests[position].args[side] for position in positions)
        found: dict[tuple[State, Inputs], dict[str, WordStates]] = {}
        layers: tuple[str, ...] = ()
        for state in states:
            for inputs, wanted in words.items():
                store = _store(model, tokenizer, state, inputs, batch_size, progress)
                found[state, inputs] = store.get(wanted)
                layers = store.layers
        for position in positions:
            both = requests[position].args[:2]
            measured = {}
            for protocol in protocols:
                pairs = {
                    state: tuple(
                        found[state, side[protocol.name]][word] for side, word in zip(sides, both, strict=True)
                    )
                    for state in states
                }
                measured[protocol.id] = _protocol_states(protocol, pairs)
            answers[position] = PairStates(layers, measured, identity)
    return [answers[position] for position in range(len(requests))]


def inputs_of(protocols: Sequence[Protocol], language: str, *, causal: bool) -> dict[str, Inputs]:
    """The inputs of each protocol, by its name, for words of `language` (a code)."""
    by_template: dict[str | None, list[Protocol]] = {}
    for protocol in protocols:
        by_template.setdefault(protocol.template(language), []).append(protocol)
    found: dict[str, Inputs] = {}
    for template, users in by_template.items():
        poolings = {user.pooling for user in users}
        if any(user.name == "words" for user in users):
            poolings.add(Pooling.WORD_LAST)
        # The mean over the word's own tokens is what most protocols read: kept, it serves without position 0 as well.
        poolings.add(Pooling.WORD_MEAN)
        cut = template is not None and causal and all(user.pooling.of_the_word for user in users)
        inputs = Inputs(template, cut, tuple(sorted(poolings)))
        found |= {user.name: inputs for user in users}
    return found


def _store(
    model: Model, tokenizer: Tokenizer, state: State, inputs: Inputs, batch_size: int, progress: Progress | None
) -> StateStore:
    stores = _STORES.setdefault(model, {})
    key = (state, inputs)
    if key not in stores:
        stores[key] = StateStore(partial(_compute, weakref.ref(model), tokenizer, state, inputs, batch_size, progress))
    return stores[key]


def _compute(
    model_ref: Any,
    tokenizer: Tokenizer,
    state: State,
    inputs: Inputs,
    batch_size: int,
    progress: Progress | None,
    words: Sequence[str],
) -> States:
    model = model_ref()
    encoded = encode_words(
        tokenizer,
        words,
        max_length=max_tokens(model),
        template=inputs.template,
        cut=inputs.cut,
        shorten=inputs.shorten,
    )
    run = partial(
        extract,
        model,
        encoded,
        poolings=inputs.poolings,
        batch_size=batch_size,
        first_position=True,
        progress=progress,
    )
    if state == "adapted":
        return run()
    with adapter_disabled(model):
        return run()


def _protocol_states(protocol: Protocol, pairs: dict[State, tuple[WordStates, ...]]) -> ProtocolStates:
    """One pair under one protocol; `pairs` holds the source and the target word of each state."""
    both = pairs["base"]
    encoded = [word.encoded for word in both if word.encoded is not None]
    return ProtocolStates(
        vectors={state: _stacked(words, protocol.pooling) for state, words in pairs.items()},
        last={state: _stacked(words, Pooling.WORD_LAST) for state, words in pairs.items()}
        if protocol.name == "words"
        else {},
        sinks={state: _sink(*words) for state, words in pairs.items()},
        first_pooled=any(bool(pooling_weights(item, protocol.pooling)[0] > 0) for item in encoded),
        tokens=(sum(encoded[0].word), sum(encoded[1].word)),
        dropped=(encoded[0].dropped, encoded[1].dropped),
    )


def _stacked(words: Sequence[WordStates], pooling: Pooling) -> torch.Tensor:
    return torch.stack([word.vectors[pooling] for word in words], dim=1)


def _sink(source: WordStates, target: WordStates) -> PairSink:
    norms = [word.norms for word in (source, target) if word.norms is not None]
    cosines = [_cosine(source.included, target.included), _cosine(source.excluded, target.excluded)]
    return PairSink((norms[0], norms[1]), torch.stack(cosines, dim=1))


def _cosine(x: torch.Tensor | None, y: torch.Tensor | None) -> torch.Tensor:
    """Cosine of each layer's vectors, float64 `[layers]`; NaN for a zero vector."""
    assert x is not None
    assert y is not None
    a, b = x.double(), y.double()
    return (a * b).sum(dim=-1) / (a.norm(dim=-1) * b.norm(dim=-1))
