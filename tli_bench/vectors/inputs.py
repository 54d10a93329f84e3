"""Words to token ids, alone or inside a sentence, and which tokens are the word's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tli_bench.base.errors import InputError
from tli_bench.models.types import Tokenizer
from tli_bench.vectors.protocols import SLOT


class Framing(NamedTuple):
    """How a text becomes a token sequence; the fields are those of `encode_words`."""

    template: str | None = None
    cut: bool = False
    shorten: bool = False


@dataclass(frozen=True, slots=True)
class Encoded:
    """One tokenised word.

    ids: token ids `[tokens]`, special tokens included; word: True for tokens that belong to the word. dropped: how many
    of the word's own tokens were left out because the model does not read that many.
    """

    text: str
    ids: tuple[int, ...]
    word: tuple[bool, ...]
    dropped: int = 0


def encode_words(
    tokenizer: Tokenizer,
    words: Sequence[str],
    *,
    max_length: int | None = None,
    template: str | None = None,
    cut: bool = False,
    shorten: bool = False,
) -> list[Encoded]:
    """Tokenise every word with the special tokens that the tokenizer adds on its own.

    template: a sentence with `{word}` in it; the word's own tokens are those that overlap its characters, since a word
    may share a token with its neighbour. Without one the word is alone, not prefixed with a space. cut: leave out
    the token ids after the word, which the word's positions cannot see in a causal model. shorten: leave out the last own
    tokens of a word that is longer than `max_length`, special tokens kept.
    Raises InputError naming the word that is empty, that yields no tokens, or that is longer than `max_length` tokens.
    """
    for position, word in enumerate(words):
        if not isinstance(word, str) or not word.strip():
            raise InputError(f"word {position} is empty ({word!r}); every word needs at least one visible character")
    if not words:
        return []
    rows = _alone(tokenizer, words) if template is None else _inside(tokenizer, words, template)
    encoded = []
    for word, (ids, own) in zip(words, rows, strict=True):
        if not any(own):
            raise InputError(f"{word!r} yields no tokens with this tokenizer; remove it or use another tokenizer")
        end = max(i for i, flag in enumerate(own) if flag) + 1 if cut else len(own)
        excess = max(0, end - max_length) if max_length is not None else 0
        if excess and (not shorten or excess >= sum(own)):
            raise InputError(f"{word[:80]!r} is {end} tokens long; this model reads at most {max_length}")
        mine = [i for i, flag in enumerate(own) if flag]
        gone = set(mine[len(mine) - excess :])
        kept = [i for i in range(end) if i not in gone]
        encoded.append(Encoded(word, tuple(ids[i] for i in kept), tuple(own[i] for i in kept), excess))
    return encoded


_Row = tuple[list[int], list[bool]]


def _alone(tokenizer: Tokenizer, words: Sequence[str]) -> list[_Row]:
    batch = tokenizer(list(words), add_special_tokens=True, return_special_tokens_mask=True, padding=False)
    return [
        (ids, [not flag for flag in special])
        for ids, special in zip(batch["input_ids"], batch["special_tokens_mask"], strict=True)
    ]


def _inside(tokenizer: Tokenizer, words: Sequence[str], template: str) -> list[_Row]:
    if not getattr(tokenizer, "is_fast", False):
        raise InputError(
            f"{type(tokenizer).__name__} does not return character offsets, so a word cannot be found inside a sentence; "
            "use a protocol without a template, or a fast tokenizer"
        )
    start = template.index(SLOT)
    texts = [template.replace(SLOT, word) for word in words]
    batch = tokenizer(
        texts, add_special_tokens=True, return_special_tokens_mask=True, return_offsets_mapping=True, padding=False
    )
    rows = []
    for row, word in enumerate(words):
        end = start + len(word)
        own = [
            not special and left < end and right > start and right > left
            for (left, right), special in zip(
                batch["offset_mapping"][row], batch["special_tokens_mask"][row], strict=True
            )
        ]
        rows.append((batch["input_ids"][row], own))
    return rows


def tokens_policy(tokenizer: Tokenizer) -> str:
    """How a lone word is framed by this tokenizer, for the signature: `bos`, `no-bos` or `bos+eos`, no leading space."""
    probe = encode_words(tokenizer, ["a"])[0].word
    first = "no-bos" if probe[0] else "bos"
    return first if probe[-1] else f"{first}+eos"
