"""A report that shows what an attention sink does says where that sink was planted."""

import pytest

from tests.report.test_asked import printed
from tests.support import scored_record
from tli_bench.lexicon.pairs import Split
from tli_bench.records.controls import Controls


@pytest.mark.parametrize(
    ("model", "told"), [("tiny", "position 0 (planted, see its card): norm"), ("org/x", "position 0: norm")]
)
def test_the_line_about_position_0_names_a_planted_sink(model, told):
    record = scored_record(scores=(0.1, 0.2, 0.3))
    record = record.model_copy(
        update={"signature": record.signature.model_copy(update={"model": model}), "controls": Controls()}
    )
    curves = record.curves[Split.CONTROL]["base"]
    for name, value in (("sink_ratio", 90.0), ("cosine_with_first", 0.99), ("cosine_without_first", 0.4)):
        curves[name] = [value] * len(record.signature.layers)
    assert told in printed(record)
