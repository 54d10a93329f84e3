"""Every measure of `tiny`, base and `tli`, at every layer of two pairs, as they were when the model was made (`python -m tests.golden`).

Their arithmetic is that of the first edition: it gave these numbers of the model and lexicon of its time up to the day they were replaced.
"""

import gzip
import json

import pytest

from tests.command import tli_bench
from tests.golden import ADAPTER, MEASURES, MEASURES_RUN
from tli_bench.records import RecordStore

ROUNDING = 2e-6
"""On the processor that wrote them all agree to 1e-9; another one rounds the model's own float32 products differently."""
GOLDEN = json.loads(gzip.decompress(MEASURES.read_bytes()))


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    output = tmp_path_factory.mktemp("golden")
    tli_bench("run", *MEASURES_RUN, "--adapter", ADAPTER, "--output", output)
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
    assert compared == 3 * 3 * 45 * 8
