"""What a record's signature states, and what follows from each statement: one table that every reader derives from.

A fact is one field of `records.schema.Signature`. Some are decided by an option (`limit`), others by the run itself
(`n`, `layers`); `config.options` says which option decides which.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One field of a signature.

    agree: two scores are compared only when they have the same. identity: a finished unit is reused only for the same.
    renews: of an identity, whether a unit measured again under another value takes the old record's place on disk.
    by: attribute of the value that stands for it in both. flag: what keeps the score out of the ranks when the value is
    set, with `{}` for the value; note: the sentence about it for whoever validates the record. of_adapter: the flag
    concerns the adapter alone, so a base scored in the same run is free of it. mark: part of the record's file name
    unless the value is `usual`, with `{}` for the value. later: records were published before the fact was stated, so
    its `usual` value does not change the name of a file.
    """

    name: str
    agree: bool = False
    identity: bool = False
    renews: bool = False
    by: str = ""
    flag: str = ""
    note: str = ""
    of_adapter: bool = False
    mark: str = ""
    usual: object = None
    later: bool = False

    def of(self, run: object) -> object:
        """What stands for this fact of a signature when two are compared."""
        value = getattr(run, self.name)
        return getattr(value, self.by) if self.by and value is not None else value


FACTS: tuple[Fact, ...] = (
    Fact(name="protocol", agree=True, identity=True),
    Fact(name="pooling", agree=True),
    Fact(name="layers"),
    Fact(name="tokens"),
    Fact(name="own_sink"),
    Fact(name="lexicon", agree=True),
    Fact(name="lexicon_hash", agree=True, identity=True),
    Fact(name="split_seed", agree=True, identity=True),
    Fact(name="pair", agree=True, identity=True),
    Fact(name="n", agree=True),
    Fact(name="allow_leakage"),
    Fact(
        name="leaking", agree=True, identity=True, flag="leaking", note="leaking lexicon: shown without a rank"
    ),
    Fact(name="seen_control", identity=True, usual=(), later=True),
    Fact(
        name="training_unknown",
        identity=True,
        flag="training unknown",
        note="nobody says which words were trained, so control words may be: shown without a rank",
        of_adapter=True,
        usual=False,
        later=True,
    ),
    Fact(name="seen_train", later=True),
    Fact(name="trained_words", identity=True, later=True),
    Fact(name="skip_gate", identity=True, flag="skip_gate", note="sanity gate skipped: shown without a rank"),
    Fact(
        name="any_base",
        identity=True,
        flag="any_base",
        note="adapter recorded for another base: shown without a rank",
        of_adapter=True,
    ),
    Fact(
        name="limit",
        agree=True,
        identity=True,
        flag="limit {}",
        note="only the first {} words: shown without a rank",
        mark="limit{}",
    ),
    Fact(name="model", identity=True),
    Fact(name="revision", identity=True),
    Fact(name="package"),
    Fact(name="parameters"),
    Fact(name="adapter", identity=True, by="sha256"),
    Fact(name="twin", identity=True, renews=True, later=True),
    Fact(name="placebo", identity=True, renews=True, usual=0, later=True),
    Fact(name="training", identity=True),
    Fact(
        name="first_blocks",
        identity=True,
        flag="layers 0-{}",
        note="only the first {} blocks were loaded: shown without a rank",
        mark="first{}",
        later=True,
    ),
    Fact(
        name="tokenizer",
        identity=True,
        flag="tokenizer {}",
        note="the tokenizer {} is not the model's own: shown without a rank",
        mark="tokenizer-{}",
        later=True,
    ),
    Fact(name="dtype", identity=True, mark="{}", usual="float32"),
    Fact(name="quantization", identity=True, mark="{}"),
    Fact(name="seed", identity=True),
    Fact(name="measures", agree=True, identity=True),
    Fact(name="versions", identity=True, renews=True),
)  # fmt: skip

PROMPTING: tuple[Fact, ...] = (
    Fact(name="chat_template", agree=True, identity=True, mark="chat", usual=False, later=True),
    Fact(name="num_fewshot", agree=True, identity=True, mark="{}shot", usual=0, later=True),
    Fact(name="fewshot_source", agree=True, identity=True, later=True),
    Fact(name="system_prompt", agree=True, identity=True, mark="system", later=True),
    Fact(name="engine", agree=True, identity=True, mark="{}", later=True),
)
"""The same of downstream records, about how the model was asked and what answered. Words are never
asked for, so signatures have none of it.
"""

_ALL = (*FACTS, *PROMPTING)
BY_NAME: dict[str, Fact] = {fact.name: fact for fact in _ALL}
AGREE: tuple[str, ...] = tuple(fact.name for fact in FACTS if fact.agree)
IDENTITY: tuple[str, ...] = tuple(fact.name for fact in FACTS if fact.identity)


def same_unit(ours: object, theirs: object) -> bool:
    """Whether two signatures name the same unit under the same conditions, so that one record serves for both."""
    return all(BY_NAME[name].of(ours) == BY_NAME[name].of(theirs) for name in IDENTITY)


def place_of(run: object) -> dict[str, object]:
    """What gives a unit a file of its own, by name; a record that lacks a fact is not told apart by it."""
    silent = unstated(run)
    return {name: value for name, value in _told_apart(run).items() if name not in silent}


def unstated(run: object) -> set[str]:
    """The facts with which a run says no more than the records from before they were stated."""
    return {fact.name for fact in _ALL if fact.later and hasattr(run, fact.name) and fact.of(run) == fact.usual}


def first_difference(ours: object, theirs: object) -> str:
    """The first fact that makes two signatures belong to different units; empty where they belong to the same one."""
    first, second = _told_apart(ours), _told_apart(theirs)
    return next((name for name in first if first[name] != second[name]), "")


def flags_of(run: object, *, adapter: bool = True) -> tuple[str, ...]:
    """What keeps a score out of the ranks, as short texts. adapter: False for the base state of a run with an adapter.

    A record that lacks a fact (a downstream record has no gate) has no flag for it.
    """
    everything = adapter or getattr(run, "adapter", None) is None
    return tuple(fact.flag.format(value) for fact, value in _raised(run) if everything or not fact.of_adapter)


def notes_of(run: object) -> tuple[str, ...]:
    """A sentence for every flag of `flags_of`."""
    return tuple(fact.note.format(value) for fact, value in _raised(run))


def marks_of(run: object) -> tuple[str, ...]:
    """The parts of a record's file name that keep runs under other conditions apart, in order."""
    held = ((fact, getattr(run, fact.name)) for fact in _ALL if fact.mark and hasattr(run, fact.name))
    return tuple(fact.mark.format(value) for fact, value in held if value != fact.usual)


def asked_of(run: object, *, but: Collection[str] = ()) -> dict[str, object]:
    """How the model was asked, as far as it is not the usual way: by fact, for a record or a score that states it.

    but: facts to leave out.
    """
    stated = (fact for fact in PROMPTING if fact.name not in but)
    return {fact.name: fact.of(run) for fact in stated if getattr(run, fact.name, fact.usual) != fact.usual}


def asked_text(run: object, *, but: Collection[str] = ()) -> str:
    """`asked_of` as a text, `chat_template True, num_fewshot 3`; empty where the model was asked in the usual way."""
    return ", ".join(f"{name} {value}" for name, value in asked_of(run, but=but).items())


def differing(runs: Iterable[object], *, but: Collection[str] = ()) -> tuple[str, ...]:
    """The facts of `PROMPTING` in which some of the records or scores differ: they are never compared with each other."""
    held = [asked_of(run, but=but) for run in runs]
    return tuple(fact.name for fact in PROMPTING if len({repr(asked.get(fact.name)) for asked in held}) > 1)


def _told_apart(run: object) -> dict[str, object]:
    told = (fact for fact in _ALL if fact.identity and not fact.renews and hasattr(run, fact.name))
    return {fact.name: fact.of(run) for fact in told}


def _raised(run: object) -> Iterator[tuple[Fact, object]]:
    for fact in FACTS:
        value = getattr(run, fact.name, None)
        if fact.flag and value:
            yield fact, value
