"""Texts in shares: joined, they are the texts in one pass, to the last bit where a share ends with a batch, and every word comes once."""

from itertools import accumulate

import pytest
import torch

from tests.conftest import WORDS, make_model, make_tokenizer
from tli_bench.vectors.batches import Batch, batches
from tli_bench.vectors.extract import extract
from tli_bench.vectors.inputs import encode_words
from tli_bench.vectors.protocols import Pooling
from tli_bench.vectors.ranks import Ranks
from tli_bench.vectors.shared import cut, joined


@pytest.mark.parametrize("share", [True, False], ids=["trees", "rows"])
@pytest.mark.parametrize("bos", [True, False])
@pytest.mark.parametrize("ranks", [2, 3])
@pytest.mark.parametrize("batch_size", [2, 64], ids=["many batches", "one batch"])
def test_the_states_of_shares_joined_are_those_of_one_pass(share, bos, ranks, batch_size):
    model, encoded = make_model("llama"), encode_words(make_tokenizer(bos=bos), WORDS * 2)
    told = {"poolings": (Pooling.WORD_MEAN, Pooling.WORD_LAST), "first_position": True, "batch_size": batch_size}
    whole = extract(model, encoded, share=share, **told)
    plan = list(batches([item.ids for item in encoded], batch_size, share=share))
    shares = cut(plan, ranks)
    trees = any(batch.tree is not None for batch in plan)
    assert trees == share
    parts = [extract(model, [encoded[row] for row in rows], share=trees, **told) for rows in shares]
    found = joined(parts, shares, encoded, one_origin=share)
    ends = set(accumulate(len(batch.numbers) for batch in plan))
    whole_batches = ends >= set(accumulate(map(len, shares)))
    assert whole_batches or (batch_size, ranks) != (2, 2)
    exact = {"rtol": 0, "atol": 0} if whole_batches else {}
    assert (found.layers, found.encoded, found.first.counts) == (whole.layers, whole.encoded, whole.first.counts)
    for pooling in told["poolings"]:
        torch.testing.assert_close(found.vectors[pooling], whole.vectors[pooling], **exact)
    torch.testing.assert_close(found.first.excluded, whole.first.excluded, **exact)
    assert found.first.origins.shape == whole.first.origins.shape
    for row in range(len(encoded)):
        torch.testing.assert_close(found.first.norms[row], whole.first.norms[row], **exact)
        torch.testing.assert_close(found.first.included(row), whole.first.included(row), **exact)
    # A mean that serves two purposes is kept once, in what is joined as well.
    assert (found.first.excluded is found.vectors[Pooling.WORD_MEAN]) == bos
    assert (whole.first.excluded is whole.vectors[Pooling.WORD_MEAN]) == bos


@pytest.mark.parametrize(
    ("words", "ranks", "ends"),
    [
        ([4] * 10, 2, [20, 40]),
        ([4] * 9, 2, [16, 36]),  # half a batch from the middle
        ([4] * 3, 2, [6, 12]),  # no end is near the middle: the second batch is cut
        ([8], 2, [4, 8]),
        ([8], 3, [3, 5, 8]),
        ([1], 4, [0, 0, 1, 1]),
        ([4, 4, 4, 400], 2, [206, 412]),
    ],
)
def test_shares_end_with_a_batch_where_one_ends_nearby(words, ranks, ends):
    """Batches of words of two tokens each, as many as `words` says."""
    plan, before = [], 0
    for count in words:
        plan.append(Batch([*range(before, before + count)], [(1, 2)] * count, []))
        before += count
    shares = cut(plan, ranks)
    assert [row for rows in shares for row in rows] == list(range(before))
    found = [sum(map(len, shares[: rank + 1])) for rank in range(ranks)]
    assert found == ends


@pytest.mark.parametrize(("items", "count"), [(0, 2), (1, 2), (7, 2), (7, 3), (2, 5), (12, 4)])
def test_shares_are_contiguous_complete_and_of_one_size_but_for_one(items, count):
    ranks = Ranks.__new__(Ranks)
    ranks.count = count
    shares = ranks.split(range(items))
    assert len(shares) == count
    assert [item for share in shares for item in share] == list(range(items))
    sizes = [len(share) for share in shares]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] - sizes[-1] <= 1
