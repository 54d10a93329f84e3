"""What a downstream task is: its documents, what the model is asked about each, and how the answers are scored.

Nothing here knows lm-eval: `tli_bench.plugin.downstream_tasks` makes an lm-eval task of any specification.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from tli_bench.base.errors import InputError
from tli_bench.downstream.errors import DataError
from tli_bench.downstream.shots import with_hash
from tli_bench.downstream.sources import Loaded

Document = dict[str, Any]
"""One document: plain values, so that lm-eval can log it as JSON."""


@dataclass(frozen=True, slots=True)
class Generate:
    """Continue `prompt` greedily, up to one of `stop` or `max_tokens`. The answer is the text (str)."""

    prompt: str
    max_tokens: int
    stop: tuple[str, ...] = ("\n",)


@dataclass(frozen=True, slots=True)
class LogLikelihood:
    """How likely `continuation` is after `context`. The answer is the natural logarithm of its probability (float)."""

    context: str
    continuation: str


@dataclass(frozen=True, slots=True)
class Embed:
    """Hidden states of two texts, each read by itself. `pair`: their languages, `swh_Latn-eng_Latn`.

    The answer is an `Embedding` (see `tli_bench.downstream.embedded`).
    """

    source: str
    target: str
    pair: str


@dataclass(frozen=True, slots=True)
class WordsOf:
    """Hidden states of every word of a sentence in `language` (a code). The answer is a `TaggedAnswer` (see
    `tli_bench.downstream.tagged`).
    """

    words: tuple[str, ...]
    language: str


Request = Generate | LogLikelihood | Embed | WordsOf


def mean(values: Sequence[float]) -> float:
    """The mean over the documents."""
    return sum(values) / len(values)


@dataclass(frozen=True, slots=True)
class Metric:
    """One score. `aggregate` makes one number from what `score` returned for each document: the mean, or a corpus score."""

    higher_is_better: bool
    aggregate: Callable[[Sequence[Any]], float] = mean


UP, DOWN = Metric(higher_is_better=True), Metric(higher_is_better=False)


@dataclass(frozen=True, slots=True)
class Definition:
    """One task of a specification, as `make tasks` writes it into a YAML file. options: its `metadata`.

    offline: whether its documents can be read without the Hub; then the task is part of `tli_downstream` and `tli_all`.
    group: the group that holds it, `tli_<specification>` when None. suite: codes of the languages in whose suites it runs.
    """

    name: str
    options: Mapping[str, str]
    offline: bool = True
    group: str | None = None
    suite: Sequence[str] = ()


class DownstreamSpec(ABC):
    """A task over documents; `AnswerSpec` and `EmbeddedSpec` say how the answers become scores.

    task: the name, for error messages. options: the `metadata` of its YAML; `data_dir` there is a folder in the data set's
    official layout, `hub` or `fixtures`. The constructor reads nothing: documents are read by `load`.
    """

    VERSION: ClassVar[int] = 1
    """Raise it when a change makes earlier scores incomparable."""
    TITLE: ClassVar[str] = ""
    """What kind of task it is, in a few words: the title of its table."""

    def __init__(self, task: str, options: Mapping[str, Any]) -> None:
        self.task = task
        self.options = dict(options)

    PROTOCOLS: ClassVar[tuple[str, str] | None] = None
    """Protocols that a task on hidden states is always read under, whatever the run asks for: of models that read left to right,
    and of those that see both ways."""
    FOLDER: ClassVar[str | None] = None
    """Folder of the YAML files and fixtures under `tasks/`; named after the specification when None."""

    @classmethod
    def tasks(cls) -> list[Definition]:
        """The tasks that `make tasks` writes; none by default."""
        return []

    @abstractmethod
    def load(self) -> Loaded[Document]:
        """The documents and where they came from; raises DataError naming file and field."""

    @abstractmethod
    def prompt(self, doc: Document) -> str:
        """What the model is shown first for a document."""

    @abstractmethod
    def target(self, doc: Document) -> str:
        """One right answer, for lm-eval's log."""

    @abstractmethod
    def requests(self, doc: Document) -> list[Request]:
        """What the model is asked about a document; the answers come back in this order."""

    def version(self) -> int:
        """The version of this very task: `VERSION`, unless a change concerned some tasks of the specification only."""
        return self.VERSION

    def facts(self) -> dict[str, Any]:
        """What else goes into the task's metadata once its documents are read, such as the signatures of its scorers."""
        return {}

    def need(self, key: str) -> str:
        """A required text of the options; raises InputError naming task and key."""
        value = self.options.get(key)
        if not isinstance(value, str) or not value:
            raise InputError(f"task {self.task}: `metadata.{key}` is required, got {value!r}")
        return value

    @property
    def data_dir(self) -> str | None:
        """The folder asked for, `hub` or `fixtures`; None when neither was given."""
        value = self.options.get("data_dir")
        return str(value) if value else None


class AnswerSpec(DownstreamSpec):
    """A task scored document by document, from texts and log-likelihoods."""

    METRICS: ClassVar[Mapping[str, Metric]]
    """The scores by name."""
    MAX_TOKENS: ClassVar[int] = 32
    """The most tokens that `ask` lets the model generate."""
    STOP: ClassVar[tuple[str, ...]] = ("\n",)
    """Texts at which the model's continuation for `ask` ends, where the prompt is the beginning of a text."""
    CHAT: ClassVar[bool] = True
    """Whether prompts go into the model's chat template where that is applied."""
    CHAT_STOP: ClassVar[tuple[str, ...]] = ()
    """The same under a chat template: nothing but the end of the turn, since instruct models begin with a line feed."""
    CUT: ClassVar[str | None] = None
    """The field of a document that loses its end where the prompt is too long for the model; None: nothing may be cut."""

    chat: bool = False
    """Whether the chat template is applied, which `prompt`, `requests` and `ask` follow; whoever applies it says so first."""

    @abstractmethod
    def score(self, doc: Document, answers: Sequence[Any]) -> dict[str, Any]:
        """What one document contributes to each of `METRICS`."""

    def ask(self, prompt: str) -> Generate:
        """The request to continue `prompt` within `MAX_TOKENS` and `STOP`, or `CHAT_STOP`."""
        return Generate(prompt, self.MAX_TOKENS, self.CHAT_STOP if self.chat else self.STOP)

    def requests(self, doc: Document) -> list[Request]:
        """One text after the prompt."""
        return [self.ask(self.prompt(doc))]

    def prompts_of(self, doc: Document) -> list[str]:
        """The distinct prompts that `requests` asks a document with; the examples before each are asked in the same way."""
        return [self.prompt(doc)]

    def examples(self, source: str) -> Loaded[Document]:
        """Documents to show, answered, before the one that is asked: of the same language, from a split that is not scored.

        source: where the scored documents came from. Raises InputError where there is no such split.
        """
        raise InputError(
            f"task {self.task} has no split to take examples from but the one that is scored (documents: {source}); "
            "leave out --num-fewshot"
        )

    def substance(self, doc: Document) -> str:
        """What makes two documents one, whatever is asked about it: an example may not share it with a scored document."""
        return str(doc[self.CUT]) if self.CUT else self.prompt(doc)

    def shots(self, count: int, scored: Sequence[Document], source: str) -> Loaded[Document]:
        """The first `count` of `examples`, each with a substance of its own that no scored document has.

        The source ends in a hash of them. Raises DataError when there are fewer, naming where they are read from.
        """
        found = self.examples(source)
        taken = {self.substance(doc) for doc in scored}
        kept: list[Document] = []
        for doc in found.items:
            if self.substance(doc) not in taken and len(kept) < count:
                taken.add(self.substance(doc))
                kept.append(doc)
        if len(kept) < count:
            raise DataError(
                f"task {self.task}: {found.source} has {len(kept)} documents that differ from each other and from the scored "
                f"ones, and --num-fewshot asks for {count}; lower it or give a folder with more of them as data_dir"
            )
        return Loaded(kept, with_hash(found.source, kept))
