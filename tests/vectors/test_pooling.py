"""Pooling weights against their definitions."""

import pytest
import torch

from tli_bench.base.errors import InputError, UnknownNameError
from tli_bench.vectors.inputs import Encoded
from tli_bench.vectors.pooling import pooling_weights, rest_weights
from tli_bench.vectors.protocols import PROTOCOLS, Pooling, get_protocol

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


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (FRAMED, [0, 1 / 3, 1 / 3, 1 / 3]),
        (Encoded("x", (0, 5, 7), (False, False, True), frame=(False, True, False)), [0, 0, 1]),
        (Encoded("x", (5, 6, 7), (False, False, True), frame=(True, True, False)), [0, 0, 1]),
        (Encoded("x", (7,), (True,)), [0]),
    ],
)
def test_the_mean_without_position_0_leaves_out_the_text_around_the_word(item, expected):
    assert rest_weights(item) == pytest.approx(expected)


def test_nothing_to_pool_is_an_error():
    with pytest.raises(InputError, match="no token of its own"):
        pooling_weights(Encoded("x", (0,), (False,)), Pooling.WORD_MEAN)


def test_an_unknown_protocol_is_suggested():
    with pytest.raises(UnknownNameError, match="did you mean 'words'"):
        get_protocol("word")
    assert {p.id for p in PROTOCOLS.values()} >= {"words.v1", "tli-pilot.v1", "tli-eval.v1", "mexa.v1"}
