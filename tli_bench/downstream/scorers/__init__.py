"""Scorers of generated text and of rankings: pure functions of strings and numbers, correct outside English, no torch."""
