"""What the model is shown: system prompt, answered examples and the prompt itself, as a conversation or as one text."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from lm_eval.api.instance import Instance
from lm_eval.api.utils import Message, messages_to_text, multiturn_to_singleturn

from tli_bench.base.errors import InputError
from tli_bench.downstream.fitting import Fits, Fitted, fit
from tli_bench.models.identity import MeasuredModel


class Asked(Protocol):
    """A model as prompts are put to it: lm-eval's methods, and what is known of it."""

    identity: MeasuredModel
    tokenizer: Any
    max_length: int
    max_gen_toks: int
    world_size: int

    def tok_encode(self, string: str) -> list[int]:
        """Token ids of a prompt, as the model reads it."""
        ...

    def bare(self) -> AbstractContextManager[None]:
        """Inside the `with` block its answers are the base's."""
        ...

    def for_prompts(self, size: int) -> AbstractContextManager[None]:
        """Inside the `with` block at most `size` prompts make a batch, where the engine does not decide."""
        ...

    def set_cache_hook(self, cache_hook: Any) -> None:
        """As lm-eval's own."""
        ...


@dataclass(frozen=True, slots=True)
class Style:
    """How lm-eval was told to ask, by `--apply_chat_template`, `--fewshot_as_multiturn` and `--system_instruction`.

    template: makes one text of a conversation; None where the model continues a text. multiturn: whether examples are
    turns of their own in it.
    """

    template: Callable[..., str] | None = None
    multiturn: bool = True
    system: str | None = None

    def show(self, prompt: str, examples: Sequence[tuple[str, str]] = (), *, chat: bool = True) -> str:
        """The text for a prompt after `examples`, each a prompt with its answer. chat: False for one that is to be continued.

        Raises InputError when the template leaves the system prompt out, as lm-eval does where it has no such turn.
        """
        messages = [Message("system", self.system, "\n\n")] if self.system else []
        for asked, answer in examples:
            messages += [Message("user", asked, " "), Message("assistant", answer, "\n\n")]
        messages.append(Message("user", prompt))
        if self.template is None or not chat:
            return messages_to_text(messages)
        turns = [message.to_dict() for message in messages] if self.multiturn else multiturn_to_singleturn(messages)
        shown = str(self.template(turns))
        if self.system and self.system.strip() not in shown:
            raise InputError(
                f"the model's chat template has no place for the system prompt {self.system[:60]!r}; leave out --system-prompt"
            )
        return shown


class Prompt(str):
    """A prompt that knows its shorter versions; to everybody else, and when it is copied or sent, it is a plain text.

    make: the prompt with so many of its examples and so much of its document; see `downstream.fitting.fit`.
    """

    make: Callable[[int, str], str]
    examples: int
    body: str

    def __new__(cls, make: Callable[[int, str], str], examples: int, body: str) -> "Prompt":
        """The whole prompt."""
        prompt = super().__new__(cls, make(examples, body))
        prompt.make, prompt.examples, prompt.body = make, examples, body
        return prompt

    def fitted(self, fits: Fits) -> Fitted:
        """The longest version that `fits`."""
        return fit(self.make, self.examples, self.body, fits)

    def __reduce__(self) -> tuple[Any, ...]:
        return str, (str(self),)


def fitted(lm: Asked, request: Instance) -> Fitted:
    """The prompt of a `generate_until` request as the model `lm` can read it and still generate its answer.

    Of a prompt that is not ours lm-eval drops the beginning, which counts as cut.
    """
    prompt, settings = request.args[0], request.args[1]
    room = lm.max_length - int(settings.get("max_gen_toks", lm.max_gen_toks))

    def fits(text: str) -> bool:
        return len(lm.tok_encode(text)) <= room

    return prompt.fitted(fits) if isinstance(prompt, Prompt) else Fitted(prompt, cut=not fits(prompt))


def fitting(lm: Asked, request: Instance) -> Instance:
    """The request with its prompt made to fit; the same one where it fits or is not ours."""
    prompt = request.args[0]
    if not isinstance(prompt, Prompt):
        return request
    text = fitted(lm, request).text
    if text == prompt:
        return request
    return Instance(request.request_type, request.doc, (text, *request.args[1:]), request.idx, request.metadata)
