"""Measuring protocols: how a word becomes a token sequence and how its hidden states become one vector."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from tli_bench.base.errors import InputError, UnknownNameError, reason_of
from tli_bench.base.paths import data_dir
from tli_bench.base.yamls import load_yaml
from tli_bench.languages import pivot, resolve_language
from tli_bench.languages.registry import registry

CARRIER = "carrier:"
SLOT = "{word}"


class Pooling(StrEnum):
    """Which positions are averaged, and with which weights.

    WORD_MEAN: the word's own tokens. WORD_LAST: its last token. ALL_MEAN: every position, special tokens included.
    ALL_WEIGHTED: every position, weight proportional to its index from 1 (MEXA, arXiv 2410.05873).
    ALL_LAST: the last position of the whole sequence.
    """

    WORD_MEAN = "word-mean"
    WORD_LAST = "word-last"
    ALL_MEAN = "all-mean"
    ALL_WEIGHTED = "all-weighted"
    ALL_LAST = "all-last"

    @property
    def of_the_word(self) -> bool:
        """Whether only the word's own tokens are read, so that nothing after them matters to a causal model."""
        return self in (Pooling.WORD_MEAN, Pooling.WORD_LAST)


@dataclass(frozen=True, slots=True)
class Protocol:
    """A named, versioned and frozen way to embed a word.

    templates: for each language code (or `*`, all languages) a sentence with `{word}` in it; empty to embed the word
    by itself, after the tokenizer's own BOS, if any. digest: of a user's own definition, so that two files with the same name
    differ. lead: what stands before a word that has no sentence, so that no token of the word is the first position; running
    text is not given one. blanks: whether a space that became a token of its own counts as a token of the word. last: whether
    the word's last token is scored beside it.
    """

    name: str
    version: int
    pooling: Pooling
    note: str = ""
    templates: tuple[tuple[str, str], ...] = ()
    digest: str = ""
    lead: str = ""
    blanks: bool = True
    last: bool = False

    @property
    def id(self) -> str:
        """Name and version as written in signatures, `words.v2`; a user's own ends in `+` and its digest.

        A version that was superseded has its id for a name, so that it can be asked for.
        """
        version = f".v{self.version}"
        return self.name.removesuffix(version) + version + (f"+{self.digest}" if self.digest else "")

    def __str__(self) -> str:
        return self.id

    def template(self, language: str) -> str | None:
        """The sentence for words of `language` (its code), or the lead and the word; None if the word is alone.

        Raises InputError when the protocol has sentences but none for this language.
        """
        if not self.templates:
            return self.lead + SLOT if self.lead else None
        known = dict(self.templates)
        found = known.get(language, known.get("*"))
        if found is None:
            raise InputError(
                f"protocol {self.name!r} has no template for {language}; it has {', '.join(sorted(known))}. "
                "Add one under `template`, or choose another protocol"
            )
        return found

    def tokens(self, policy: str) -> str:
        """How a word becomes tokens, for the signature. policy: what the tokenizer adds by itself (`inputs.tokens_policy`)."""
        if not self.lead:
            return policy
        return f'{policy} lead="{self.lead.rstrip()}" space={"yes" if self.lead.endswith(" ") else "no"}'


FULL_STOP = ". "
"""The lead of `words.v2`: neutral, one token everywhere, and no token of any word joins it across the space."""


def _led(name: str, pooling: Pooling, note: str, *, last: bool = False) -> Protocol:
    return Protocol(name, 2, pooling, note, lead=FULL_STOP, blanks=False, last=last)


PROTOCOLS: dict[str, Protocol] = {
    p.name: p
    for p in (
        _led("words", Pooling.WORD_MEAN, "mean over the word's own tokens after a full stop and a space", last=True),
        _led("words-last", Pooling.WORD_LAST, "last token of the word after a full stop and a space"),
        Protocol("words.v1", 1, Pooling.WORD_MEAN, "mean over the tokens of the word alone", last=True),
        Protocol("words-last.v1", 1, Pooling.WORD_LAST, "last token of the word alone"),
        Protocol("tli-pilot", 1, Pooling.ALL_MEAN, "mean over the attention mask, BOS included (arXiv 2506.15415)"),
        Protocol("tli-eval", 1, Pooling.WORD_MEAN, "mean without BOS, EOS and padding (arXiv 2506.15415)"),
        Protocol("mexa", 1, Pooling.ALL_WEIGHTED, "position-weighted mean of all tokens (arXiv 2410.05873)"),
        Protocol("mexa-last", 1, Pooling.ALL_LAST, "last token of the sequence (arXiv 2410.05873)"),
    )
}


def _carriers() -> dict[str, Protocol]:
    """From the languages known now: a folder of one's own may have joined since the last call."""
    path = data_dir("tasks") / "carriers.yaml"
    data = _read_yaml(path)
    version = _version(data, path)
    by_name: dict[str, dict[str, str]] = {name: {} for name in pivot().carriers}
    for language in registry():
        for name, sentence in language.carriers.items():
            by_name.setdefault(name, {})[language.code] = sentence
    found = {}
    for name, sentences in by_name.items():
        shown = pivot().carriers.get(name) or next(iter(sentences.values()))
        note, templates = f"word inside {shown!r}", tuple(sorted(sentences.items()))
        found[CARRIER + name] = Protocol(CARRIER + name, version, Pooling.WORD_MEAN, note, templates, blanks=False)
    return found


def all_protocols() -> dict[str, Protocol]:
    """Every protocol that comes with the benchmark, carriers included, by name."""
    return PROTOCOLS | _carriers()


def get_protocol(name: str) -> Protocol:
    """The protocol called `name` or whose id is `name`, or the one that the YAML file `name` defines.

    Raises UnknownNameError with suggestions, InputError naming the wrong key of a file.
    """
    if name.endswith((".yaml", ".yml")):
        return read_protocol(Path(name))
    known = PROTOCOLS if name in PROTOCOLS else all_protocols()
    by_id = next((protocol for protocol in known.values() if protocol.id == name), None)
    if by_id is not None:
        return by_id
    if name not in known:
        raise UnknownNameError(
            "protocol", name, known, hint="`tli-bench ls protocols` lists them; FILE.yaml defines your own"
        )
    return known[name]


def get_protocols(names: str | Iterable[str]) -> tuple[Protocol, ...]:
    """The protocols of a list, or of names joined by commas, each once, in order; raises as `get_protocol` does."""
    parts = names.split(",") if isinstance(names, str) else list(names)
    found = [get_protocol(part.strip()) for part in parts if part.strip()]
    if not found:
        raise InputError("no protocol given; `tli-bench ls protocols` lists them")
    by_name: dict[str, Protocol] = {}
    for protocol in found:
        if by_name.setdefault(protocol.name, protocol) != protocol:
            raise InputError(f"two different protocols are called {protocol.name!r}; rename one of them")
    return tuple(by_name.values())


_KEYS = ("name", "version", "pooling", "template", "note")


def read_protocol(path: Path) -> Protocol:
    """A user's own protocol from YAML: `name`, `version`, `pooling`, and optionally `template` and `note`.

    template: one sentence with `{word}` for all languages, or a mapping from language to sentence.
    Raises InputError naming file and key.
    """
    data = _read_yaml(path)
    for key in data:
        if key not in _KEYS:
            raise InputError(f"{path}: unknown key {key!r}; the keys are {', '.join(_KEYS)}")
    name = data.get("name")
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9][\w.-]{0,40}", name, flags=re.ASCII):
        raise InputError(f"{path}: `name` must be letters, digits, `.`, `_` and `-`, at most 41, got {name!r}")
    if name in {*PROTOCOLS, *(protocol.id for protocol in PROTOCOLS.values())}:
        raise InputError(f"{path}: `name` {name!r} belongs to a protocol of the benchmark; choose another")
    version = _version(data, path)
    pooling = data.get("pooling")
    if pooling not in list(Pooling):
        raise InputError(f"{path}: `pooling` {pooling!r} is not one of {', '.join(Pooling)}")
    template = data.get("template")
    templates = () if template is None else _templates(template, f"{path}: `template`")
    note = data.get("note", "")
    if not isinstance(note, str):
        raise InputError(f"{path}: `note` must be a text, got {note!r}")
    content = repr((name, version, str(pooling), templates))
    return Protocol(name, version, Pooling(pooling), note, templates, hashlib.sha256(content.encode()).hexdigest()[:8])


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        data = load_yaml(path)
    except (OSError, ValueError) as err:
        reason = " ".join(reason_of(err).split())
        raise InputError(f"protocol file {path} cannot be read: {reason}") from err
    if not isinstance(data, dict):
        raise InputError(f"protocol file {path} must hold keys and values, got {type(data).__name__}")
    return data


def _version(data: Mapping[str, Any], path: Path) -> int:
    version = data.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise InputError(f"{path}: `version` must be a whole number from 1, got {version!r}")
    return version


def _templates(value: Any, where: str) -> tuple[tuple[str, str], ...]:
    """Sentences by language code, sorted; `where` names file and key in errors."""
    if isinstance(value, str):
        value = {"*": value}
    if not isinstance(value, dict) or not value:
        raise InputError(f"{where} must be a sentence, or a mapping from language to sentence, got {value!r}")
    found = {}
    for language, sentence in value.items():
        if not isinstance(sentence, str) or sentence.count(SLOT) != 1:
            raise InputError(f"{where}: the sentence for {language} must hold {SLOT} exactly once, got {sentence!r}")
        try:
            code = "*" if language == "*" else resolve_language(str(language)).code
        except UnknownNameError as err:
            raise InputError(f"{where}: {err}") from err
        found[code] = sentence
    return tuple(sorted(found.items()))
