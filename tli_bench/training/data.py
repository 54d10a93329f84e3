"""Word pairs as training batches: encoded once, anchors and positives padded into one batch, false negatives marked."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import Dataset

from tli_bench.base.errors import InputError, LexiconError, reason_of
from tli_bench.base.wording import counted
from tli_bench.languages import Language
from tli_bench.lexicon import Lexicon
from tli_bench.lexicon.pairs import Split, WordPair
from tli_bench.models.trees import trees
from tli_bench.models.types import Tokenizer
from tli_bench.training.words import TrainingWords, words_of
from tli_bench.vectors.inputs import Encoded, encode_words, framing
from tli_bench.vectors.pooling import pooling_weights
from tli_bench.vectors.protocols import Pooling, get_protocol

_TRIES = 10_000
LARGEST_TREE = 2048
"""Tokens of a batch up to which its words run as one tree."""


@dataclass(frozen=True, slots=True)
class PairData:
    """One split, ready for a model: row i of sources and targets is pair i.

    gold: bool `[n, n]`; `gold[i, j]` holds when target j is an accepted translation of source i.
    """

    pairs: tuple[WordPair, ...]
    sources: list[Encoded]
    targets: list[Encoded]
    gold: Tensor

    def __len__(self) -> int:
        return len(self.pairs)


def split_data(
    words: Lexicon | TrainingWords, split: Split, tokenizer: Tokenizer, *, at_least: int, framed: str = "words"
) -> PairData:
    """The pairs of one split, encoded as the protocol called `framed` frames words; of several lexicons, one after the other.

    Raises LexiconError when a lexicon has fewer than `at_least` pairs in the split, UnknownNameError for an unknown protocol.
    """
    protocol, together = get_protocol(framed), words_of(words)

    def encoded(words: list[str], language: Language) -> list[Encoded]:
        return encode_words(tokenizer, words, **framing(protocol, language.code)._asdict())

    sources: list[Encoded] = []
    targets: list[Encoded] = []
    for lexicon in together.parts(split):
        pairs = lexicon.of(split)
        if len(pairs) < at_least:
            raise LexiconError(
                f"the {split.value} split of {lexicon.name} ({lexicon.pair}) has {counted(len(pairs), 'pair')} and training needs at "
                f"least {at_least}; add pairs, or mark some as {split.value} in the list's split column"
            )
        sources += encoded([pair.source for pair in pairs], lexicon.source_language)
        targets += encoded([pair.target for pair in pairs], lexicon.target_language)
    return PairData(together.of(split), sources, targets, together.gold(split))


def require_fit(data: PairData, positions: int | None) -> None:
    """Raise InputError for a word or sentence of more tokens than the model has positions; None: it has no limit."""
    for pair, *sides in zip(data.pairs, data.sources, data.targets, strict=True):
        longest = max(len(side.ids) for side in sides)
        if positions is not None and longest > positions:
            raise InputError(
                f"{pair.concept} ({pair.source[:40]!r}) has {longest} tokens, and the model has {positions} positions; "
                "shorten it, or leave it out"
            )


def shuffled(data: PairData, *, seed: int, sizes: Sequence[int] = ()) -> PairData:
    """The negative control: every source gets the target of another pair, never an accepted translation, in one seeded cycle.

    sizes: how many pairs each of several language pairs has, one after the other; targets stay within theirs. The right translation, if a
    batch contains it, is still not used as a negative. Raises InputError for pairs that leave no such cycle, such as a single one.
    """
    partner, start = [0] * len(data), 0
    for size in sizes or [len(data)]:
        rows = slice(start, start + size)
        order = [start + row for row in _wrong_cycle(data.gold[rows, rows], random.Random(f"shuffle:{seed}"))]
        for here, there in zip(order, [*order[1:], order[0]], strict=True):
            partner[here] = there
        start += size
    return PairData(data.pairs, data.sources, [data.targets[j] for j in partner], data.gold[:, partner])


def _wrong_cycle(gold: Tensor, draw: random.Random) -> list[int]:
    """All rows in an order in which no row's successor, the last one's being the first, is right for it by `gold`."""
    n = len(gold)
    order = list(range(n))
    draw.shuffle(order)
    for _ in range(_TRIES):
        here = torch.tensor(order)
        right = gold[here, here.roll(-1)].nonzero().flatten().tolist()
        if n > 1 and not right:
            return order
        if n < 3:
            break
        # The successor changes places with any other; where few are right, a few changes do.
        one, other = (right[0] + 1) % n, draw.randrange(n)
        order[one], order[other] = order[other], order[one]
    raise InputError(f"the {n} pairs cannot be shuffled so that every word gets a wrong translation; give more pairs")


def sampled(data: PairData, size: int, *, seed: int) -> PairData:
    """At most `size` pairs of `data`, drawn without replacement, in their own order."""
    if len(data) <= size:
        return data
    rows = sorted(random.Random(f"sample:{seed}").sample(range(len(data)), size))
    return PairData(
        tuple(data.pairs[r] for r in rows),
        [data.sources[r] for r in rows],
        [data.targets[r] for r in rows],
        data.gold[rows][:, rows],
    )


class PairDataset(Dataset[int]):
    """Row numbers of the training pairs; the collator turns a list of them into a batch."""

    def __init__(self, size: int) -> None:
        self._size = size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, row: int) -> int:
        if not 0 <= row < self._size:
            raise IndexError(row)
        return row


def pad(encoded: Sequence[Encoded], pooling: Pooling, *, pad_id: int) -> dict[str, Tensor]:
    """Right-padded `input_ids`, `attention_mask` and pooling `weights`, each `[words, tokens]`."""
    length = max(len(item.ids) for item in encoded)
    ids = torch.full((len(encoded), length), pad_id, dtype=torch.long)
    mask = torch.zeros_like(ids)
    weights = torch.zeros(len(encoded), length)
    for row, item in enumerate(encoded):
        ids[row, : len(item.ids)] = torch.tensor(item.ids)
        mask[row, : len(item.ids)] = 1
        weights[row, : len(item.ids)] = pooling_weights(item, pooling)
    return {"input_ids": ids, "attention_mask": mask, "weights": weights}


def in_tree(encoded: Sequence[Encoded], pooling: Pooling) -> dict[str, Tensor]:
    """Words as one tree of their prefixes, each of which runs once.

    `input_ids` and `positions` `[1, nodes]`, an `attention_mask` `[1, 1, nodes, nodes]` to add to scores, and pooling `weights`
    `[words, nodes]`.
    """
    sequences = [item.ids for item in encoded]
    ((numbers, tree),) = trees(sequences, sum(map(len, sequences)))
    weights = torch.zeros(len(encoded), len(tree.ids))
    for number, path in zip(numbers, tree.paths, strict=True):
        weights[number, list(path)] = pooling_weights(encoded[number], pooling)
    return {
        "input_ids": torch.tensor([tree.ids]),
        "attention_mask": tree.mask(torch.float32),
        "positions": torch.tensor([tree.positions]),
        "weights": weights,
    }


def pad_id_of(tokenizer: Tokenizer) -> int:
    """The padding id, or 0 where the tokenizer has none: padded positions are masked either way."""
    return int(tokenizer.pad_token_id) if tokenizer.pad_token_id is not None else 0


@dataclass(frozen=True)
class Collator:
    """Turns row numbers into one batch: the B anchors first, then their B positives.

    Which positives may serve as negatives is decided here, from `gold`, unless masking is off. share: whether a prefix that
    words share runs once (`in_tree`).
    text: encoded lines of ordinary text for the retention term; which ones a batch gets depends only on its rows and
    the seed, so that a resumed run sees what an uninterrupted one would.
    """

    data: PairData
    pooling: Pooling
    pad_id: int
    mask_false_negatives: bool = True
    text: tuple[tuple[int, ...], ...] = ()
    text_lines: int = 0
    seed: int = 0
    share: bool = False

    def __call__(self, rows: list[int]) -> dict[str, Tensor]:
        """The batch of these rows, as keyword arguments of `PairObjective.forward`."""
        words = [self.data.sources[r] for r in rows] + [self.data.targets[r] for r in rows]
        # A tree's mask is the square of its nodes, so that sentences, which share little, cost less side by side.
        small = sum(len(word.ids) for word in words) <= LARGEST_TREE
        batch = in_tree(words, self.pooling) if self.share and small else pad(words, self.pooling, pad_id=self.pad_id)
        own = torch.eye(len(rows), dtype=torch.bool)
        gold = self.data.gold[rows][:, rows] if self.mask_false_negatives else own
        batch["negatives"] = ~(gold | own)
        if self.text:
            batch |= self._text_batch(rows)
        return batch

    def _text_batch(self, rows: list[int]) -> dict[str, Tensor]:
        chooser = random.Random(f"{self.seed}:{rows}")
        lines = [self.text[i] for i in chooser.sample(range(len(self.text)), min(self.text_lines, len(self.text)))]
        length = max(len(line) for line in lines)
        ids = torch.full((len(lines), length), self.pad_id, dtype=torch.long)
        mask = torch.zeros_like(ids)
        for row, line in enumerate(lines):
            ids[row, : len(line)] = torch.tensor(line)
            mask[row, : len(line)] = 1
        return {"text_ids": ids, "text_mask": mask}


def read_text(path: Path, tokenizer: Tokenizer, *, max_tokens: int = 64) -> tuple[tuple[int, ...], ...]:
    """The non-empty lines of a UTF-8 file as token ids, each cut after `max_tokens`.

    Raises InputError for a file that cannot be read or contains no text.
    """
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as err:
        raise InputError(f"the retention text {path} cannot be read as UTF-8: {reason_of(err)}") from err
    lines = [line for line in lines if line]
    if not lines:
        raise InputError(f"the retention text {path} contains no text; give one sentence per line")
    ids = tokenizer(lines, truncation=True, max_length=max_tokens)["input_ids"]
    # One token has nothing to predict and nothing to attend to.
    return tuple(tuple(line) for line in ids if len(line) > 1)
