"""Our downstream tasks shared among two processes give what one process gives; too few documents are refused plainly."""

import os
import socket
import sys
import traceback
import warnings
from datetime import timedelta

import pytest
import torch
import torch.distributed as dist
from lm_eval import evaluate
from lm_eval.tasks import TaskManager

from tests.downstream.test_embedded import Planted, one_hot
from tli_bench.base.errors import InputError
from tli_bench.base.paths import data_dir
from tli_bench.plugin.both import evaluate_both
from tli_bench.plugin.downstream_tasks import AnswerTask

TASKS = ["tli_translate_eng_Latn-swh_Latn", "tli_bitext_swh_Latn-eng_Latn", "tli_xlsum_kyrgyz"]


class Shared(Planted):
    """One of `ranks` processes that share the documents over gloo, as lm-eval's own model does."""

    device = torch.device("cpu")

    def __init__(self, rank, ranks):
        super().__init__(lambda text: torch.stack([torch.ones(200), one_hot(len(text) % 150)]))
        self.say = lambda doc: doc.get("summary", "x")[: 3 + len(str(doc)) % 40]
        self.prefer = lambda doc, text: -float(abs(len(text) * 7 - len(doc["word"]) * 5) % 11)
        self._rank, self._world_size = rank, ranks

    def all_gather(self, tensor):
        found = [torch.zeros_like(tensor) for _ in range(self._world_size)]
        dist.all_gather(found, tensor)
        return torch.stack(found)

    def gather_object(self, obj, dst=0):
        found = [None] * self._world_size if self._rank == dst else None
        dist.gather_object(obj, found, dst=dst)
        return found

    def barrier(self):
        dist.barrier()


def scored(rank, ranks, limit):
    """Scores of all tasks on rank 0, nothing on another."""
    options = {"include_path": str(data_dir("tasks")), "include_defaults": False, "metadata": {"data_dir": "fixtures"}}
    tasks = TaskManager(**options).load(TASKS)["tasks"]
    found = evaluate(lm=Shared(rank, ranks), task_dict=tasks, limit=limit, bootstrap_iters=0, log_samples=False)
    if rank:
        return None
    return {name: {k: v for k, v in row.items() if isinstance(v, float)} for name, row in found["results"].items()}


def shared_by_two(limit):
    """The same from two processes: rank 0 is this one, rank 1 forked from it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        meet = {
            "init_method": f"tcp://127.0.0.1:{free.getsockname()[1]}",
            "world_size": 2,
            "timeout": timedelta(seconds=200),
        }
    sys.stdout.flush()
    with warnings.catch_warnings():
        # Of forking where there are threads: none of them is used there.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            dist.init_process_group("gloo", rank=1, **meet)
            scored(1, 2, limit)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    dist.init_process_group("gloo", rank=0, **meet)
    try:
        found = scored(0, 2, limit)
    finally:
        dist.destroy_process_group()
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert ended == 0
    return found


def test_two_processes_give_the_scores_of_one():
    """Seven documents: one process has four of them, the other three, and translation sends requests of two kinds."""
    alone, shared = scored(0, 1, 7), shared_by_two(7)
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
