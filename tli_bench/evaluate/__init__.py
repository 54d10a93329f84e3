"""What is scored and concluded from the vectors of word pairs; knows no lm-eval."""
