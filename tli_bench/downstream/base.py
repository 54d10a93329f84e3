"""What the downstream tasks share: configuration, prompts from YAML, and lm-eval's Task interface."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import yaml
from lm_eval.api.instance import Instance
from lm_eval.api.metrics import mean
from lm_eval.api.task import Task, TaskConfig
from lm_eval.filters import build_filter_ensemble

from tli_bench.base.errors import InputError
from tli_bench.base.paths import data_dir
from tli_bench.downstream.errors import DataError
from tli_bench.languages import language_of

Document = dict[str, Any]


class DownstreamTask(Task):
    """A task over documents of our own loaders; a subclass loads them, asks and scores.

    Configuration comes from the YAML's `metadata`: what the subclass names, and `data_dir` (a folder in the official
    layout, or `fixtures`). Documents load on first use. lm-eval's request cache is bypassed: its keys leave the data out.
    """

    VERSION = 1
    OUTPUT_TYPE = "generate_until"
    METRICS: ClassVar[dict[str, bool]] = {}
    """Names of the metrics, with whether higher is better."""
    GENERATION: ClassVar[dict[str, Any]] = {}
    """How `generation` asks: stop texts (`until`) and the most tokens (`max_gen_toks`); always greedy."""

    def __init__(self, config: Mapping[str, Any] | None = None) -> None:
        given = dict(config or {})
        self.meta: dict[str, Any] = dict(given.get("metadata") or {})
        name = given.get("task")
        if not isinstance(name, str):
            raise InputError(f"a downstream task needs a name in `task`, got {name!r}")
        self._config = TaskConfig(
            task=name,
            output_type=self.OUTPUT_TYPE,
            num_fewshot=0,
            generation_kwargs=self._greedy() if self.OUTPUT_TYPE == "generate_until" else None,
            metadata={**self.meta, "version": self.VERSION},
        )
        self._instances: list[Instance] | None = None
        self._filters = [build_filter_ensemble("none", [["take_first", None]])]
        self._docs: list[Document] | None = None
        self.fewshot_rnd = None

    def need(self, key: str) -> str:
        """A required text of the metadata; raises InputError naming task and key."""
        value = self.meta.get(key)
        if not isinstance(value, str) or not value:
            raise InputError(f"task {self._config.task}: `metadata.{key}` is required, got {value!r}")
        return value

    @property
    def data_dir(self) -> str | None:
        """The folder asked for, None for the Hub."""
        value = self.meta.get("data_dir")
        return str(value) if value else None

    @abstractmethod
    def load(self) -> tuple[list[Document], str]:
        """The documents, and the name of their source."""

    def test_docs(self) -> list[Document]:
        """The documents, loaded on first use."""
        if self._docs is None:
            self._docs, source = self.load()
            self._config.metadata = {**(self._config.metadata or {}), "source": source, "documents": len(self._docs)}
        return self._docs

    def forget(self) -> None:
        """Let go of requests, answers and documents: the states of a large model's texts fill gigabytes."""
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

    def fewshot_context(self, doc: Document, *_: Any, **options: Any) -> str:
        """The prompt, in the model's chat template when lm-eval was told to apply it."""
        prompt = str(self.doc_to_text(doc))
        template = options.get("chat_template")
        if options.get("apply_chat_template") and template:
            return str(template([{"role": "user", "content": prompt}]))
        return prompt

    def build_all_requests(self, **kwargs: Any) -> None:
        """As lm-eval does, but never through its request cache.

        Raises InputError for fewer documents than processes: lm-eval would wait for the empty ones for ever.
        """
        count, ranks = len(self.test_docs()), int(kwargs.get("world_size") or 1)
        asked = min(count, int(kwargs["limit"])) if kwargs.get("limit") else count
        if asked < ranks:
            raise InputError(
                f"task {self.config.task}: {asked} documents cannot be shared among {ranks} processes; "
                "raise --limit or start fewer processes"
            )
        super().build_all_requests(**{**kwargs, "cache_requests": False, "rewrite_requests_cache": False})

    def _greedy(self) -> dict[str, Any]:
        return {"until": ["\n"], "do_sample": False, **self.GENERATION}

    def generation(self, doc: Document, ctx: str, *, idx: int = 0, **kwargs: Any) -> Instance:
        """One greedy `generate_until` request; the model runs it in batches with its key-value cache."""
        return Instance("generate_until", doc, (ctx, self._greedy()), idx, **plain(kwargs))

    def aggregation(self) -> dict[str, Callable[[list[Any]], float]]:
        """The mean of every metric over the documents."""
        return dict.fromkeys(self.METRICS, mean)

    def higher_is_better(self) -> dict[str, bool]:
        """Direction of every metric."""
        return dict(self.METRICS)


def plain(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """lm-eval's arguments of `construct_requests` without those that are no part of an Instance."""
    return {key: value for key, value in kwargs.items() if key not in ("apply_chat_template", "chat_template")}


@cache
def data_file(name: str) -> Mapping[str, Any]:
    """A YAML file of names below `tasks/`, such as `xquad/prompts.yaml`; raises DataError naming it."""
    path = Path(data_dir("tasks")) / name
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as err:
        raise DataError(f"{path}: cannot be read ({err})") from err
    if not isinstance(found, dict):
        raise DataError(f"{path}: must be a mapping, got {type(found).__name__}")
    return found


def prompts(task: str) -> Mapping[str, Any]:
    """The prompt file of a task folder, `tasks/<task>/prompts.yaml`; raises DataError naming it."""
    return data_file(f"{task}/prompts.yaml")


def prompt(task: str, language: str, *slots: str) -> str:
    """The prompt of `language` (its code) for a task, which must hold every one of `slots` once, such as `{context}`.

    Raises DataError naming file, key and slot.
    """
    [text] = own_prompts(task, language)[:1]
    for slot in slots:
        if text.count(slot) != 1:
            raise DataError(
                f"{language_of(language).file}: `prompts.{task}` must hold {slot} exactly once, got {text!r}"
            )
    return text


def own_prompts(task: str, language: str) -> tuple[str, ...]:
    """The prompts of a language's file for a task; raises DataError naming the file when it has none."""
    own = language_of(language)
    found = own.prompts.get(task)
    if not found:
        where = own.file or f"no file describes {own.code}"
        raise DataError(f"{where}: no `prompts.{task}`; write one into {own.code}.yaml (docs/languages.md)")
    return found


def fill(template: str, **values: str) -> str:
    """The template with its slots replaced in one pass, so that braces inside a document stay what they are."""
    parts: list[str] = []
    rest = template
    while rest:
        found = [(rest.find("{" + name + "}"), name) for name in values if "{" + name + "}" in rest]
        if not found:
            break
        position, name = min(found)
        parts += [rest[:position], values[name]]
        rest = rest[position + len(name) + 2 :]
    return "".join([*parts, rest])
