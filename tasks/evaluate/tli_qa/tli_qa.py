"""SQuAD exact match and F1, right outside English, as a module of `evaluate`: `evaluate.load("tasks/evaluate/tli_qa")`."""

import datasets
import evaluate

from tli_bench.downstream.scorers.qa import score_answer


class TLIQA(evaluate.Metric):
    """Exact match and F1 over all gold answers, means over the questions, 0 to 1."""

    def _info(self):
        return evaluate.MetricInfo(
            description="SQuAD exact match and token F1 over all gold answers with a Unicode normaliser.",
            citation="Rajpurkar et al. 2016, SQuAD; Artetxe et al. 2020, XQuAD",
            inputs_description="predictions: texts; references: lists of gold answers; language: a code such as tur_Latn.",
            features=datasets.Features(
                {"predictions": datasets.Value("string"), "references": datasets.Sequence(datasets.Value("string"))}
            ),
        )

    def _compute(self, predictions, references, language="eng_Latn"):
        rows = [score_answer(said, golds, language) for said, golds in zip(predictions, references, strict=True)]
        return {"exact_match": sum(r.exact for r in rows) / len(rows), "f1": sum(r.f1 for r in rows) / len(rows)}
