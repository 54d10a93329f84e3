"""Word translation by prompt: candidates ranked by log-likelihood, and the greedy continuation."""

import random
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np

from tli_bench.base.errors import InputError
from tli_bench.config.run import RunConfig
from tli_bench.downstream.errors import DataError
from tli_bench.downstream.prompts import fill, own_prompts, prompts
from tli_bench.downstream.scorers.ranking import rank_scores
from tli_bench.downstream.scorers.words import lower
from tli_bench.downstream.sources import Loaded
from tli_bench.downstream.spec import UP, AnswerSpec, Definition, Document, LogLikelihood, Metric, Request
from tli_bench.languages import DEFAULT_PAIRS, Language, pair_id, pivot, resolve_pair
from tli_bench.lexicon import Lexicon, load_lexicon
from tli_bench.lexicon.core import installed_core
from tli_bench.lexicon.pairs import Split

POOL = 50
OWN = "own"
"""The prompt set in the language of the word itself."""


class Translate(AnswerSpec):
    """Source word in a prompt, target word out: P@1 and MRR over a pool, and greedy exact match.

    Options: `pair` (source-target), `lexicon`, `seed`, `pool` (candidates, drawn with the seed from the control words),
    `prompts` (a set in `tasks/translate/prompts.yaml`, or `own`: those of the source language's file).
    `p1` and `mrr` rank by the log-likelihood of the whole word,
    `p1_norm` and `mrr_norm` by that per character; all are means over the prompts of the set. Greedy: the first line of
    the continuation, without the punctuation that ends it, is an accepted variant.
    """

    TITLE = "word translation by prompt"
    MAX_TOKENS = 12
    CHAT = False  # a prompt is the beginning of a sentence, and what continues it is scored
    METRICS: ClassVar[Mapping[str, Metric]] = dict.fromkeys(
        ("p1", "mrr", "p1_norm", "mrr_norm", "greedy_exact", "pool"), UP
    )

    @classmethod
    def tasks(cls) -> list[Definition]:
        """Both directions of each default pair, asked in English, and in the language of the word where that is another."""
        found = []
        for pair in DEFAULT_PAIRS:
            source, target = pair.split("-")
            for one, other in ((source, target), (target, source)):
                options = {"pair": f"{one}-{other}"}
                found.append(Definition(f"tli_translate_{one}-{other}", options, suite=(one, other)))
                if one != pivot().code:
                    group = f"tli_translate_{OWN}"
                    name = f"{group}_{one}-{other}"
                    found.append(Definition(name, {**options, "prompts": OWN}, group=group, suite=(one, other)))
        return found

    def version(self) -> int:
        """2 where English prompts call a language by its usual name, which was its full one before (North Azerbaijani)."""
        pair = self.options.get("pair")
        if not pair or self.options.get("prompts") == OWN:
            return self.VERSION
        renamed = any(_called(None, language) != language.name for language in resolve_pair(str(pair)))
        return self.VERSION + renamed

    def load(self) -> Loaded[Document]:
        """One document per control word of the pool."""
        lexicon, seed, size = self._lexicon(), int(self.options.get("seed", 0)), int(self.options.get("pool", POOL))
        words = list(lexicon.of(Split.CONTROL))
        random.Random(seed).shuffle(words)
        words = words[:size]
        if len(words) < 2:
            raise InputError(f"task {self.task}: there are {len(words)} control words; a pool needs at least 2")
        pool = list(dict.fromkeys(word.target for word in words))
        gold = lexicon.gold(words)
        docs = []
        for row, word in enumerate(words):
            accepted = {words[column].target for column in range(len(words)) if gold[row, column]}
            docs.append(
                {
                    "concept": word.concept,
                    "word": word.source,
                    "accepted": sorted({*word.targets, *accepted}, key=lambda text: (text != word.target, text)),
                    "candidates": pool,
                }
            )
        return Loaded(docs, f"lexicon:{lexicon.name} {lexicon.version}".strip())

    def examples(self, source: str) -> Loaded[Document]:
        """The dev words of the pair, which nothing is trained on."""
        words = list(self._lexicon().of(Split.DEV))
        random.Random(int(self.options.get("seed", 0))).shuffle(words)
        docs = [{"concept": word.concept, "word": word.source, "accepted": list(word.targets)} for word in words]
        return Loaded(docs, f"{source}, dev words")

    def substance(self, doc: Document) -> str:
        """The word that is asked for."""
        return str(doc["word"])

    def _lexicon(self) -> Lexicon:
        source, target = resolve_pair(self.need("pair"))
        name = str(self.options.get("lexicon", "core"))
        if name == "core":
            return installed_core().lexicon(source, target, seed=int(self.options.get("seed", 0)))
        return load_lexicon(name, pair=pair_id(source, target), **RunConfig.from_metadata(self.options).of_list())

    def templates(self) -> tuple[list[str], Callable[[Language], str]]:
        """The prompts of the set, each with `{word}` once, and what they call a language; raises DataError."""
        chosen = str(self.options.get("prompts", "default"))
        if chosen == OWN:
            source = resolve_pair(self.need("pair"))[0]
            found: Any = list(own_prompts("translate", source.code))
            where, called = f"{source.file}: `prompts.translate`", partial(_called, source)
        else:
            found = prompts("translate").get(chosen)
            where, called = f"tasks/translate/prompts.yaml: `{chosen}`", partial(_called, None)
        if (
            not isinstance(found, list)
            or not found
            or any(not isinstance(t, str) or t.count("{word}") != 1 for t in found)
        ):
            raise DataError(f"{where} must be a list of sentences with {{word}} once, got {found!r:.80}")
        return found, called

    def prompts_of(self, doc: Document) -> list[str]:
        """The filled prompts of one word."""
        source, target = resolve_pair(self.need("pair"))
        templates, called = self.templates()
        names = {"word": doc["word"], "source": called(source), "target": called(target)}
        return [fill(template, **names) for template in templates]

    def prompt(self, doc: Document) -> str:
        """The first prompt."""
        return self.prompts_of(doc)[0]

    def target(self, doc: Document) -> str:
        """The preferred translation."""
        return f" {doc['accepted'][0]}"

    def requests(self, doc: Document) -> list[Request]:
        """For every prompt: the log-likelihood of each candidate, and one greedy continuation."""
        found: list[Request] = []
        for text in self.prompts_of(doc):
            found += [LogLikelihood(text, f" {candidate}") for candidate in doc["candidates"]]
            found.append(self.ask(text))
        return found

    def score(self, doc: Document, answers: Sequence[Any]) -> dict[str, float]:
        """Means over the prompts."""
        candidates = doc["candidates"]
        step = len(candidates) + 1
        gold = np.array([[text in doc["accepted"] for text in candidates]])
        lengths = np.array([len(text) for text in candidates])
        rows = []
        for start in range(0, len(answers), step):
            scores = np.array([answers[start : start + step - 1]], dtype=np.float64)
            whole, per_character = rank_scores(scores, gold), rank_scores(scores / lengths, gold)
            exact = self._exact(str(answers[start + step - 1]), doc["accepted"])
            rows.append((whole.p1, whole.mrr, per_character.p1, per_character.mrr, exact, float(step - 1)))
        return dict(zip(self.METRICS, map(float, np.mean(rows, axis=0)), strict=True))

    def _exact(self, said: str, accepted: Sequence[str]) -> float:
        target = resolve_pair(self.need("pair"))[1].code
        line = next((part for part in said.split("\n") if part.strip()), "")
        while line and unicodedata.category(line[-1])[0] in "PZ":
            line = line[:-1]
        return float(lower(line.strip().lstrip("\"'«“"), target) in {lower(form, target) for form in accepted})


def _called(source: Language | None, language: Language) -> str:
    """What the prompts of `source` call a language; for English prompts, None, its usual English name."""
    if source is None:
        return pivot().names.get(language.code, language.name)
    name = source.names.get(language.code)
    if not name:
        raise DataError(f"{source.file}: `names` has no name for {language.code}")
    return name
