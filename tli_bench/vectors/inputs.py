"""Words to token ids, alone or inside a sentence, and which tokens are the word's own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from tli_bench.base.errors import InputError
from tli_bench.models.types import Tokenizer
from tli_bench.vectors.protocols import SLOT, Protocol


class Framing(NamedTuple):
    """How a text becomes a token sequence; the fields are those of `encode_words`."""

    template: str | None = None
    cut: bool = False
    shorten: bool = False
    blanks: bool = True


def framing(protocol: Protocol, language: str, *, running: bool = False) -> Framing:
    """How `protocol` frames words of `language` (a code), nothing cut.

    running: the texts are running text, not words: they get no lead, and may be longer than the model reads.
    Raises InputError when the protocol has sentences but none for this language.
    """
    if running and not protocol.templates:
        return Framing(shorten=True)
    return Framing(protocol.template(language), shorten=running, blanks=protocol.blanks)


@dataclass(frozen=True, slots=True)
class Encoded:
    """One tokenised word.

    ids: token ids `[tokens]`, special tokens included; word: True for tokens that belong to the word; frame: True for tokens
    of the text around it, empty where there is none. dropped: how many of the word's own tokens were left out because the
    model does not read that many. unknown: how many of its own tokens are the unknown token. joined: whether one of its own
    tokens also holds a visible character that stands before the word.
    """

    text: str
    ids: tuple[int, ...]
    word: tuple[bool, ...]
    dropped: int = 0
    unknown: int = 0
    joined: bool = False
    frame: tuple[bool, ...] = ()

    @property
    def own(self) -> tuple[int, ...]:
        """Ids of the word's own tokens."""
        return tuple(i for i, flag in zip(self.ids, self.word, strict=True) if flag)


def encode_words(
    tokenizer: Tokenizer,
    words: Sequence[str],
    *,
    max_length: int | None = None,
    template: str | None = None,
    cut: bool = False,
    shorten: bool = False,
    blanks: bool = True,
) -> list[Encoded]:
    """Tokenise every word with the special tokens that the tokenizer adds on its own.

    template: a sentence with `{word}` in it; the word's own tokens are those that overlap its characters, since a word
    may share a token with its neighbour. A tokenizer that gives no offsets needs a sentence that ends with the word: own is
    what follows the ids of the text before it. Without a sentence the word is alone, not prefixed with a space. cut: leave out
    the token ids after the word, which the word's positions cannot see in a causal model. shorten: leave out the last own
    tokens of a word that is longer than `max_length`, special tokens kept. blanks: whether a space that became a token of its
    own is the word's; if not, it is only where the word has no other token.
    Raises InputError naming the word that is empty, that yields no tokens, or that is longer than `max_length` tokens.
    """
    for position, word in enumerate(words):
        if not isinstance(word, str) or not word.strip():
            raise InputError(f"word {position} is empty ({word!r}); every word needs at least one visible character")
    if not words:
        return []
    rows = _alone(tokenizer, words) if template is None else _inside(tokenizer, words, template)
    empty = set() if blanks else _blank(tokenizer, (i for row in rows for i in row.ids))
    encoded = []
    for word, row in zip(words, rows, strict=True):
        if not any(row.own):
            raise InputError(f"{word!r} yields no tokens with this tokenizer; remove it or use another tokenizer")
        visible = [flag and i not in empty for i, flag in zip(row.ids, row.own, strict=True)]
        kept = row._replace(own=visible) if any(visible) else row
        item = _fitted(word, kept, max_length, cut=cut, shorten=shorten)
        encoded.append(replace(item, unknown=sum(i == tokenizer.unk_token_id for i in item.own)))
    return encoded


class _Row(NamedTuple):
    """Ids of one text, which of them are special, which are the word's, and whether one of those reaches before the word."""

    ids: list[int]
    special: list[int]
    own: list[bool]
    joined: bool = False


def _fitted(word: str, row: _Row, max_length: int | None, *, cut: bool, shorten: bool) -> Encoded:
    """A word as the model reads it: cut after its last token if asked for, and no longer than `max_length`."""
    mine = [i for i, flag in enumerate(row.own) if flag]
    end = mine[-1] + 1 if cut else len(row.own)
    excess = max(0, end - max_length) if max_length is not None else 0
    if excess and (not shorten or excess >= len(mine)):
        raise InputError(f"{word[:80]!r} is {end} tokens long; this model reads at most {max_length}")
    gone = set(mine[len(mine) - excess :])
    kept = [i for i in range(end) if i not in gone]
    frame = tuple(not row.own[i] and not row.special[i] for i in kept)
    return Encoded(
        word,
        tuple(row.ids[i] for i in kept),
        tuple(row.own[i] for i in kept),
        dropped=excess,
        joined=row.joined,
        frame=frame if any(frame) else (),
    )


def _alone(tokenizer: Tokenizer, words: Sequence[str]) -> list[_Row]:
    batch = tokenizer(list(words), add_special_tokens=True, return_special_tokens_mask=True, padding=False)
    return [
        _Row(ids, special, [not flag for flag in special])
        for ids, special in zip(batch["input_ids"], batch["special_tokens_mask"], strict=True)
    ]


def _inside(tokenizer: Tokenizer, words: Sequence[str], template: str) -> list[_Row]:
    if not getattr(tokenizer, "is_fast", False):
        return _after(tokenizer, words, template)
    start = template.index(SLOT)
    texts = [template.replace(SLOT, word) for word in words]
    batch = tokenizer(
        texts, add_special_tokens=True, return_special_tokens_mask=True, return_offsets_mapping=True, padding=False
    )
    rows = []
    for row, word in enumerate(words):
        end = start + len(word)
        spans, special = batch["offset_mapping"][row], batch["special_tokens_mask"][row]
        own = [
            not flag and left < end and right > start and right > left
            for (left, right), flag in zip(spans, special, strict=True)
        ]
        joined = any(flag and template[left:start].strip() for (left, _), flag in zip(spans, own, strict=True))
        rows.append(_Row(batch["input_ids"][row], special, own, joined))
    return rows


def _after(tokenizer: Tokenizer, words: Sequence[str], template: str) -> list[_Row]:
    """As `_inside`, by ids alone: the text before the word has to have the same ids with the word and without it."""
    before, _, behind = template.partition(SLOT)
    kind = f"{type(tokenizer).__name__} does not return character offsets"
    if behind:
        raise InputError(
            f"{kind}, so a word cannot be found inside a sentence; "
            "use a protocol whose sentence ends with the word, or a fast tokenizer"
        )
    lead = list(tokenizer(before.rstrip(), add_special_tokens=False)["input_ids"])
    alone = _alone(tokenizer, [before + word for word in words])
    spaces = _blank(tokenizer, (i for row in alone for i in row.ids))
    rows = []
    for word, row in zip(words, alone, strict=True):
        ids, places = row.ids, [place for place, flag in enumerate(row.own) if flag]
        if [ids[place] for place in places[: len(lead)]] != lead:
            raise InputError(
                f"{kind}, and {before + word!r} does not begin with the tokens of {before.rstrip()!r}, so the word's own cannot "
                "be told; use the protocol words.v1, or a fast tokenizer"
            )
        rest = places[len(lead) :]
        while len(rest) > 1 and ids[rest[0]] in spaces:
            rest = rest[1:]
        rows.append(row._replace(own=[place in rest for place in range(len(ids))]))
    return rows


def _blank(tokenizer: Tokenizer, ids: Iterable[int]) -> set[int]:
    """Those of `ids` that stand for nothing but space: no text comes of them, and they are written as a mark of space.

    Either alone would not do: a part of a letter's bytes may decode to nothing, and `Ġ` is also a letter.
    """
    found = set(ids)
    return {i for i in found if not _written(tokenizer, i).strip(_SPACE) and not tokenizer.decode([i]).strip()}


_SPACE = "▁Ġ "


def _written(tokenizer: Tokenizer, token: int) -> str:
    return str(tokenizer.convert_ids_to_tokens([token])[0])


def tokens_policy(tokenizer: Tokenizer) -> str:
    """What this tokenizer adds to a lone word by itself, for the signature: `bos`, `no-bos` or `bos+eos`."""
    probe = encode_words(tokenizer, ["a"])[0].word
    first = "no-bos" if probe[0] else "bos"
    return first if probe[-1] else f"{first}+eos"
