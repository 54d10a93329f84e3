"""The transfer matrix: adapters trained on one language pair each, scored on all pairs, over seeds and net of their twins."""
