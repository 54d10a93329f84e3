"""Pooling weights against their definitions, and what the store keeps."""

import pytest
import torch

from tli_bench.base.errors import InputError, UnknownNameError
from tli_bench.vectors.extract import States
from tli_bench.vectors.inputs import Encoded
from tli_bench.vectors.pooling import pooling_weights
from tli_bench.vectors.protocols import PROTOCOLS, Pooling, get_protocol
from tli_bench.vectors.store import StateStore

FRAMED = Encoded("maji", (0, 7, 8, 1), (False, True, True, False))


@pytest.mark.parametrize(
    ("pooling", "expected"),
    [
        (Pooling.WORD_MEAN, [0, 0.5, 0.5, 0]),
        (Pooling.WORD_LAST, [0, 0, 1, 0]),
        (Pooling.ALL_MEAN, [0.25, 0.25, 0.25, 0.25]),
        (Pooling.ALL_WEIGHTED, [0.1, 0.2, 0.3, 0.4]),
        (Pooling.ALL_LAST, [0, 0, 0, 1]),
    ],
)
def test_weights(pooling, expected):
    torch.testing.assert_close(pooling_weights(FRAMED, pooling), torch.tensor(expected, dtype=torch.float32))


def test_nothing_to_pool_is_an_error():
    with pytest.raises(InputError, match="no token of its own"):
        pooling_weights(Encoded("x", (0,), (False,)), Pooling.WORD_MEAN)


def test_an_unknown_protocol_is_suggested():
    with pytest.raises(UnknownNameError, match="did you mean 'words'"):
        get_protocol("word")
    assert {p.id for p in PROTOCOLS.values()} >= {"words.v1", "tli-pilot.v1", "tli-eval.v1", "mexa.v1"}


def test_the_store_computes_a_word_once_and_forgets_when_full():
    asked = []

    def compute(words):
        asked.append(list(words))
        return States(("0", "1"), {Pooling.WORD_MEAN: torch.arange(len(words) * 8.0).view(2, len(words), 4)})

    store = StateStore(compute, max_bytes=2 * 4 * 4 * 3)  # room for three words
    first = store.get(["a", "b", "a"])
    assert asked == [["a", "b"]]
    torch.testing.assert_close(first["b"].vectors[Pooling.WORD_MEAN], torch.tensor([[4.0, 5, 6, 7], [12, 13, 14, 15]]))
    assert store.get(["b", "c"]).keys() == {"b", "c"}
    assert asked[-1] == ["c"]
    store.get(["d"])  # the fourth word does not fit: the old ones go
    store.get(["a"])
    assert asked[-1] == ["a"]
