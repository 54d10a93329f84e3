"""One definition of what a training costs, for comparing adapters, full fine-tuning and linear maps."""

from typing import NamedTuple


class Budget(NamedTuple):
    """What was spent.

    parameters: numbers that receive gradient or are fitted. steps: optimizer steps. words_seen: anchors and positives
    that went through the model, repeats counted.
    """

    parameters: int
    steps: int
    words_seen: int
