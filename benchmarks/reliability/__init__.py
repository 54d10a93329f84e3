"""What becomes of outputs when the machine fails, and of readers when files are damaged: a command for each, figures in figures.json."""
