"""What tables and pages call the metrics of tasks; a metric that is not here goes by its own name."""

TITLES = {
    "exact_match": "exact", "f1": "F1", "em_squad": "exact SQuAD", "f1_squad": "F1 SQuAD", "map": "mAP", "rouge1": "ROUGE-1",
    "rouge2": "ROUGE-2", "rougeL": "ROUGE-L", "bleu": "BLEU", "chrf++": "chrF++", "greedy_exact": "greedy exact",
    "mexa_mean": "MEXA, layers' mean", "mexa_max": "MEXA, layers' best",
    "xsim": "xsim", "xsim_backward": "xsim ←", "acc": "acc", "acc_norm": "acc norm",
    "accuracy": "accuracy", "f1_macro": "macro F1", "chance": "chance", "shuffled": "shuffled tags", "lookup": "spelling",
    "majority": "majority",
}  # fmt: skip
