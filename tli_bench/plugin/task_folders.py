"""Where our task definitions lie, for lm-eval releases that look for them by the entry point `lm_eval.tasks`; 0.4.13 does not."""

from tli_bench.base.paths import data_dir


def task_folders() -> list[str]:
    """Folders of YAML definitions, as `TaskManager(include_path=...)` takes them."""
    return [str(data_dir("tasks"))]
