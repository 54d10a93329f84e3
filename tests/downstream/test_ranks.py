"""Our downstream tasks shared among two processes give what one process gives; too few documents are refused plainly."""

import json
import os
import socket
from pathlib import Path

import pytest

from tests.forked import Forked
from tli_bench.base.errors import InputError
from tli_bench.plugin.both import evaluate_both
from tli_bench.plugin.downstream_tasks import AnswerTask

ROOT = Path(__file__).resolve().parent.parent.parent
TASKS = ["tli_translate_eng_Latn-swh_Latn", "tli_bitext_swh_Latn-eng_Latn", "tli_xlsum_kyrgyz"]
WORKER = """
import json, os, sys
import torch
import torch.distributed as dist
from lm_eval import evaluate
from lm_eval.tasks import TaskManager
from tests.downstream.test_embedded import Planted, one_hot
from tli_bench.base.paths import data_dir

rank, ranks = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
if ranks > 1:
    dist.init_process_group("gloo", rank=rank, world_size=ranks)

class Shared(Planted):
    device = torch.device("cpu")
    def __init__(self):
        super().__init__(lambda text: torch.stack([torch.ones(200), one_hot(len(text) % 150)]))
        self.say = lambda doc: doc.get("summary", "x")[: 3 + len(str(doc)) % 40]
        self.prefer = lambda doc, text: -float(abs(len(text) * 7 - len(doc["word"]) * 5) % 11)
        self._rank, self._world_size = rank, ranks
    def all_gather(self, tensor):
        found = [torch.zeros_like(tensor) for _ in range(ranks)]
        dist.all_gather(found, tensor)
        return torch.stack(found)
    def gather_object(self, obj, dst=0):
        found = [None] * ranks if rank == dst else None
        dist.gather_object(obj, found, dst=dst)
        return found
    def barrier(self):
        dist.barrier()

options = {"include_path": str(data_dir("tasks")), "include_defaults": False, "metadata": {"data_dir": "fixtures"}}
tasks = TaskManager(**options).load(sys.argv[1].split(","))["tasks"]
found = evaluate(lm=Shared(), task_dict=tasks, limit=int(sys.argv[2]) or None, bootstrap_iters=0, log_samples=False)
if rank == 0:
    print("RESULT " + json.dumps({name: {k: v for k, v in row.items() if isinstance(v, float)} for name, row in found["results"].items()}))
"""


def run(ranks, limit):
    """Scores of all tasks, from as many processes as there are ranks."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = []
    for rank in range(ranks):
        environment = {
            **os.environ, "RANK": str(rank), "WORLD_SIZE": str(ranks), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port),
            "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        started.append(Forked("-c", WORKER, ",".join(TASKS), limit, env=environment))
    outputs = [process.result(timeout=200) for process in started]
    for done in outputs:
        assert done.returncode == 0, done.stderr[-3000:]
    (line,) = [line for line in outputs[0].stdout.splitlines() if line.startswith("RESULT ")]
    return json.loads(line.removeprefix("RESULT "))


def test_two_processes_give_the_scores_of_one():
    """Seven documents: one process has four of them, the other three, and translation sends requests of two kinds."""
    alone, shared = run(1, 7), run(2, 7)
    assert alone.keys() == shared.keys() == set(TASKS)
    for name, row in alone.items():
        assert row == pytest.approx(shared[name], nan_ok=True), name
    translated = alone[TASKS[0]]
    assert 0 < translated["mrr,none"] < 1  # scores that would move if a document were lost or came twice
    assert alone[TASKS[1]]["queries,none"] == 7


def test_fewer_documents_than_processes_are_refused():
    task = AnswerTask({"task": "t", "metadata": {"spec": "translate", "pair": "swh-eng"}})
    with pytest.raises(InputError, match=r"task t: 1 documents cannot be shared among 2 processes; raise --limit"):
        task.build_all_requests(limit=1, rank=0, world_size=2)


def test_base_and_adapter_are_scored_in_one_process():
    class Two:
        world_size = 2

    task = AnswerTask({"task": "t", "metadata": {"spec": "translate", "pair": "swh-eng"}})
    with pytest.raises(InputError, match="scored in one process, not 2; start without torchrun"):
        evaluate_both(Two(), task)
