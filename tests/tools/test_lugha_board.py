"""`tools/lugha_board.sh` to its last step, against a Hub on 127.0.0.1 that holds a scaled-down Lugha-Llama."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_hub_loopback import COMMIT, environment
from tests.hub import LoopbackHub
from tests.replica import LUGHA, save_replica
from tli_bench.records import RecordStore

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_script_ends_with_records_of_all_three_rows(tmp_path):
    replica = save_replica(tmp_path / "replica")
    with LoopbackHub({LUGHA: replica}, commit=COMMIT) as hub:
        env = environment(tmp_path / "home", endpoint=hub.endpoint) | {
            "TLI_BENCH": f"{sys.executable} -m tli_bench",
            "LUGHA_OUT": str(tmp_path / "out"),
            "LUGHA_RECORDS": str(tmp_path / "records"),
            "LUGHA_RUN_OPTIONS": "--pairs swh-eng --no-confirm --placebo 0 --batch-size 256",
            "LUGHA_TRAIN_OPTIONS": "--steps 2 --eval-steps 2 --warmup-steps 0 --batch-size 8",
        }
        command = ["bash", str(ROOT / "tools" / "lugha_board.sh")]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=580, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    found = list(RecordStore(tmp_path / "records").everything())
    assert {(r.signature.model, r.signature.revision, r.signature.quantization) for r in found} == {
        (LUGHA, COMMIT, "nf4")
    }
    rows = {(r.signature.adapter.name if r.signature.adapter else "base", r.signature.audit) for r in found}
    names = ("base", "lugha-swh-eng-tli", "lugha-swh-eng-tli-early")
    assert rows == {(name, audit) for name in names for audit in (False, True)}
    assert all(r.signature.twin for r in found if r.signature.adapter and not r.signature.audit)
