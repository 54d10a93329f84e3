"""How a run asks its tasks: chat template, examples, system prompt; and what of it a task was really asked with."""

from dataclasses import dataclass
from typing import Any

from lm_eval.api.task import Task

from tli_bench.base.errors import InputError
from tli_bench.config.run import AUTO, OFF, ON, RunConfig
from tli_bench.plugin.asking import Asked
from tli_bench.plugin.downstream_tasks import AnswerTask


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompting:
    """The options of `RunConfig` of the same names. They reach a task through lm-eval, as its own options do."""

    chat_template: str = AUTO
    num_fewshot: int | None = None
    system_prompt: str | None = None

    @classmethod
    def of(cls, config: RunConfig) -> "Prompting":
        """What a run was told."""
        return cls(
            chat_template=config.chat_template, num_fewshot=config.num_fewshot, system_prompt=config.system_prompt
        )

    def prepare(self, task: Task) -> None:
        """Set the number of examples, by lm-eval's rule: never where the task itself says that there are none."""
        if self.num_fewshot is not None and asks(task) and task.config.num_fewshot != 0:
            task.set_config("num_fewshot", self.num_fewshot)

    def require_template(self, lm: Asked) -> None:
        """Raise InputError when a chat template is asked for and the tokenizer has none."""
        if self.chat_template == ON and not has_template(lm):
            raise InputError(
                f"--chat-template on: the tokenizer of {lm.identity.id} has no chat template; give `off` or `auto`, or the "
                "instruct version of the model"
            )

    def templated(self, lm: Asked, task: Task) -> bool:
        """Whether a task is asked within the model's chat template."""
        if self.chat_template == OFF or not asks(task) or not has_template(lm):
            return False
        if isinstance(task, AnswerTask):
            return task.spec.CHAT and (self.chat_template == ON or task.generates())
        return self.chat_template == ON or task.OUTPUT_TYPE == "generate_until"

    def asked(self, lm: Asked, task: Task) -> dict[str, Any]:
        """What a record says about the prompts of a task, before it has run."""
        if not asks(task):
            return {}
        if isinstance(task, AnswerTask):
            return task.asked(chat=self.templated(lm, task), system=self.system_prompt)
        return {
            "chat_template": self.templated(lm, task),
            "num_fewshot": int(task.config.num_fewshot or 0),
            "system_prompt": self.system_prompt,
        }


def asks(task: Task) -> bool:
    """Whether a task has prompts at all, rather than texts whose states are read."""
    return task.OUTPUT_TYPE != "hidden_states"


def has_template(lm: Asked) -> bool:
    """Whether the model's tokenizer has a chat template."""
    return bool(getattr(lm.tokenizer, "chat_template", None))
