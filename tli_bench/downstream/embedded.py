"""Tasks scored from hidden states: parallel sentences, and the sentence or paragraph that answers a question."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
import torch
from lm_eval.api.instance import Instance

from tli_bench.base.errors import InputError, UnscorableError
from tli_bench.downstream.base import Document, DownstreamTask, plain
from tli_bench.downstream.scorers.ranking import Floats
from tli_bench.models.identity import State
from tli_bench.plugin.lm import attach_to_stock
from tli_bench.vectors.protocols import get_protocols
from tli_bench.vectors.responses import PairStates

attach_to_stock()

Item = tuple[Document, tuple[PairStates, ...]]
Scores = dict[str, float]


@dataclass(frozen=True, slots=True)
class Measured:
    """One scored pool. curves: `[layers]` by state and measure; best: index of the layer chosen, by state."""

    layers: tuple[str, ...]
    curves: dict[State, dict[str, list[float]]]
    best: dict[State, int]
    headlines: Scores


class EmbeddedTask(DownstreamTask):
    """Base of the tasks that embed texts as words are embedded and rank them by cosine, layer by layer.

    The layer is chosen on the documents at even positions by `CHOICE`, and the headline is read at that layer over the
    documents at odd positions, so that no document chooses its own layer; the curves are over all. A score that cannot
    be given is NaN. Metrics are those of the adapted model where there is an adapter, with `..._base` and `..._change` at
    the same layer. A text longer than the model reads is embedded without its end, and `truncated_texts` counts them.
    """

    OUTPUT_TYPE = "hidden_states"
    MEASURES: ClassVar[dict[str, bool]] = {}
    CHOICE = "mrr"

    def __init__(self, config: Any = None) -> None:
        super().__init__(config)
        self.protocols = get_protocols(self.meta.get("protocol", "words"))[:1]
        self._kept: tuple[frozenset[int], tuple[Item, ...], Measured] | None = None

    def forget(self) -> None:
        """Let go of requests, answers, documents and the scored pool."""
        super().forget()
        self._kept = None

    @abstractmethod
    def score(self, items: Sequence[Item], state: State, layer: int) -> Scores:
        """`MEASURES` of the documents at one layer; raises UnscorableError."""

    @abstractmethod
    def texts(self, doc: Document) -> list[tuple[str, str]]:
        """The pairs of source and target text that a document is scored by; each distinct text is embedded once."""

    def construct_requests(self, doc: Document, ctx: str, **kwargs: Any) -> list[Instance]:
        """One `hidden_states` request a pair of `texts`, each text embedded by itself, cut at what the model reads."""
        pair = f"{self.need('source')}-{self.need('target')}"
        return [
            Instance("hidden_states", doc, (source, target, self.protocols, pair, True), idx, **plain(kwargs))
            for idx, (source, target) in enumerate(self.texts(doc))
        ]

    def vectors(self, response: PairStates, state: State, layer: int) -> torch.Tensor:
        """Source and target vector `[2, dim]` of one answer."""
        return response.protocols[self.protocols[0].id].vectors[state][layer]

    def process_results(self, doc: Document, results: Sequence[PairStates]) -> dict[str, Any]:
        """The same (document, answers) under every metric name; the pool is scored in `aggregation`."""
        item: Item = (doc, tuple(results))
        return dict.fromkeys(self._directions(results[0].layers, results[0].states), item)

    def aggregation(self) -> dict[str, Callable[[list[Any]], float]]:
        """A function a metric; all share one scoring of the pool."""
        return _Names(self)

    def higher_is_better(self) -> dict[str, bool]:
        """Direction of each metric of the last run."""
        if self._kept is None:
            return {}
        measured = self._kept[2]
        return self._directions(measured.layers, tuple(measured.curves))

    @property
    def last(self) -> Measured | None:
        """The pool that was scored last, with the curves of every state; None before the first."""
        return self._kept[2] if self._kept else None

    def measured(self, items: Sequence[Item]) -> Measured:
        """Score a pool; the same pool is scored once."""
        key = frozenset(id(item) for item in items)
        if self._kept is None or self._kept[0] != key:
            self._kept = (key, tuple(items), self._measure(sorted(items, key=lambda item: item[0]["position"])))
        return self._kept[2]

    def _measure(self, items: Sequence[Item]) -> Measured:
        layers, states = items[0][1][0].layers, items[0][1][0].states
        curves: dict[State, dict[str, list[float]]] = {}
        best: dict[State, int] = {}
        for state in states:
            rows = [self._try(items, state, layer) for layer in range(len(layers))]
            curves[state] = {name: [row[name] for row in rows] for name in self.MEASURES}
            choice = [self._try(items[::2], state, layer)[self.CHOICE] for layer in range(len(layers))]
            best[state] = int(np.nanargmax(choice)) if not np.isnan(choice).all() else len(layers) - 1
        scored = states[-1]
        values = {state: self._try(items[1::2], state, best[scored]) for state in states}
        found: Scores = {
            "best_layer": float(best[scored]),
            "queries": float(len(items)),
            "truncated_texts": float(len(self._truncated(items))),
        }
        for name in self.MEASURES:
            found[name] = values[scored][name]
            found[f"{name}_output"] = curves[scored][name][-1]
            if scored != "base":
                found[f"{name}_base"] = values["base"][name]
                found[f"{name}_output_base"] = curves["base"][name][-1]
                found |= {f"{key}_change": found[key] - found[f"{key}_base"] for key in (name, f"{name}_output")}
        shown = next(iter(self.MEASURES))
        found |= {f"{shown}_L{layer.zfill(2)}": curves[scored][shown][i] for i, layer in enumerate(layers)}
        return Measured(layers, curves, best, found)

    def _truncated(self, items: Sequence[Item]) -> set[str]:
        """The distinct texts that are longer than the model reads."""
        return {
            text
            for doc, responses in items
            for pair, response in zip(self.texts(doc), responses, strict=True)
            for text, dropped in zip(pair, response.protocols[self.protocols[0].id].dropped, strict=True)
            if dropped
        }

    def _try(self, items: Sequence[Item], state: State, layer: int) -> Scores:
        try:
            if not items:
                raise UnscorableError("no documents in this half of the pool; raise --limit")
            return self.score(items, state, layer)
        except UnscorableError:
            return dict.fromkeys(self.MEASURES, float("nan"))

    def _directions(self, layers: tuple[str, ...], states: tuple[State, ...]) -> dict[str, bool]:
        names = {"best_layer": True, "queries": True, "truncated_texts": False}
        states_of = ("", *(("_base", "_change") if len(states) > 1 else ()))
        suffixes = [read + state for read in ("", "_output") for state in states_of]
        for name, better in self.MEASURES.items():
            names |= {name + suffix: better for suffix in suffixes}
        shown = next(iter(self.MEASURES))
        return names | {f"{shown}_L{layer.zfill(2)}": self.MEASURES[shown] for layer in layers}


class _Names(dict[str, Callable[[list[Any]], float]]):
    """Aggregations made on demand: the metric names depend on the model's depth."""

    def __init__(self, task: EmbeddedTask) -> None:
        super().__init__()
        self._task = task

    def __missing__(self, metric: str) -> Callable[[list[Any]], float]:
        return partial(_aggregate, self._task, metric)


def _aggregate(task: EmbeddedTask, metric: str, items: list[Any]) -> float:
    return task.measured(items).headlines[metric]


def cosines(queries: torch.Tensor, candidates: torch.Tensor) -> Floats:
    """Cosine `[queries, candidates]` in float64; raises UnscorableError for zero or non-finite vectors, or none."""
    if not len(queries) or not len(candidates):
        raise UnscorableError("no vectors to compare; raise --limit")
    units = []
    for name, x in (("query", queries.double()), ("candidate", candidates.double())):
        norm = x.norm(dim=1, keepdim=True)
        if not bool(torch.isfinite(x).all()) or bool((norm == 0).any()):
            raise UnscorableError(f"a {name} vector is zero, NaN or infinite; it has no direction")
        units.append(x / norm)
    return np.asarray((units[0] @ units[1].T).cpu().numpy(), dtype=np.float64)


def need_unit(value: str) -> str:
    """`sentence` or `paragraph`; raises InputError."""
    if value not in ("sentence", "paragraph"):
        raise InputError(f"`metadata.unit` is `sentence` or `paragraph`, got {value!r}")
    return value
