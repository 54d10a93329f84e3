"""SQuAD exact match and F1 over all gold answers, with a normaliser that is right outside English."""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from tli_bench.base.errors import UnscorableError
from tli_bench.downstream.scorers.words import lower, spoken, words

_SQUAD_ARTICLES = re.compile(r"\b(a|an|the)\b")


class AnswerScore(NamedTuple):
    """Exact match (0 or 1) and token F1 (0 to 1) of one prediction: each the best over the gold answers."""

    exact: float
    f1: float


def normalise(text: str, language: str) -> str:
    """The answer as it is compared: lower case, no punctuation, single spaces.

    Where the language's file says `answers: squad` (English), this is exactly the official SQuAD normaliser: ASCII
    punctuation is deleted and the articles a, an and the are removed (Rajpurkar et al. 2016). Elsewhere there are no
    articles to remove, casing is the language's own and words are Unicode words.
    """
    if spoken(language).scoring.answers == "squad":
        return squad_normalise(text)
    found = words(text, language)
    # Symbols alone (%, °, €) are not words: fall back to the text, so that such an answer does not count as empty.
    return " ".join(found) or " ".join(lower(unicodedata.normalize("NFC", text), language).split())


def squad_normalise(text: str) -> str:
    """The official SQuAD 1.1 normaliser, made for English: lower case, no ASCII punctuation, no a, an and the, single spaces."""
    # Deleted, not replaced by spaces: that is what the official script does.
    kept = "".join(char for char in text.lower() if char not in string.punctuation)
    return " ".join(_SQUAD_ARTICLES.sub(" ", kept).split())


def score_answer(prediction: str, golds: Sequence[str], language: str) -> AnswerScore:
    """Exact match and F1 of `prediction` against every gold answer, the best of each.

    Raises UnscorableError when there is no gold answer.
    """
    _require(golds)
    said = normalise(prediction, language)
    wanted = [normalise(gold, language) for gold in golds]
    return AnswerScore(
        float(any(said == gold for gold in wanted)), max(token_f1(said.split(), gold.split()) for gold in wanted)
    )


def squad_score(prediction: str, golds: Sequence[str]) -> AnswerScore:
    """As `score_answer`, by the English SQuAD 1.1 script whatever the language: XTREME scores XQuAD and TyDiQA so.

    There two answers of which nothing is left have no F1, though they match. Raises UnscorableError when there is no gold answer.
    """
    _require(golds)
    said = squad_normalise(prediction)
    wanted = [squad_normalise(gold) for gold in golds]
    f1 = max(token_f1(said.split(), gold.split()) if said and gold else 0.0 for gold in wanted)
    return AnswerScore(float(any(said == gold for gold in wanted)), f1)


def _require(golds: Sequence[str]) -> None:
    if not golds:
        raise UnscorableError("a question without gold answers cannot be scored; remove it or give its answers")


def token_f1(said: Sequence[str], gold: Sequence[str]) -> float:
    """F1 of two bags of tokens; two empty bags agree, an empty and a non-empty one do not (as in the SQuAD 1.1 and 2.0 scripts)."""
    if not said or not gold:
        return float(list(said) == list(gold))
    common = sum((Counter(said) & Counter(gold)).values())
    if not common:
        return 0.0
    precision, recall = common / len(said), common / len(gold)
    return 2 * precision * recall / (precision + recall)
