"""The same numbers whatever the way they are computed; all ways, and trainings: `python -m benchmarks.reliability.determinism`."""

import pytest
import torch

from benchmarks.reliability.determinism import (
    BOUNDS,
    Moved,
    Read,
    Way,
    differences,
    run_ways,
    task_ways,
    train_ways,
    word_ways,
)
from tests.support import scored_record
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.roles import HEADLINE


def test_batches_order_and_threads_move_no_score_of_words_beyond_its_bound(tmp_path):
    at_once = Way("at once", batch_size=3, threads=2, shuffled=True)
    (found,) = word_ways(tmp_path, ways=[at_once], limit=24)
    assert found.moved.keys() == {"vectors", "headline", "scores", "hubs"}
    assert found.beyond == []
    assert found.moved["vectors"] > 0  # it was another way


def test_a_difference_is_seen_where_it_is():
    """The instrument itself: one word's vector, one value of the headline, one of another score."""
    vectors = torch.ones(3, 2, 4)
    plain = Read({"base": vectors}, scored_record())
    assert not any(differences(plain, Read({"base": vectors.clone()}, scored_record())).values())
    longer = vectors.clone()
    longer[1, 1] *= 1 + 1e-3
    other = scored_record()
    other.curves[Split.DEV]["base"][HEADLINE][-1] += 1e-4
    other.curves[Split.CONTROL]["base"]["gap"][-1] += 1e-2
    for record, skew in ((plain.record, 2.0), (other, 2.01)):
        record.curves[Split.CONTROL]["base"]["hub_skew_backward"] = [*[None] * (len(record.layers) - 1), skew]
    found = differences(plain, Read({"base": longer}, other))
    assert found == pytest.approx({"vectors": 1e-3, "headline": 1e-4, "scores": 1e-2, "hubs": 5e-3}, rel=1e-2)
    assert Moved("words", "x", found).beyond == list(found)
    assert Moved("words", "x", {"vectors": float("nan"), "headline": BOUNDS["headline"]}).beyond == ["vectors"]
    other.curves[Split.DEV]["base"][HEADLINE][-1] = None
    with pytest.raises(ValueError, match=f"{HEADLINE} of base, dev: "):
        differences(plain, Read({"base": longer}, other))


@pytest.mark.slow
def test_no_way_to_run_to_answer_tasks_or_to_train_moves_anything_beyond_its_bound(tmp_path):
    found = [*run_ways(tmp_path, limit=30), *task_ways(), *train_ways(tmp_path)]
    assert len(found) == 9
    assert [one for one in found if one.beyond] == []
