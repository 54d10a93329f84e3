"""Every measure of `tiny`, base and `tli`, at every layer of two pairs, as the first edition gave it (commit 7e885a0)."""

import gzip
import json
from pathlib import Path

import pytest

from tests.command import tli_bench
from tli_bench.records import RecordStore

ROUNDING = 2e-6
"""On the processor that wrote them all agree to 1e-9; another one rounds the model's own float32 products differently."""
ADAPTER = Path(__file__).parent / "adapter"
"""The `tli` adapter that the first edition shipped."""
GOLDEN = json.loads(gzip.decompress((Path(__file__).parent / "tiny_measures.json.gz").read_bytes()))


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    output = tmp_path_factory.mktemp("golden")
    arguments = (
        "--pairs",
        ",".join(GOLDEN),
        "--adapter",
        ADAPTER,
        "--protocol",
        "words.v1",
        "--placebo",
        0,
        "--no-confirm",
    )
    tli_bench("run", *arguments, "--output", output)
    return {record.pair: record for record in RecordStore(output)}


@pytest.mark.parametrize("pair", GOLDEN)
def test_no_measure_has_moved(records, pair):
    record, golden = records[pair].model_dump(mode="json"), GOLDEN[pair]
    assert list(record["signature"]["layers"]) == golden["layers"]
    compared = 0
    for split, states in golden["curves"].items():
        for state, measures in states.items():
            for name, curve in measures.items():
                assert record["curves"][split][state][name] == pytest.approx(curve, rel=ROUNDING, abs=ROUNDING), (
                    split,
                    state,
                    name,
                )
                compared += len(curve)
    assert compared == 3 * 2 * 37 * 8
