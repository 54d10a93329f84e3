"""What becomes of the outputs when the machine fails: the fault, how often it was tried, and how often the same command mended it."""
