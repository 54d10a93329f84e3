"""Multiple choice by log-likelihood: which of the options does the model find likeliest?"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import ClassVar

from tli_bench.downstream.spec import UP, AnswerSpec, Document, LogLikelihood, Metric, Request


def _majority(gold: Sequence[str]) -> float:
    """The share of the most frequent right answer."""
    return max(Counter(gold).values()) / len(gold)


class ChoiceSpec(AnswerSpec):
    """Each document holds its `options` (as the model continues the prompt, without the space before them) and `gold`, the
    index of the right one.

    acc: by log-likelihood; acc_norm: by log-likelihood per character; a tie is a miss. chance: what a guess scores;
    majority: what always giving the most frequent right answer scores.
    """

    METRICS: ClassVar[Mapping[str, Metric]] = {
        "acc": UP, "acc_norm": UP, "chance": UP, "majority": Metric(True, _majority),
    }  # fmt: skip

    def target(self, doc: Document) -> str:
        """The right option."""
        return f" {doc['options'][doc['gold']]}"

    def requests(self, doc: Document) -> list[Request]:
        """The log-likelihood of each option after the prompt."""
        prompt = self.prompt(doc)
        return [LogLikelihood(prompt, f" {option}") for option in doc["options"]]

    def score(self, doc: Document, answers: Sequence[float]) -> dict[str, object]:
        """Whether the right option is the likeliest, by itself and per character."""
        options, gold = doc["options"], int(doc["gold"])
        per_character = [answer / len(option) for answer, option in zip(answers, options, strict=True)]
        return {
            "acc": float(_first(answers, gold)),
            "acc_norm": float(_first(per_character, gold)),
            "chance": 1 / len(options),
            "majority": str(options[gold]),
        }


def _first(scores: Sequence[float], gold: int) -> bool:
    return all(scores[gold] > score for i, score in enumerate(scores) if i != gold)
