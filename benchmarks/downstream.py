"""Throughput of the downstream tasks on one model: documents per second of processor time, base and adapter together.

python -m benchmarks.downstream [MODEL] [ADAPTER or none] [LIMIT] [TASK ...]

A document is a question, an article, a sentence pair or a word (each with all its prompts and candidates); each task is
warmed up on two documents first. On a GPU read the wall-clock seconds in the next column instead.
"""

import os
import sys
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")


def main() -> None:
    import torch
    from lm_eval.tasks import TaskManager

    from tli_bench.base.paths import data_dir
    from tli_bench.plugin.both import evaluate_both
    from tli_bench.plugin.lm import TLIModel

    model, adapter, limit, *names = (*sys.argv[1:], *("tiny", "none", "5")[len(sys.argv) - 1 :])
    manager = TaskManager(
        include_path=str(data_dir("tasks")), include_defaults=False, metadata={"data_dir": "fixtures"}
    )
    lm = TLIModel(pretrained=model, adapter=None if adapter == "none" else adapter)
    print(
        f"{model}, adapter {adapter}, limit {limit}, {torch.get_num_threads()} threads of {os.cpu_count()}, {lm.device}"
    )
    print(
        "| task | documents | documents/s | processor s | clock s | prompts or texts cut |\n|---|---|---|---|---|---|"
    )
    for name, task in manager.load(names or ["tli_downstream"])["tasks"].items():
        evaluate_both(lm, task, 2)
        started, used = time.perf_counter(), time.process_time()
        found = evaluate_both(lm, task, int(limit))
        seconds, processor = time.perf_counter() - started, time.process_time() - used
        count = found["n-samples"][name]["effective"]
        scores = found["results"][name]
        cut = scores.get("truncated_prompts,none", 0) + scores.get("truncated_texts,none", 0)
        print(
            f"| `{name}` | {count} | {count / processor:.1f} | {processor:.2f} | {seconds:.2f} | {cut:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
