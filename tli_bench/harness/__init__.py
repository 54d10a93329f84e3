"""The lm-evaluation-harness plugin: the model class, the Task classes, the registry and the runner."""
