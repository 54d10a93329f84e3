"""Where the device's memory runs out, batches are halved and the vectors stay the same."""

import pytest
import torch

from tests.conftest import WORDS, make_model, make_tokenizer
from tli_bench.vectors.backend import Backend
from tli_bench.vectors.cache import StateCache
from tli_bench.vectors.inputs import Framing
from tli_bench.vectors.protocols import Pooling


def _vectors(backend):
    found = backend.states(WORDS, Framing(), (Pooling.WORD_MEAN,))
    return torch.stack([found.texts[word].vectors[Pooling.WORD_MEAN] for word in WORDS])


def test_batches_are_halved_until_they_fit(monkeypatch, caplog):
    model, tokenizer = make_model("llama"), make_tokenizer()
    plain = _vectors(Backend(model, tokenizer, cache=StateCache()))
    backend = Backend(model, tokenizer, batch_size=8, cache=StateCache())
    forward = type(model.model).forward

    def small(self, *args, **kwargs):
        rows = next(value for value in (kwargs.get("input_ids"), *args) if value is not None).shape[0]
        if rows > 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return forward(self, *args, **kwargs)

    monkeypatch.setattr(type(model.model), "forward", small)
    monkeypatch.setattr(backend, "_shares", lambda *_: False)
    torch.testing.assert_close(_vectors(backend), plain, rtol=1e-5, atol=1e-5)
    assert backend.batch_size == 2
    assert "going on with batches of 2 words" in caplog.text


def test_a_single_word_that_does_not_fit_is_an_error(monkeypatch):
    model, tokenizer = make_model("llama"), make_tokenizer()
    backend = Backend(model, tokenizer, batch_size=2, cache=StateCache())

    def full(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    _ = backend.probed
    monkeypatch.setattr(backend, "_shares", lambda *_: False)
    monkeypatch.setattr(type(model.model), "forward", full)
    with pytest.raises(torch.OutOfMemoryError):
        _vectors(backend)
