"""Any downstream specification as an lm-eval task: `class: !function` of a YAML whose `metadata.spec` names it."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.api.metrics import mean as lm_eval_mean
from lm_eval.api.task import Task, TaskConfig
from lm_eval.filters import build_filter_ensemble

from tli_bench.base.errors import InputError
from tli_bench.downstream.embedded import EmbeddedSpec, Embedding, Item, Measured
from tli_bench.downstream.registry import find_spec
from tli_bench.downstream.spec import (
    AnswerSpec,
    Document,
    Embed,
    Generate,
    LogLikelihood,
    Request,
    mean,
)
from tli_bench.plugin.stock import answer_from_stock_models
from tli_bench.vectors.protocols import get_protocols
from tli_bench.vectors.responses import PairStates


class DownstreamTask(Task):
    """What both kinds of task share; a YAML names `AnswerTask` or `EmbeddedTask`.

    Configuration comes from the YAML's `metadata`: `spec` (see `tli_bench.downstream.registry.find_spec`), and the options
    of the specification. Documents load on first use. lm-eval's request cache is bypassed: its keys do not include the data.
    """

    KIND: type
    """The type of specification that the class accepts."""

    def __init__(self, config: Mapping[str, Any] | None = None) -> None:
        given = dict(config or {})
        meta: dict[str, Any] = dict(given.get("metadata") or {})
        name = given.get("task")
        if not isinstance(name, str):
            raise InputError(f"a downstream task needs a name in `task`, got {name!r}")
        self.spec = _spec(name, meta, self.KIND)
        self.VERSION = self.spec.VERSION
        self._config = TaskConfig(
            task=name,
            output_type=self.OUTPUT_TYPE,
            num_fewshot=0,
            generation_kwargs=self._generation(),
            metadata={**meta, "title": self.spec.TITLE, "version": self.VERSION},
        )
        self._instances: list[Instance] | None = None
        self._filters = [build_filter_ensemble("none", [["take_first", None]])]
        self._docs: list[Document] | None = None
        self.fewshot_rnd = None

    def _generation(self) -> dict[str, Any] | None:
        """How the task generates, in the terms of lm-eval's configuration."""
        return None

    def test_docs(self) -> list[Document]:
        """The documents, loaded on first use."""
        if self._docs is None:
            found = self.spec.load()
            self._docs = found.items
            facts = {"source": found.source, "documents": len(found.items), **self.spec.facts()}
            self._config.metadata = {**(self._config.metadata or {}), **facts}
        return self._docs

    def forget(self) -> None:
        """Release requests, answers and documents: the states of a large model's texts fill gigabytes."""
        self._instances, self._docs = None, None

    @property
    def source(self) -> str:
        """Where the documents came from; loads them."""
        self.test_docs()
        return str((self._config.metadata or {})["source"])

    def has_training_docs(self) -> bool:
        """There is nothing to draw few-shot examples from."""
        return False

    def has_validation_docs(self) -> bool:
        """All documents are test documents."""
        return False

    def has_test_docs(self) -> bool:
        """Always."""
        return True

    def doc_to_text(self, doc: Document) -> str:
        """What the model is shown first for a document."""
        return self.spec.prompt(doc)

    def doc_to_target(self, doc: Document) -> str:
        """One right answer."""
        return self.spec.target(doc)

    def fewshot_context(self, doc: Document, *_: Any, **__: Any) -> str:
        """The prompt; the chat template is applied to each request by itself."""
        return self.doc_to_text(doc)

    def build_all_requests(self, **kwargs: Any) -> None:
        """As lm-eval does, but never through its request cache.

        Raises InputError for fewer documents than processes: lm-eval would wait forever for those without any.
        """
        count, ranks = len(self.test_docs()), int(kwargs.get("world_size") or 1)
        asked = min(count, int(kwargs["limit"])) if kwargs.get("limit") else count
        if asked < ranks:
            raise InputError(
                f"task {self.config.task}: {asked} documents cannot be shared among {ranks} processes; "
                "raise --limit or start fewer processes"
            )
        super().build_all_requests(**{**kwargs, "cache_requests": False, "rewrite_requests_cache": False})

    def construct_requests(self, doc: Document, ctx: str, **kwargs: Any) -> list[Instance]:
        """The specification's requests as lm-eval's, in order."""
        template = kwargs.pop("chat_template", None) if kwargs.pop("apply_chat_template", False) else None
        kwargs.pop("chat_template", None)
        asked = [self._asked(request, template) for request in self.spec.requests(doc)]
        return [Instance(kind, doc, arguments, idx, **kwargs) for idx, (kind, arguments) in enumerate(asked)]

    def _asked(self, request: Request, template: Callable[..., str] | None) -> tuple[Any, tuple[Any, ...]]:
        """lm-eval's type and arguments of one request."""
        raise InputError(f"task {self.config.task}: {type(self).__name__} cannot ask {request!r}")


class AnswerTask(DownstreamTask):
    """A task scored document by document, from texts and log-likelihoods."""

    OUTPUT_TYPE = "generate_until"
    KIND = AnswerSpec
    spec: AnswerSpec

    def _generation(self) -> dict[str, Any]:
        return _greedy(self.spec.ask(""))

    def _overrides(self) -> dict[str, Any]:
        """The settings that lm-eval's `--gen_kwargs` changed."""
        usual = self._generation()
        return {key: value for key, value in (self._config.generation_kwargs or {}).items() if usual.get(key) != value}

    def _asked(self, request: Request, template: Callable[..., str] | None) -> tuple[Any, tuple[Any, ...]]:
        def shown(text: str) -> str:
            if template is None or not self.spec.CHAT:
                return text
            return str(template([{"role": "user", "content": text}]))

        match request:
            case Generate():
                return "generate_until", (shown(request.prompt), _greedy(request) | self._overrides())
            case LogLikelihood():
                return "loglikelihood", (shown(request.context), request.continuation)
        return super()._asked(request, template)

    def process_results(self, doc: Document, results: Sequence[Any]) -> dict[str, Any]:
        """Scores of one document. A log-likelihood comes from lm-eval with a flag that says whether it is the greedy answer."""
        return self.spec.score(doc, [answer[0] if isinstance(answer, tuple) else answer for answer in results])

    def aggregation(self) -> dict[str, Callable[[Sequence[Any]], float]]:
        """How each metric is put together. lm-eval knows the standard error of its own mean, so its own mean replaces ours."""
        found = {name: metric.aggregate for name, metric in self.spec.METRICS.items()}
        return {name: lm_eval_mean if aggregate is mean else aggregate for name, aggregate in found.items()}

    def higher_is_better(self) -> dict[str, bool]:
        """Direction of every metric."""
        return {name: metric.higher_is_better for name, metric in self.spec.METRICS.items()}


class EmbeddedTask(DownstreamTask):
    """A task scored as one pool from hidden states, under the first protocol of `metadata.protocol`, or those of its specification."""

    OUTPUT_TYPE = "hidden_states"
    KIND = EmbeddedSpec
    spec: EmbeddedSpec

    def __init__(self, config: Mapping[str, Any] | None = None) -> None:
        super().__init__(config)
        asked = get_protocols((self._config.metadata or {}).get("protocol", "words"))[:1]
        self.protocols = get_protocols(self.spec.PROTOCOLS) if self.spec.PROTOCOLS else asked
        self._last: tuple[list[int], Measured] | None = None

    @property
    def last(self) -> Measured | None:
        """The pool that was scored last, with the curves of every state; None before the first."""
        return self._last[1] if self._last else None

    def build_all_requests(self, **kwargs: Any) -> None:
        """As above; stock models are enabled to answer the requests."""
        answer_from_stock_models()
        super().build_all_requests(**kwargs)

    def forget(self) -> None:
        """Release requests, answers, documents and the scored pool."""
        super().forget()
        self._last = None

    def _asked(self, request: Request, template: Callable[..., str] | None) -> tuple[Any, tuple[Any, ...]]:
        if not isinstance(request, Embed):
            return super()._asked(request, template)
        # True: a text longer than the model reads is cut.
        return "hidden_states", (request.source, request.target, self.protocols, request.pair, True)

    def process_results(self, doc: Document, results: Sequence[PairStates]) -> dict[str, Any]:
        """The same (document, answers) under every metric name; the pool is scored in `aggregation`."""
        self._last = None  # a new answer: whatever was scored before belongs to another run
        answers = tuple(self._embedding(states) for states in results)
        item: Item = (doc, answers)
        return dict.fromkeys(self.spec.directions(answers[0].layers, tuple(answers[0].vectors)), item)

    def _embedding(self, states: PairStates) -> Embedding:
        own = self.protocols[0 if states.causal else -1]
        measured = states.protocols[own.id]
        return Embedding(states.layers, measured.vectors, measured.dropped)

    def aggregation(self) -> dict[str, Callable[[Sequence[Any]], float]]:
        """One function per metric; all share one scoring of the pool."""
        return _ByName(self._aggregate)

    def _aggregate(self, metric: str, pool: Sequence[Item]) -> float:
        positions = [doc["position"] for doc, _ in pool]
        if self._last is None or self._last[0] != positions:
            self._last = (positions, self.spec.measure(pool))
        return self._last[1].headlines[metric]

    def higher_is_better(self) -> dict[str, bool]:
        """Direction of each metric of the last run."""
        return self.spec.directions(self.last.layers, tuple(self.last.curves)) if self.last else {}


class _ByName(dict[str, Callable[[Sequence[Any]], float]]):
    """Aggregations made on demand: the metric names depend on the model's depth."""

    def __init__(self, aggregate: Callable[[str, Sequence[Any]], float]) -> None:
        super().__init__()
        self._aggregate = aggregate

    def __missing__(self, metric: str) -> Callable[[Sequence[Any]], float]:
        return partial(self._aggregate, metric)


def _greedy(request: Generate) -> dict[str, Any]:
    """Arguments of lm-eval's `generate_until`."""
    return {"until": list(request.stop), "do_sample": False, "max_gen_toks": request.max_tokens}


def _spec(task: str, meta: Mapping[str, Any], kind: type) -> Any:
    """The specification that `metadata.spec` names; raises InputError if the task's class is for another kind."""
    name = meta.get("spec")
    if not isinstance(name, str) or not name:
        raise InputError(
            f"task {task}: `metadata.spec` must name the task's specification, such as `xquad`; got {name!r}"
        )
    found = find_spec(name)
    if not issubclass(found, kind):
        wanted = "EmbeddedTask" if issubclass(found, EmbeddedSpec) else "AnswerTask"
        raise InputError(
            f"task {task}: specification {name!r} is of another kind; its YAML needs "
            f"`class: !function {__name__}.{wanted}`"
        )
    return found(task, meta)
