"""Downstream tasks: question answering, summaries, sentence and passage retrieval, word translation by prompt."""
