"""Specifications that tag words, as an lm-eval task: `class: !function` of a YAML whose `metadata.spec` names one."""

from collections.abc import Sequence
from typing import Any

from tli_bench.downstream.spec import Document, Request, WordsOf
from tli_bench.downstream.tagged import TaggedAnswer, TaggedSpec
from tli_bench.plugin.downstream_tasks import EmbeddedTask
from tli_bench.vectors.running import SentenceStates


class TaggedTask(EmbeddedTask):
    """A task scored as one pool, from the states of the words of sentences."""

    KIND: type = TaggedSpec

    def _asked(self, request: Request, doc: Document) -> tuple[Any, tuple[Any, ...]]:
        if not isinstance(request, WordsOf):
            return super()._asked(request, doc)
        # The text comes first because lm-eval hashes the first argument of what it logs.
        return "hidden_states", (" ".join(request.words), request.words, self.protocols[0], request.language)

    def process_results(self, doc: Document, results: Sequence[Any]) -> dict[str, Any]:
        """The same (document, answer) under every metric name; the pool is scored in `aggregation`."""
        self._last = None
        found: SentenceStates = results[0]
        answer = TaggedAnswer(found.layers, found.vectors, found.kept)
        return dict.fromkeys(self.spec.directions(answer.layers, tuple(answer.vectors)), (doc, answer))
