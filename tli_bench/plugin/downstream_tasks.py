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
from tli_bench.downstream.sources import Loaded
from tli_bench.downstream.spec import (
    AnswerSpec,
    Document,
    Embed,
    Generate,
    LogLikelihood,
    Request,
    mean,
)
from tli_bench.downstream.tagged import TaggedSpec
from tli_bench.plugin.asking import Prompt, Style
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
    SHOTS: int | None = 0
    """How many examples its prompts have; None where lm-eval's `--num_fewshot` decides."""

    def __init__(self, config: Mapping[str, Any] | None = None) -> None:
        given = dict(config or {})
        meta: dict[str, Any] = dict(given.get("metadata") or {})
        name = given.get("task")
        if not isinstance(name, str):
            raise InputError(f"a downstream task needs a name in `task`, got {name!r}")
        self.spec = _spec(name, meta, self.KIND)
        self.VERSION = self.spec.version()
        self._config = TaskConfig(
            task=name,
            output_type=self.OUTPUT_TYPE,
            num_fewshot=self.SHOTS,
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
        """None that lm-eval reads: the specification has its own few-shot examples."""
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
        """The prompt; examples and the chat template are put around each request by itself."""
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
        for key in ("apply_chat_template", "chat_template"):  # `build_all_requests` was told them, too
            kwargs.pop(key, None)
        asked = [self._asked(request, doc) for request in self.spec.requests(doc)]
        return [Instance(kind, doc, arguments, idx, **kwargs) for idx, (kind, arguments) in enumerate(asked)]

    def _asked(self, request: Request, doc: Document) -> tuple[Any, tuple[Any, ...]]:
        """lm-eval's type and arguments of one request."""
        raise InputError(f"task {self.config.task}: {type(self).__name__} cannot ask {request!r}")


class AnswerTask(DownstreamTask):
    """A task scored document by document, from texts and log-likelihoods."""

    OUTPUT_TYPE = "generate_until"
    KIND = AnswerSpec
    SHOTS = None
    spec: AnswerSpec

    def __init__(self, config: Mapping[str, Any] | None = None) -> None:
        super().__init__(config)
        self._style = Style()
        self._shots: Loaded[Document] | None = None

    def generates(self) -> bool:
        """Whether the model writes anything, rather than judging what is there."""
        return any(isinstance(request, Generate) for doc in self.test_docs()[:1] for request in self.spec.requests(doc))

    def shots(self) -> list[Document]:
        """The examples before each prompt, as many as the configuration's `num_fewshot`; read on first use."""
        count = int(self._config.num_fewshot or 0)
        if not count:
            return []
        if self._shots is None or len(self._shots.items) != count:
            self._shots = self.spec.shots(count, self.test_docs(), self.source)
        return self._shots.items

    def build_all_requests(self, **kwargs: Any) -> None:
        """As above; what lm-eval was told about prompts is kept for the requests and stated as `metadata.asked`."""
        changed = self._overrides()
        self._style = Style(
            kwargs.get("chat_template") if kwargs.get("apply_chat_template") else None,
            bool(kwargs.get("fewshot_as_multiturn")),
            kwargs.get("system_instruction"),
        )
        self.spec.chat = self.spec.CHAT and self._style.template is not None
        self._config.generation_kwargs = self._generation() | changed
        asked = self.asked(chat=self.spec.chat, system=self._style.system)
        self._config.metadata = {**(self._config.metadata or {}), "asked": asked}
        super().build_all_requests(**kwargs)

    def asked(self, *, chat: bool, system: str | None) -> dict[str, Any]:
        """What a record says about the prompts. chat: whether they go into a chat template; system: the system prompt."""
        shots = self.shots()
        return {
            "chat_template": chat,
            "num_fewshot": len(shots),
            "fewshot_source": self._shots.source if shots and self._shots else None,
            "system_prompt": system,
        }

    def forget(self) -> None:
        """Release requests, answers, documents and examples."""
        super().forget()
        self._shots = None

    def _generation(self) -> dict[str, Any]:
        return _greedy(self.spec.ask(""))

    def _overrides(self) -> dict[str, Any]:
        """The settings that lm-eval's `--gen_kwargs` changed."""
        usual = self._generation()
        return {key: value for key, value in (self._config.generation_kwargs or {}).items() if usual.get(key) != value}

    def _asked(self, request: Request, doc: Document) -> tuple[Any, tuple[Any, ...]]:
        match request:
            case Generate():
                return "generate_until", (self._shown(request.prompt, doc), _greedy(request) | self._overrides())
            case LogLikelihood():
                return "loglikelihood", (self._shown(request.context, doc), request.continuation)
        return super()._asked(request, doc)

    def _shown(self, text: str, doc: Document) -> str:
        """A prompt of `doc` as the model reads it, with its shorter versions where there are any."""
        spec, style, shots = self.spec, self._style, self.shots()
        prompts = spec.prompts_of(doc) if shots or spec.CUT else []
        if text not in prompts:
            if shots:
                raise InputError(
                    f"task {self.config.task}: `prompts_of` of its specification does not list the prompt {text[:60]!r}, so "
                    "examples cannot be asked in the same way; leave out --num-fewshot"
                )
            return style.show(text, chat=spec.CHAT)
        which, cut = prompts.index(text), spec.CUT
        examples = [(spec.prompts_of(shot)[which], spec.target(shot).strip()) for shot in shots]

        def make(kept: int, body: str) -> str:
            shorter = spec.prompts_of({**doc, cut: body})[which] if cut and body != doc[cut] else text
            return style.show(shorter, examples[:kept], chat=spec.CHAT)

        return Prompt(make, len(examples), str(doc[cut]) if cut else "")

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
    KIND: type = EmbeddedSpec
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

    def _asked(self, request: Request, doc: Document) -> tuple[Any, tuple[Any, ...]]:
        if not isinstance(request, Embed):
            return super()._asked(request, doc)
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
        wanted = f"{__name__}.{'EmbeddedTask' if issubclass(found, EmbeddedSpec) else 'AnswerTask'}"
        if issubclass(found, TaggedSpec):
            wanted = "tli_bench.plugin.tagged_task.TaggedTask"
        raise InputError(
            f"task {task}: specification {name!r} is of another kind; its YAML needs `class: !function {wanted}`"
        )
    return found(task, meta)
