"""Measures that were asked for stand in a table of their own below a unit's scores, and nothing stands there without them."""

from tests.support import scored_record
from tli_bench.lexicon.pairs import Split
from tli_bench.report.terminal.layout import lay_out
from tli_bench.report.terminal.unit import unit_parts


def printed(record):
    return "\n".join(text.plain for text in lay_out(unit_parts(record), None))


def test_they_are_shown_with_both_states_at_the_layers_shown():
    record = scored_record(
        scores=(0.1, 0.2, 0.3), base_scores=(0.1, 0.1, 0.2), adapter={"name": "a", "sha256": "0" * 64}
    )
    assert "asked for" not in printed(record)
    for state, value in (("base", 0.25), ("adapted", 0.75)):
        record.curves[Split.CONTROL][state]["evs"] = [None, value]
    (line,) = [line for line in printed(record).splitlines() if line.strip().startswith("EVS")]
    assert line.split() == ["EVS", "0.250", "→", "0.750"]
