"""The lm-evaluation-harness plugin: the only room that imports lm_eval."""
