"""Throughput of the downstream tasks on one model: documents a second by task, base and adapter together.

python -m benchmarks.downstream [MODEL] [ADAPTER or none] [LIMIT] [TASK ...]
"""

import os
import sys
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")


def main() -> None:
    from lm_eval.tasks import TaskManager

    from tli_bench.harness.downstream.both import evaluate_both
    from tli_bench.harness.lm import TLIModel
    from tli_bench.paths import data_dir

    model, adapter, limit, *names = (*sys.argv[1:], *("tiny", "none", "5")[len(sys.argv) - 1 :])
    manager = TaskManager(
        include_path=str(data_dir("tasks")), include_defaults=False, metadata={"data_dir": "fixtures"}
    )
    lm = TLIModel(pretrained=model, adapter=None if adapter == "none" else adapter)
    print(f"{model}, adapter {adapter}, limit {limit}, {os.cpu_count()} cores")
    for name, task in manager.load(names or ["tli_downstream"])["tasks"].items():
        started = time.perf_counter()
        found = evaluate_both(lm, task, int(limit))
        seconds = time.perf_counter() - started
        count = found["n-samples"][name]["effective"]
        cut = found["results"][name].get("truncated_prompts,none", 0)
        print(f"{name:52} {count / seconds:8.1f} docs/s  {seconds:6.2f} s  {cut} prompts cut", flush=True)


if __name__ == "__main__":
    main()
