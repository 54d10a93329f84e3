"""Records of lm-eval's own tasks state the commit of the data set that was read, from a Hub on 127.0.0.1."""

import json
import os
from pathlib import Path

from tests.downstream.test_hub_sets import card, parquet
from tests.forked import python
from tests.hub import LoopbackHub

ROOT = Path(__file__).resolve().parent.parent.parent
COMMIT = "d" * 40
TASK = "test_split: test\noutput_type: multiple_choice\ndoc_to_text: '{{q}}'\ndoc_to_target: 0\ndoc_to_choice: [a, b]\n"
ASKED = """
import json, sys
from lm_eval.tasks import TaskManager
from tli_bench.plugin.downstream_record import source_of
tasks = TaskManager(include_path=sys.argv[1], include_defaults=False).load(["by_branch", "by_commit", "by_file"])["tasks"]
print(json.dumps({name: source_of(task) for name, task in tasks.items()}))
"""


def test_a_stock_task_states_the_commit_that_was_read(tmp_path):
    repository, tasks = tmp_path / "repository", tmp_path / "tasks"
    parquet(repository / "kyrgyz" / "test.parquet", q=["1"])
    card(repository, [("kyrgyz", "test", "kyrgyz/test.parquet")])
    tasks.mkdir()
    (tmp_path / "own.json").write_text('{"q": "1"}')
    where = {
        "by_branch": "dataset_path: somebody/exam\ndataset_name: kyrgyz\n",
        "by_commit": f"dataset_path: somebody/exam\ndataset_name: kyrgyz\ndataset_kwargs: {{revision: {COMMIT}}}\n",
        "by_file": f"dataset_path: json\ndataset_kwargs: {{data_files: {{test: {tmp_path / 'own.json'}}}}}\n",
    }
    for name, said in where.items():
        (tasks / f"{name}.yaml").write_text(f"task: {name}\n{said}{TASK}")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "PYTEST"))}
    with LoopbackHub({"datasets/somebody/exam": repository}, commit=COMMIT) as hub:
        environment = kept | {
            "HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path / "home"), "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1", "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        done = python("-c", ASKED, tasks, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "by_branch": f"hf:somebody/exam/kyrgyz@{COMMIT} (unpinned: main)",
        "by_commit": f"hf:somebody/exam/kyrgyz@{COMMIT}",
        "by_file": "json",
    }
