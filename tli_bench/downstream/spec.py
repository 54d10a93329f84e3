"""What a downstream task is: its documents, what the model is asked about each, and how the answers are scored.

Nothing here knows lm-eval: `tli_bench.plugin.downstream_tasks` makes an lm-eval task of any specification.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from tli_bench.base.errors import InputError
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
    """Texts at which the model's continuation for `ask` ends."""
    CHAT: ClassVar[bool] = True
    """Whether prompts go into the model's chat template when lm-eval was told to apply it."""

    @abstractmethod
    def score(self, doc: Document, answers: Sequence[Any]) -> dict[str, Any]:
        """What one document contributes to each of `METRICS`."""

    def ask(self, prompt: str) -> Generate:
        """The request to continue `prompt` within `MAX_TOKENS` and `STOP`."""
        return Generate(prompt, self.MAX_TOKENS, self.STOP)

    def requests(self, doc: Document) -> list[Request]:
        """One text after the prompt."""
        return [self.ask(self.prompt(doc))]
