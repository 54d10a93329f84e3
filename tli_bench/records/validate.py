"""Is a record what it claims to be? Names, signature and leakage flag are checked, and every aggregate is computed again."""

import datetime
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from tli_bench.base.errors import TLIError
from tli_bench.base.wording import unseen, visible
from tli_bench.config.facts import notes_of
from tli_bench.languages import pair_id, resolve_pair
from tli_bench.lexicon.core import installed_core
from tli_bench.lexicon.pairs import Split
from tli_bench.lexicon.unseen import MOST_SEEN
from tli_bench.measures.registry import known_measure
from tli_bench.records.arithmetic import recompute
from tli_bench.records.columns import Words
from tli_bench.records.contender import is_local
from tli_bench.records.family_check import check_family
from tli_bench.records.schema import DownstreamRecord, Record, RunRecord
from tli_bench.vectors.protocols import all_protocols

MAX_NAME, MAX_COMMAND = 200, 8000
_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Validation:
    """errors: why a record cannot be trusted. notes: what a reader should know; some keep the record out of the ranks."""

    errors: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """True when nothing is wrong."""
        return not self.errors


def validate_record(record: Record) -> Validation:
    """All that is wrong or notable in one record, alignment or downstream, that already fits the schema."""
    notes = _downstream_notes(record) if isinstance(record, DownstreamRecord) else _notes(record)
    return Validation(tuple(errors_of(record)), tuple(notes))


def errors_of(record: Record) -> Iterator[str]:
    """What is wrong in a record, one line each: why it cannot be trusted."""
    if isinstance(record, DownstreamRecord):
        yield from _downstream_errors(record)
        return
    for check in (_names, _signature, _leakage, _words, recompute, check_family):
        yield from check(record)


def _names(record: RunRecord) -> Iterator[str]:
    signature, adapter, training = record.signature, record.signature.adapter, record.signature.training
    texts = {
        "task": record.task,
        "pair": record.pair,
        "created": record.created,
        "signature.model": signature.model,
        "signature.revision": signature.revision,
        "signature.protocol": signature.protocol,
        "signature.lexicon": signature.lexicon,
        "signature.training.base": training.base if training else "",
        "signature.training.base_revision": (training.base_revision or "") if training else "",
    }
    for place, trained in (("adapter", adapter), ("training", training)):
        if trained:
            texts[f"signature.{place}.name"] = trained.name
            texts[f"signature.{place}.recipe"] = trained.recipe or ""
            texts[f"signature.{place}.trained_on"] = trained.trained_on or ""
            texts[f"signature.{place}.loss_layers"] = ", ".join(trained.loss_layers)
    texts |= {f"signature.seen_control {i}": concept for i, concept in enumerate(signature.seen_control)}
    if package := signature.package:
        texts |= {f"signature.package.{name}": text for name, text in package.model_dump().items()}
    yield from _texts(texts)
    yield from _provenance(record)


def _provenance(record: Record) -> Iterator[str]:
    told = {"command": record.command, "source_commit": record.source_commit or ""}
    told["recipe"] = "" if record.recipe is None else json.dumps(record.recipe, ensure_ascii=False)
    for name, text in told.items():
        if len(text) > MAX_COMMAND:
            yield f"{name} has {len(text):,} characters, at most {MAX_COMMAND} are allowed"
        if hidden := [c for c in unseen(text) if c != "U+200C"]:
            yield f"{name} holds characters that cannot be seen: {', '.join(hidden[:5])}"


def _texts(texts: dict[str, str]) -> Iterator[str]:
    for name, text in texts.items():
        if len(text) > MAX_NAME:
            yield f"{name} has {len(text):,} characters, at most {MAX_NAME} are allowed"
        if hidden := unseen(text):
            yield f"{name} {visible(text)!r} holds characters that cannot be seen: {', '.join(hidden[:5])}"
        if ".." in text.replace("\\", "/").split("/"):
            yield f"{name} {visible(text)!r} holds a `..` path part; give the model's or adapter's own name"


def _created(created: str) -> Iterator[str]:
    try:
        if datetime.datetime.fromisoformat(created).tzinfo is None:
            yield f"created {visible(created)!r} has no time zone"
    except ValueError:
        yield f"created {visible(created)!r} is not an ISO 8601 date and time"


def _signature(record: RunRecord) -> Iterator[str]:
    signature = record.signature
    try:
        canonical = pair_id(*resolve_pair(record.pair))
        if canonical != record.pair:
            yield f"pair {record.pair!r} is not written in its canonical form {canonical!r}"
    except TLIError as err:
        yield f"pair: {err}"
    if not record.task.endswith(record.pair):
        yield f"task {visible(record.task)!r} is not a task of the pair {visible(record.pair)!r}"
    hashes = {"lexicon_hash": signature.lexicon_hash}
    if signature.adapter:
        hashes["adapter.sha256"] = signature.adapter.sha256
    if signature.trained_words:
        hashes["trained_words"] = signature.trained_words
    if signature.twin is not None:
        hashes["twin"] = signature.twin
    if signature.package:
        hashes |= {"package." + name: getattr(signature.package, name) for name in ("wheel_sha256", "model_sha256")}
    for name, value in hashes.items():
        if not _HEX.fullmatch(value):
            yield f"signature.{name} {visible(value)!r} is not a SHA-256 in lower-case hex"
    yield from _created(record.created)


def _leakage(record: RunRecord) -> Iterator[str]:
    signature = record.signature
    if signature.leaking and not signature.allow_leakage:
        yield "signature says leaking, but leakage was not allowed: such a run cannot exist"
    yield from _seen_control(record)
    shared = _shared(record.words.get(Split.TRAIN), record.words.get(Split.CONTROL))
    if shared and not signature.leaking:
        yield f"{len(shared)} words are trained and control at once ({visible(shared[0])}), yet the record is not marked leaking"


def _shared(train: Words | None, control: Words | None) -> list[str]:
    """Forms of either language, then concepts, that both have."""
    if train is None or control is None:
        return []
    found = []
    for side in ("source", "target"):
        ours, theirs = ({*map(str.casefold, getattr(words, f"{side}s"))} for words in (train, control))
        found += sorted(f"{side} {form}" for form in ours & theirs)
    return found + sorted({*train.concepts} & {*control.concepts})


def _seen_control(record: RunRecord) -> Iterator[str]:
    """Control words that the training saw are left out, and they are few."""
    seen, words = set(record.signature.seen_control), record.words.get(Split.CONTROL)
    scored = sorted(seen & {concept for concept, _, _ in words.triples()}) if words else []
    if scored:
        yield f"{len(scored)} control words were left out as trained, yet they are scored ({visible(scored[0])})"
    learnt, train = record.signature.seen_train or 0, record.signature.n.get(Split.TRAIN, 0)
    if learnt > train:
        yield f"seen_train is {learnt}, but only {train} words of the train split were scored"
    whole = record.signature.n.get(Split.CONTROL, 0) + len(seen)
    if record.signature.limit is None and len(seen) > MOST_SEEN * whole:
        yield f"{len(seen)} of {whole} control words were trained: above {MOST_SEEN:.0%} such a run is refused"


def _words(record: RunRecord) -> Iterator[str]:
    """Scored words against the core lexicon, where the record says that the installed version of it was used."""
    signature = record.signature
    if not signature.lexicon.startswith("core"):
        return
    core = installed_core()
    try:
        lexicon = core.lexicon(*resolve_pair(record.pair), seed=signature.split_seed, audit=signature.audit)
    except TLIError as err:
        # Of a pair that the lexicon does not hold, `_signature` has said so; another version may have other audit words.
        if signature.audit and signature.lexicon.endswith(f" {core.version}"):
            yield f"lexicon {signature.lexicon}: {err}"
        return
    held = _core_words(record.pair, signature.split_seed, signature.audit, lexicon.content_hash)
    if signature.lexicon != held.name:
        return
    if signature.lexicon_hash != held.content_hash:
        yield f"lexicon_hash {signature.lexicon_hash[:12]} is not that of {signature.lexicon}, {held.content_hash[:12]}"
        return
    scored = [(c, split, s, t) for split, words in record.words.items() for c, s, t in words.triples()]
    strange = [word for word in scored if word not in held.words]
    if strange:
        concept, where, source, target = strange[0]
        first = visible(f"{concept}: {source} - {target} ({where.value})")
        yield f"{len(strange)} scored words are not in {signature.lexicon}: {first}"
    if signature.limit is None:
        counts = held.counts - Counter(held.splits[c] for c in set(signature.seen_control) & held.splits.keys())
        for split, n in signature.n.items():
            if counts[split] != n:
                there = counts[split] if split in list(Split) else None
                yield f"n.{split} is {n}, but {signature.lexicon} has {there}, and no --limit is recorded"


class _Held(NamedTuple):
    """What the installed core holds of a pair. words: concept, split, source and target; splits: by concept."""

    name: str
    content_hash: str
    words: frozenset[tuple[str, Split, str, str]]
    splits: Mapping[str, Split]
    counts: Counter[str]


@lru_cache(maxsize=64)
def _core_words(pair: str, seed: int, audit: bool, content: str) -> _Held:
    """The same for ten thousand records of a pair; content: hash of the list, which tells one core from another."""
    lexicon = installed_core().lexicon(*resolve_pair(pair), seed=seed, audit=audit)
    return _Held(
        " ".join(part for part in (lexicon.name, lexicon.version) if part),
        lexicon.content_hash,
        frozenset((p.concept, p.split, p.source, p.target) for p in lexicon.pairs),
        {p.concept: p.split for p in lexicon.pairs},
        Counter(p.split for p in lexicon.pairs),
    )


def _notes(record: RunRecord) -> Iterator[str]:
    signature = record.signature
    yield from notes_of(signature)
    if signature.audit:
        yield "audit words: shown next to the control words of the same row, never as a row"
    if signature.seen_control:
        first = visible(", ".join(signature.seen_control[:3]))
        yield f"{len(signature.seen_control)} control words were trained and are left out (first: {first})"
    if signature.trained_words:
        yield "which words were trained was declared by whoever ran it, not by a card"
    if is_local(signature.model):
        yield f"model {visible(signature.model)!r} is a local folder: others cannot load it by that name"
    if signature.protocol not in {protocol.id for protocol in all_protocols().values()}:
        yield f"protocol {visible(signature.protocol)!r} is not one of ours: ranked only among records of the same"
    if not signature.lexicon.startswith("core"):
        yield f"own lexicon {visible(signature.lexicon)!r}: ranked only among records of the same words"
    if record.source_commit is None or record.source_commit.endswith("+dirty"):
        yield f"tli-bench commit: {record.source_commit or 'none, an installed package'}"
    foreign = sorted({name for *_, name, _ in record.every_column() if known_measure(name) is None})
    if foreign:
        yield f"measures of a package that is not installed here, not computed again: {visible(', '.join(foreign))}"
    for reason in record.unscored[:3]:
        yield f"unscored: {visible(reason)}"


def _downstream_errors(record: DownstreamRecord) -> Iterator[str]:
    adapter = record.adapter
    texts = {
        "task": record.task,
        "created": record.created,
        "model": record.model,
        "revision": record.revision,
        "adapter.name": adapter.name if adapter else "",
    }
    yield from _texts(texts | {f"metric {i}": name for i, name in enumerate(record.scores["base"])})
    yield from _provenance(record)
    if hidden := unseen(record.source):
        yield f"source {visible(record.source)!r} holds characters that cannot be seen: {', '.join(hidden[:5])}"
    yield from _asked(record)
    if adapter and not _HEX.fullmatch(adapter.sha256):
        yield f"adapter.sha256 {visible(adapter.sha256)!r} is not a SHA-256 in lower-case hex"
    yield from _created(record.created)
    if record.documents < 1:
        yield f"documents is {record.documents}: nothing was scored"
    if record.limit is not None and record.documents > record.limit:
        yield f"documents is {record.documents}, more than the limit of {record.limit}"
    lost = sorted(record.scores["base"].keys() - record.scores.get("adapted", record.scores["base"]).keys())
    if lost:
        yield f"{len(lost)} scores of the base have no adapted twin: {visible(', '.join(lost[:5]))}"


def _asked(record: DownstreamRecord) -> Iterator[str]:
    if record.fewshot_source is not None and not record.num_fewshot:
        yield f"fewshot_source is {visible(record.fewshot_source)!r}, but num_fewshot is 0"
    for name, limit in (("fewshot_source", 2 * MAX_NAME), ("system_prompt", MAX_COMMAND), ("engine", MAX_NAME)):
        value = str(getattr(record, name) or "")
        if len(value) > limit:
            yield f"{name} has {len(value)} characters; {limit} are allowed"
        if hidden := unseen(value.replace("\n", " ").replace("\t", " ")):
            yield f"{name} holds characters that cannot be seen: {', '.join(hidden[:5])}"


def _downstream_notes(record: DownstreamRecord) -> Iterator[str]:
    if record.fixtures:
        yield "small samples that ship with the project: not a benchmark, so not in any table"
    if record.limit is not None:
        yield f"only the first {record.limit} documents: not in any table"
    if is_local(record.model):
        yield f"model {visible(record.model)!r} is a local folder: others cannot load it by that name"
    unscored = [
        f"{metric} ({state})" for state, found in record.scores.items() for metric, v in found.items() if v is None
    ]
    if unscored:
        yield f"unscored: {visible(', '.join(unscored[:5]))}" + (
            f" and {len(unscored) - 5} more" if unscored[5:] else ""
        )
