"""The SentencePiece tokenizer of a container as a fast tokenizer."""

import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tli_bench.base.errors import ModelError
from tools.real_models.container import Container

_SPACE = "▁"


def save_tokenizer(container: Container, out: Path) -> None:
    """Write the tokenizer: it strips nothing, splits at spaces, and frames a text as `<s> text </s>`.

    Raises ModelError when the container replaces characters in a way that this tokenizer cannot.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = container.special
    tokenizer = Tokenizer(models.Unigram(list(container.pieces), unk_id=special.unk, byte_fallback=False))
    tokenizer.normalizer = normaliser(container.becomes)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement=_SPACE, prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement=_SPACE, prepend_scheme="always")
    bos, eos, pad, unk = (container.pieces[i][0] for i in special)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A {eos}",
        pair=f"{bos} $A {eos} {eos} $B {eos}",
        special_tokens=[(bos, special.bos), (eos, special.eos)],
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=bos, eos_token=eos, cls_token=bos, sep_token=eos, unk_token=unk, pad_token=pad,
        mask_token=AddedToken("<mask>", lstrip=True), model_max_length=container.sizes.positions,
    ).save_pretrained(out)  # fmt: skip


def normaliser(becomes: Mapping[str, str]) -> Any:
    """What `becomes` does to characters, as a normaliser: some vanish, some become a space, then NFKC; spaces are then merged.

    A chain of one replacement per character would say the same and take minutes. Raises ModelError naming the characters that
    are replaced in another way.
    """
    from tokenizers import Regex, normalizers

    beyond = {char: new for char, new in becomes.items() if unicodedata.normalize("NFKC", char) != new}
    other = {char: new for char, new in beyond.items() if new not in ("", " ")}
    if other:
        shown = ", ".join(f"U+{ord(char):04X} -> {new!r}" for char, new in list(other.items())[:5])
        raise ModelError(
            f"{len(other)} characters are replaced neither as NFKC does nor by a space or nothing: {shown}"
        )
    replaced = [
        normalizers.Replace(Regex("[" + "".join(f"\\x{{{ord(char):x}}}" for char in chars) + "]"), new)
        for new in ("", " ")
        if (chars := [char for char, becoming in beyond.items() if becoming == new])
    ]
    return normalizers.Sequence([*replaced, normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
