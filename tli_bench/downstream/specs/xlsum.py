"""XL-Sum: the article in the prompt, ROUGE in Unicode words, BLEU and chrF++ by sacrebleu, and what outputs do wrong."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, ClassVar

import sacrebleu

from tli_bench.base.errors import InputError
from tli_bench.base.paths import data_dir
from tli_bench.downstream.datasets import has_fixture, named_in
from tli_bench.downstream.prompts import fill
from tli_bench.downstream.prompts import prompt as language_prompt
from tli_bench.downstream.readers import article_of_row, read_sentences, read_xlsum
from tli_bench.downstream.scorers.checks import LanguageGuesser, check_output, script_of
from tli_bench.downstream.scorers.rouge import rouge, signature
from tli_bench.downstream.shots import place_of, stated
from tli_bench.downstream.sources import HubSet, Loaded, load
from tli_bench.downstream.spec import DOWN, UP, AnswerSpec, Definition, Document, Metric
from tli_bench.languages import pivot

BLEU = sacrebleu.BLEU(tokenize="13a", effective_order=False)
CHRF = sacrebleu.CHRF(word_order=2)


def _bleu(items: Sequence[tuple[str, str]]) -> float:
    return float(BLEU.corpus_score([said for said, _ in items], [[gold for _, gold in items]]).score)


def _chrf(items: Sequence[tuple[str, str]]) -> float:
    return float(CHRF.corpus_score([said for said, _ in items], [[gold for _, gold in items]]).score)


class XLSum(AnswerSpec):
    """XL-Sum (Hasan et al. 2021): `csebuetnlp/xlsum` from its parquet branch, or a folder with `<language>_test.jsonl`.

    Options: `language` (a code), `xlsum` (the data set's name for the language), `instruction` (`own` or `english`).
    BLEU and chrF++ are 0 to 100 over the corpus, with sacrebleu's signatures in the task's metadata; everything else
    is a mean over documents, 0 to 1. ROUGE of Turkish is over stems, and its signature says so.
    """

    TITLE = "summaries"
    MAX_TOKENS = 96
    CUT = "text"
    METRICS: ClassVar[Mapping[str, Metric]] = {
        "rouge1": UP, "rouge2": UP, "rougeL": UP, "bleu": Metric(True, _bleu), "chrf++": Metric(True, _chrf), "empty": DOWN,
        "copied": DOWN, "wrong_script": DOWN, "wrong_language": DOWN, "length_ratio": UP, "reference_cyrillic": UP,
    }  # fmt: skip

    @classmethod
    def tasks(cls) -> list[Definition]:
        """Two tasks per language of XL-Sum: the instruction in the language itself, and in English."""
        return [
            Definition(
                f"tli_xlsum_{name}{suffix}",
                {"language": code, "xlsum": name, "instruction": kind},
                offline=has_fixture("xlsum", f"{name}_test.jsonl"),
                suite=(code,) if kind == "own" else (),
            )
            for code, name in named_in("xlsum").items()
            for kind, suffix in (("own", ""), ("english", "_en"))
        ]

    def load(self) -> Loaded[Document]:
        """One document per article."""
        name = self.need("xlsum")
        return self._of("test", (f"{name}_test.jsonl", f"{name}.jsonl"), self.data_dir)

    def examples(self, source: str) -> Loaded[Document]:
        """Articles of the validation split, from where the scored ones came."""
        file = f"{self.need('xlsum')}_val.jsonl"
        found = self._of("validation", (file,), place_of(source, self.data_dir))
        return Loaded(found.items, stated(found.source, file))

    def _of(self, split: str, files: Sequence[str], chosen: str | None) -> Loaded[Document]:
        found = load(
            chosen=chosen,
            task="xlsum",
            files=files,
            read=read_xlsum,
            hub=HubSet("csebuetnlp/xlsum", self.need("xlsum"), split),
            of_row=lambda row, source, number: article_of_row(row, source=source, number=number),
        )
        docs = [{"id": a.id, "title": a.title, "text": a.text, "summary": a.summary} for a in found.items]
        return Loaded(docs, found.source)

    def facts(self) -> dict[str, Any]:
        """Signatures of the scorers."""
        signatures = {"rouge": signature(self.need("language")), "bleu": _signature(BLEU), "chrf++": _signature(CHRF)}
        return {"signatures": signatures}

    def prompt(self, doc: Document) -> str:
        """The article and an instruction in its own language, or in English; for a chat template, a whole request."""
        kind = self.options.get("instruction", "own")
        if kind not in ("own", "english"):
            raise InputError(f"task {self.task}: `metadata.instruction` must be `own` or `english`, got {kind!r}")
        key = self.need("language") if kind == "own" else pivot().code
        slots = ("{text}",) if kind == "own" else ("{text}", "{language}")
        template = language_prompt("xlsum_chat" if self.chat else "xlsum", key, *slots)
        return fill(template, text=doc["text"], language=self.need("xlsum").capitalize())

    def target(self, doc: Document) -> str:
        """The human summary."""
        return str(doc["summary"])

    def score(self, doc: Document, answers: Sequence[str]) -> dict[str, Any]:
        """ROUGE and flags of one summary; its text and reference for the corpus scores."""
        lines = (line.strip() for line in answers[0].split("\n"))
        said, gold, language = " ".join(line for line in lines if line), str(doc["summary"]), self.need("language")
        found = rouge(said, gold, language)
        check = check_output(said, language=language, source=str(doc["text"]), reference=gold)
        guess = guesser().guess(said) if script_of(said) == language.split("_")[1] else None
        return {
            "rouge1": found.rouge1,
            "rouge2": found.rouge2,
            "rougeL": found.rougeL,
            "bleu": (said, gold),
            "chrf++": (said, gold),
            "empty": float(check.empty),
            "copied": float(check.copied),
            "wrong_script": float(check.wrong_script),
            "wrong_language": float(check.wrong_script or (guess is not None and guess != language)),
            "length_ratio": check.length_ratio or 0.0,
            "reference_cyrillic": float(script_of(gold) == "Cyrl"),
        }


@cache
def guesser() -> LanguageGuesser:
    """The language guesser, from the project's own sentences."""
    folder = data_dir("tasks") / "bitext" / "sample"
    return LanguageGuesser({path.stem: read_sentences(path) for path in sorted(folder.glob("*.txt"))})


def _signature(metric: Any) -> str:
    # sacrebleu knows its signature only after it has scored something.
    metric.corpus_score(["a"], [["a"]])
    return str(metric.get_signature())
