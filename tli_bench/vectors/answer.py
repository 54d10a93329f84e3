"""Answer `hidden_states` requests with a backend, base and adapted from the one loaded model."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import torch

from tli_bench.models.identity import MeasuredModel, State
from tli_bench.vectors.backend import Backend
from tli_bench.vectors.cache import Answered, TextStates
from tli_bench.vectors.extract import with_first
from tli_bench.vectors.inputs import Framing, framing
from tli_bench.vectors.placebos import Placebos
from tli_bench.vectors.pooling import pooling_weights
from tli_bench.vectors.protocols import Pooling, Protocol
from tli_bench.vectors.responses import PairSink, PairStates, PairVectors, ProtocolStates
from tli_bench.vectors.running import SentenceStates, is_sentence

_AT_ONCE = 8


class Inputs(NamedTuple):
    """Which part of a text is run and which is read. Protocols with the same inputs are read from the same forward pass."""

    framing: Framing
    poolings: tuple[Pooling, ...]


def answer(
    requests: Sequence[Any], *, backend: Backend, identity: MeasuredModel, placebos: Placebos | None = None
) -> list[PairStates]:
    """One `PairStates` for each request, in order. A request's `args` are (source, target, protocols, pair id).

    Requests for the words of sentences, whose `args` are (sentence, words, protocol, language), have `SentenceStates` for
    answers instead.
    A fifth argument is true for texts that may be longer than the model reads: they are cut at the end. A sixth is true for
    requests that also ask for the neurons. A distinct token sequence runs once per state (base, adapted, twin) for all
    protocols that need it. placebos: goes with each answer.
    """
    if requests and is_sentence(requests[0]):
        return _sentences(requests, backend=backend, identity=identity)
    if placebos is not None:
        placebos.starts()
    answers: dict[int, PairStates] = {}
    with backend.unchanged():
        for group in _groups(requests, causal=backend.causal):
            words = [requests[position].args[:2] for position in group.positions]
            states = states_of(identity, running=group.running)
            found = _answer_group(
                words, group.sides, group.protocols, states, backend=backend, identity=identity, neurons=group.neurons
            )
            answers |= dict(zip(group.positions, found, strict=True))
    return [replace(answers[position], placebos=placebos) for position in range(len(requests))]


class _Asked(NamedTuple):
    """Requests that are answered together: their places, and the inputs of each protocol for source and target."""

    positions: list[int]
    protocols: tuple[Protocol, ...]
    sides: list[dict[str, Inputs]]
    running: bool
    neurons: bool


def _groups(requests: Sequence[Any], *, causal: bool) -> list[_Asked]:
    groups: dict[tuple[tuple[Protocol, ...], str, bool, bool], list[int]] = {}
    for position, request in enumerate(requests):
        protocols, pair, shorten, neurons = (*request.args[2:], False, False)[:4]
        groups.setdefault((protocols, pair, bool(shorten), bool(neurons)), []).append(position)
    found = []
    for (protocols, pair, short, neurons), positions in groups.items():
        sides = [inputs_of(protocols, language, causal=causal, shorten=short) for language in pair.split("-")]
        found.append(_Asked(positions, protocols, sides, short, neurons))
    return found


def _wanted(words: Sequence[tuple[str, str]], sides: Sequence[dict[str, Inputs]]) -> dict[Inputs, list[str]]:
    """Texts of source and target by the inputs that they are needed with."""
    wanted: dict[Inputs, list[str]] = {}
    for side, by_name in enumerate(sides):
        for inputs in dict.fromkeys(by_name.values()):
            wanted.setdefault(inputs, []).extend(both[side] for both in words)
    return wanted


def _sentences(requests: Sequence[Any], *, backend: Backend, identity: MeasuredModel) -> Any:
    """One `SentenceStates` for each request, in order; each distinct sentence runs once per state."""
    groups: dict[tuple[Protocol, str], list[int]] = {}
    for position, request in enumerate(requests):
        groups.setdefault(tuple(request.args[2:]), []).append(position)
    answers: dict[int, SentenceStates] = {}
    with backend.unchanged():
        for (protocol, language), positions in groups.items():
            framed = framing(protocol, language)
            distinct = list(dict.fromkeys(requests[position].args[1] for position in positions))
            found = {
                state: backend.words_of(distinct, framed, state=state) for state in states_of(identity, running=True)
            }
            rows = {words: row for row, words in enumerate(distinct)}
            for position in positions:
                row = rows[requests[position].args[1]]
                vectors = {state: words[row][1] for state, (_, words) in found.items()}
                layers, words = found["base"]
                answers[position] = SentenceStates(layers, vectors, words[row][0], identity)
    return [answers[position] for position in range(len(requests))]


def _answer_group(
    words: Sequence[tuple[str, str]],
    sides: Sequence[dict[str, Inputs]],
    protocols: Sequence[Protocol],
    states: Sequence[State],
    *,
    backend: Backend,
    identity: MeasuredModel,
    neurons: bool,
) -> list[PairStates]:
    """Answers for pairs of words; `sides` has the inputs of each protocol for source and target."""
    found: dict[tuple[State, Inputs], Answered] = {}
    for inputs, texts in _wanted(words, sides).items():
        for state in states:
            found[state, inputs] = backend.states(texts, inputs.framing, inputs.poolings, state=state, neurons=neurons)
    layers = next(iter(found.values())).layers
    with backend.unchanged() as held:
        decided = repr((held, identity, sides, [protocol.id for protocol in protocols], neurons))
    measured = {}
    for protocol in protocols:
        pairs = {
            state: [
                tuple(found[state, side[protocol.name]].texts[word] for side, word in zip(sides, both, strict=True))
                for both in words
            ]
            for state in states
        }
        measured[protocol] = _protocol_states(protocol, pairs)
    answers = []
    for row, both in enumerate(words):
        key = hashlib.sha256(f"{decided} {both!r}".encode()).hexdigest()
        told = {protocol.id: rows[row] for protocol, rows in measured.items()}
        answers.append(PairStates(layers, told, identity, key, causal=backend.causal))
    return answers


def states_of(identity: MeasuredModel, *, running: bool = False) -> tuple[State, ...]:
    """The states in which a model is scored; a twin is for words, not for running text."""
    if identity.adapter is None:
        return ("base",)
    return ("base", "adapted", "twin") if identity.twin and not running else ("base", "adapted")


def inputs_of(
    protocols: Sequence[Protocol], language: str, *, causal: bool, shorten: bool = False
) -> dict[str, Inputs]:
    """The inputs of each protocol, by its name, for words of `language` (a code).

    shorten: the texts are running text: no lead, and one longer than the model reads is cut at the end, not an error.
    """
    by_framing: dict[Framing, list[Protocol]] = {}
    for protocol in protocols:
        by_framing.setdefault(framing(protocol, language, running=shorten), []).append(protocol)
    found: dict[str, Inputs] = {}
    for whole, users in by_framing.items():
        poolings = {user.pooling for user in users}
        if any(user.last for user in users):
            poolings.add(Pooling.WORD_LAST)
        # The mean over the word's own tokens is what most protocols read: once kept, it also serves as the mean without position 0.
        poolings.add(Pooling.WORD_MEAN)
        cut = whole.template is not None and causal and all(user.pooling.of_the_word for user in users)
        inputs = Inputs(whole._replace(cut=cut), tuple(sorted(poolings)))
        found |= {user.name: inputs for user in users}
    return found


def _protocol_states(protocol: Protocol, pairs: dict[State, list[tuple[TextStates, ...]]]) -> list[ProtocolStates]:
    """Every pair under one protocol; `pairs` holds its source and its target word in each state."""
    sinks = {state: _sinks(words) for state, words in pairs.items()}
    return [
        _pair_states(protocol, {s: w[row] for s, w in pairs.items()}, {s: found[row] for s, found in sinks.items()})
        for row in range(len(pairs["base"]))
    ]


def _pair_states(
    protocol: Protocol, pairs: dict[State, tuple[TextStates, ...]], sinks: dict[State, PairSink]
) -> ProtocolStates:
    both = pairs["base"]
    encoded = [word.encoded for word in both if word.encoded is not None]
    return ProtocolStates(
        vectors=_shared(pairs, protocol.pooling),
        last=_shared(pairs, Pooling.WORD_LAST) if protocol.last else {},
        sinks=sinks,
        first_pooled=any(bool(pooling_weights(item, protocol.pooling)[0] > 0) for item in encoded),
        tokens=(sum(encoded[0].word), sum(encoded[1].word)),
        dropped=(encoded[0].dropped, encoded[1].dropped),
        encoded=tuple(encoded),
        neurons={state: torch.stack(told, dim=1) for state, words in pairs.items() if (told := _neurons(words))},
    )


def _neurons(words: Sequence[TextStates]) -> list[torch.Tensor]:
    return [word.neurons for word in words if word.neurons is not None]


def _shared(pairs: dict[State, tuple[TextStates, ...]], pooling: Pooling) -> PairVectors:
    return PairVectors({state: tuple(word.vectors[pooling] for word in words) for state, words in pairs.items()})


def _sinks(pairs: Sequence[tuple[TextStates, ...]]) -> list[PairSink]:
    """What position 0 does to each pair; a few pairs at a time, so that little is in float64 at once."""
    found = []
    for start in range(0, len(pairs), _AT_ONCE):
        some = pairs[start : start + _AT_ONCE]
        sides = [_means([both[side] for both in some]) for side in (0, 1)]
        cosines = torch.stack([_cosine(a, b) for a, b in zip(*sides, strict=True)], dim=-1)
        for both, cosine in zip(some, cosines, strict=True):
            norms = [word.norms for word in both if word.norms is not None]
            found.append(PairSink((norms[0], norms[1]), cosine))
    return found


def _means(words: Sequence[TextStates]) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean of each word over all its positions and over all but the first, `[words, layers, dim]`."""
    origins = torch.stack([word.origin for word in words if word.origin is not None])
    excluded = torch.stack([word.excluded for word in words if word.excluded is not None])
    counts = torch.tensor([word.count for word in words], dtype=origins.dtype)[:, None, None]
    return with_first(origins, excluded, counts), excluded


def _cosine(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Cosine of each layer's vectors, float64 `[words, layers]`; NaN for a zero vector."""
    a, b = x.double(), y.double()
    return (a * b).sum(dim=-1) / (a.norm(dim=-1) * b.norm(dim=-1))
