"""What is said of a model that finds translations in no layer, and of what its tokenizer makes of the words."""

import pytest

from tests.support import make_record
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.roles import HEADLINE
from tli_bench.records.columns import Words
from tli_bench.records.controls import Controls, TokenCounts
from tli_bench.report.diagnosis import cannot_be_judged, tokens_line


def record_with(curve, tokens=(30, 12), lost=0):
    counts = {
        code: TokenCounts(n=10, unknown=lost, same=0, lost=lost, tokens=total)
        for code, total in zip(("swh_Latn", "eng_Latn"), tokens, strict=True)
    }
    plain = make_record()
    curves = {Split.CONTROL: {"base": {HEADLINE: curve}}}
    words = {Split.CONTROL: Words(concepts=tuple(map(str, range(60))), sources=("w",) * 60, targets=("v",) * 60)}
    return plain.model_copy(
        update={"curves": curves, "words": words, "columns": {}, "controls": Controls(unknown={Split.CONTROL: counts})}
    )


def flat(record, value):
    return [value] * len(record.layers)


def test_a_model_at_chance_everywhere_may_not_know_the_language():
    layers = len(make_record().layers)
    said = cannot_be_judged(record_with([None, *[0.02] * (layers - 2), 0.06]))
    chance = "P@1 of 50 is at most 0.06 in every layer (chance 0.02)"
    assert said.endswith(f"Swahili words are 3.0 tokens each and {chance}: not aligned, or not known to the model")
    assert "English words are 4.0 tokens each" in cannot_be_judged(record_with([0.02] * layers, tokens=(30, 40)))


@pytest.mark.parametrize("found", [0.08, None])
def test_nothing_is_said_where_a_layer_finds_them_or_none_is_scored(found):
    layers = len(make_record().layers)
    curve = [None] * layers if found is None else [0.02] * (layers - 1) + [found]
    assert cannot_be_judged(record_with(curve)) == ""


def test_tokens_by_language():
    layers = len(make_record().layers)
    assert tokens_line(record_with([0.02] * layers)) == "tokens per word: swh 3.00, eng 1.20"
    assert (
        tokens_line(record_with([0.02] * layers, lost=3)) == "tokens per word: swh 3.00 (30% lost), eng 1.20 (30% lost)"
    )
    assert tokens_line(make_record()) == ""
    uncounted = record_with([0.02] * layers, tokens=(0, 0))
    assert tokens_line(uncounted) == ""
    assert cannot_be_judged(uncounted).endswith("in every layer (chance 0.02): not aligned, or not known to the model")
