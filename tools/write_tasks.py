"""Write the YAML definitions of the hidden-state tasks and their groups into `tasks/` (a test checks they are current)."""

import sys
from pathlib import Path

from tli_bench.languages import DEFAULT_PAIRS, resolve_pair

KINDS = {
    "alignment": "AlignmentTask",
    "probe_trained": "TrainedProbeTask",
    "probe_control": "ControlProbeTask",
}
HEADLINE = ("control_p1_of_50", "control_auc_centred", "control_p1_of_50_output", "control_p1")


def task_yaml(kind: str, pair: str) -> str:
    """Definition of one task."""
    return (
        f"task: tli_{kind}_{pair}\n"
        f"class: !function tli_bench.plugin.tasks.{KINDS[kind]}\n"
        "metadata:\n"
        f"  pair: {pair}\n"
        "  version: 1\n"
    )


def group_yaml(name: str, tasks: list[str]) -> str:
    """Definition of one group: the headline scalars as unweighted means over its tasks."""
    lines = [f"group: {name}", "task:", *(f"  - {task}" for task in tasks), "aggregate_metric_list:"]
    for metric in HEADLINE:
        lines += [f"  - metric: {metric}", "    aggregation: mean", "    weight_by_size: false"]
    return "\n".join([*lines, "metadata:", "  version: 1", ""])


def groups() -> dict[str, list[str]]:
    """Tasks of each group: the pairs with a language of each suite, and all default pairs."""
    found: dict[str, list[str]] = {"tli_alignment": []}
    for pair in DEFAULT_PAIRS:
        suites = {language.suite for language in resolve_pair(pair) if language.suite and not language.pivot}
        for group in ("tli_alignment", *(f"tli_{suite}" for suite in sorted(suites))):
            found.setdefault(group, []).append(f"tli_alignment_{pair}")
    return found


def definitions() -> dict[str, str]:
    """Path under `tasks/` and content of every generated file."""
    files = {f"{kind}/{pair}.yaml": task_yaml(kind, pair) for kind in KINDS for pair in DEFAULT_PAIRS}
    files |= {f"groups/{name}.yaml": group_yaml(name, tasks) for name, tasks in groups().items()}
    return files


def main() -> None:
    """Write every definition below the given folder (default: `tasks`)."""
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent / "tasks")
    for name, text in definitions().items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
