"""XL-Sum: the article in the prompt, ROUGE in Unicode words, BLEU and chrF++ by sacrebleu, and what outputs do wrong."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, ClassVar

import sacrebleu
from lm_eval.api.instance import Instance
from lm_eval.api.metrics import mean

from tli_bench.base.errors import InputError
from tli_bench.base.paths import data_dir
from tli_bench.downstream.base import Document, DownstreamTask, fill, prompt
from tli_bench.downstream.readers import article_of_row, read_sentences, read_xlsum
from tli_bench.downstream.scorers.checks import LanguageGuesser, check_output, script_of
from tli_bench.downstream.scorers.rouge import rouge, signature
from tli_bench.downstream.sources import HubSet, load
from tli_bench.languages import pivot

BLEU = sacrebleu.BLEU(tokenize="13a", effective_order=False)
CHRF = sacrebleu.CHRF(word_order=2)


class XLSumTask(DownstreamTask):
    """XL-Sum (Hasan et al. 2021): `csebuetnlp/xlsum` from its parquet branch, or a folder with `<language>_test.jsonl`.

    metadata: `language` (a code), `xlsum` (the data set's name of the language), `instruction` (`own` or `english`).
    BLEU and chrF++ are 0 to 100 over the corpus, with sacrebleu's signatures in the task's metadata; everything else
    is a mean over documents, 0 to 1. ROUGE of Turkish is over stems, and its signature says so.
    """

    GENERATION: ClassVar[dict[str, Any]] = {"max_gen_toks": 96}
    METRICS: ClassVar[dict[str, bool]] = {
        "rouge1": True, "rouge2": True, "rougeL": True, "bleu": True, "chrf++": True, "empty": False, "copied": False,
        "wrong_script": False, "wrong_language": False, "length_ratio": True, "reference_cyrillic": True,
    }  # fmt: skip

    def load(self) -> tuple[list[Document], str]:
        """One document an article."""
        name = self.need("xlsum")
        found = load(
            chosen=self.data_dir,
            task="xlsum",
            files=(f"{name}_test.jsonl", f"{name}.jsonl"),
            read=read_xlsum,
            hub=HubSet("csebuetnlp/xlsum", name, "test", revision="refs/convert/parquet"),
            of_row=lambda row, source, number: article_of_row(row, source=source, number=number),
        )
        self.meta["signatures"] = {
            "rouge": signature(self.need("language")),
            "bleu": _signature(BLEU),
            "chrf++": _signature(CHRF),
        }
        self._config.metadata = {**(self._config.metadata or {}), "signatures": self.meta["signatures"]}
        docs = [{"id": a.id, "title": a.title, "text": a.text, "summary": a.summary} for a in found.items]
        return docs, found.source

    def doc_to_text(self, doc: Document) -> str:
        """The article under an instruction in its own language, or in English."""
        kind = self.meta.get("instruction", "own")
        if kind not in ("own", "english"):
            raise InputError(f"task {self.config.task}: `metadata.instruction` is `own` or `english`, got {kind!r}")
        key = self.need("language") if kind == "own" else pivot().code
        template = prompt("xlsum", key, "{text}") if kind == "own" else prompt("xlsum", key, "{text}", "{language}")
        return fill(template, text=doc["text"], language=self.need("xlsum").capitalize())

    def doc_to_target(self, doc: Document) -> str:
        """The human summary."""
        return str(doc["summary"])

    def construct_requests(self, doc: Document, ctx: str, **kwargs: Any) -> Instance:
        """One greedy summary within `GENERATION`."""
        return self.generation(doc, ctx, **kwargs)

    def process_results(self, doc: Document, results: Sequence[str]) -> dict[str, Any]:
        """ROUGE and flags of one summary; its text and reference for the corpus scores."""
        said, gold, language = results[0].strip(), str(doc["summary"]), self.need("language")
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

    def aggregation(self) -> dict[str, Callable[[list[Any]], float]]:
        """Means, and the two corpus scores."""
        return dict.fromkeys(self.METRICS, mean) | {"bleu": _bleu, "chrf++": _chrf}


@cache
def guesser() -> LanguageGuesser:
    """The language guesser, from the project's own sentences."""
    folder = data_dir("tasks") / "bitext" / "sample"
    return LanguageGuesser({path.stem: read_sentences(path) for path in sorted(folder.glob("*.txt"))})


def _bleu(items: list[tuple[str, str]]) -> float:
    return float(BLEU.corpus_score([said for said, _ in items], [[gold for _, gold in items]]).score)


def _chrf(items: list[tuple[str, str]]) -> float:
    return float(CHRF.corpus_score([said for said, _ in items], [[gold for _, gold in items]]).score)


def _signature(metric: Any) -> str:
    # sacrebleu knows its signature only after it has scored something.
    metric.corpus_score(["a"], [["a"]])
    return str(metric.get_signature())
