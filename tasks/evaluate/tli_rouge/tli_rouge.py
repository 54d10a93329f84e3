"""ROUGE in Unicode words as a module of the `evaluate` library: `evaluate.load("tasks/evaluate/tli_rouge")`, offline."""

import datasets
import evaluate

from tli_bench.downstream.scorers.rouge import rouge, signature


class TLIRouge(evaluate.Metric):
    """ROUGE-1, ROUGE-2 and ROUGE-L F-measures, means over the texts; right for Cyrillic, Arabic and Turkic Latin."""

    def _info(self):
        return evaluate.MetricInfo(
            description="ROUGE-1/2/L F-measures over Unicode words with the language's own casing; Turkish is stemmed.",
            citation="Lin 2004, ROUGE: A Package for Automatic Evaluation of Summaries",
            inputs_description="predictions and references: texts; language: a code such as swh_Latn.",
            features=datasets.Features({"predictions": datasets.Value("string"), "references": datasets.Value("string")}),
        )

    def _compute(self, predictions, references, language="eng_Latn"):
        rows = [rouge(said, gold, language) for said, gold in zip(predictions, references, strict=True)]
        means = {name: sum(row[i] for row in rows) / len(rows) for i, name in enumerate(("rouge1", "rouge2", "rougeL"))}
        return means | {"signature": signature(language)}
