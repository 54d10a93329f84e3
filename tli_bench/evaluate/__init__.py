"""What is scored and concluded from the vectors of word pairs; independent of lm-eval."""
