"""`word_vectors`: what the layers of a model hold for words."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tli_bench.api.quiet import quiet
from tli_bench.base.errors import InputError
from tli_bench.languages import resolve_language
from tli_bench.models import LoadedModel, LoadOptions, load_model
from tli_bench.vectors.protocols import get_protocol

if TYPE_CHECKING:
    import numpy as np


def word_vectors(
    model: str | LoadedModel,
    words: Sequence[str],
    language: str,
    *,
    adapter: str | None = None,
    protocol: str = "words",
    load: LoadOptions | None = None,
) -> "dict[str, np.ndarray]":
    """The vectors of words by layer, `[words, dim]` in float32, as scores read them: framed and pooled by the protocol, not centred.

    model: alias, Hub id, folder, or what `load_model` gave, which is left as it was; load: how a named one is loaded.
    language: code or alias of the words' language. adapter: folder or Hub id; without one the base is read. Layers are named as in
    reports, in the model's order: the embeddings are `0`, the last but one is before the final norm.

    >>> import tli_bench
    >>> found = tli_bench.word_vectors("tiny", ["maji", "moto"], "sw")
    >>> list(found), found["3"].shape
    (['0', '1', '2', '3', '4', '5', '6p', '6'], (2, 128))

    Raises InputError for no words, UnknownNameError with suggestions for a language or protocol, ModelError and AdapterError
    as `score` does.
    """
    if isinstance(words, str) or not words:
        raise InputError(f"words is a list of at least one word; got {words!r}")
    with quiet():
        return _vectors(model, words, language, adapter, protocol, load)


def _vectors(
    model: str | LoadedModel,
    words: Sequence[str],
    language: str,
    adapter: str | None,
    protocol: str,
    load: LoadOptions | None,
) -> "dict[str, np.ndarray]":
    import torch

    from tli_bench.lexicon.normalise import as_read
    from tli_bench.models.adapters import attach_adapter, detach_adapter, inspect_adapter
    from tli_bench.vectors.backend import Backend
    from tli_bench.vectors.inputs import framing

    how, code = get_protocol(protocol), resolve_language(language).code
    files = None if adapter is None else inspect_adapter(adapter)
    loaded = model if isinstance(model, LoadedModel) else load_model(model, load or LoadOptions())
    held = loaded.model
    try:
        if files is not None:
            held, _ = attach_adapter(loaded, files)
        backend = Backend(held, loaded.tokenizer)
        texts = [as_read(word) for word in words]
        found = backend.states(texts, framing(how, code), (how.pooling,), state="base" if files is None else "adapted")
    finally:
        detach_adapter(held, loaded)
    stacked = torch.stack([found.texts[text].vectors[how.pooling] for text in texts], dim=1).float()
    return {name: stacked[row].numpy() for row, name in enumerate(found.layers)}
