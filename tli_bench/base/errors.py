"""The few exceptions of tli-bench; each message states the value, what was expected, and the next step."""

from collections.abc import Iterable
from difflib import get_close_matches

from tli_bench.base.wording import bounded


def reason_of(err: BaseException) -> str:
    """Why something went wrong, for a sentence that names the file itself: of an error of the system, its text alone."""
    return str(getattr(err, "strerror", None) or err)


class TLIError(Exception):
    """Base of every error that a user can cause or fix; the command line prints it and exits with `exit_code`.

    Its text may quote what a third party wrote: control characters are spelt out, and its length is bounded.
    """

    exit_code = 2

    def __str__(self) -> str:
        return bounded(super().__str__())


class UnknownNameError(TLIError):
    """A name that is not in a registry; the message suggests similar ones and says where the full list is."""

    def __init__(self, kind: str, name: str, known: Iterable[str], *, hint: str = "") -> None:
        self.kind, self.name = kind, name
        self.known = sorted(set(known))
        self.suggestions = suggest(name, self.known)
        parts = [f"unknown {kind} {name!r}"]
        if self.suggestions:
            parts.append(f"did you mean {' or '.join(repr(s) for s in self.suggestions)}?")
        elif 0 < len(self.known) <= 20:
            parts.append(f"known: {', '.join(self.known)}")
        if hint:
            parts.append(hint)
        super().__init__("; ".join(parts))


class InputError(TLIError):
    """An argument, word or option that cannot be used as given."""


class LanguageError(TLIError):
    """A file that describes a language and is wrong; names file and key."""


class LexiconError(TLIError):
    """A word list that cannot be read or that must not be scored; names file, line and reason."""


class ModelError(TLIError):
    """A model or tokenizer that cannot be found, read or trusted."""


class AdapterError(TLIError):
    """An adapter that does not exist, is not PEFT, or does not belong to this base. Never fall back to the base."""


class GateError(TLIError):
    """The sanity gate found a broken base: its scores would mean nothing."""


class OutputError(TLIError):
    """A place that we were told to write to but cannot."""


class ResultError(TLIError):
    """A result record that is invalid, of an unknown schema version, or not comparable with another."""


class UnscorableError(TLIError):
    """A value that a measure or a test cannot compute (NaN, only one pair, zero variance): never turned into a number."""


def suggest(name: str, known: Iterable[str], *, limit: int = 3) -> list[str]:
    """Names in `known` that are close to `name`, best first: by spelling, then by shared substring."""
    options = list(known)
    lowered = {o.lower(): o for o in options}
    near = [lowered[m] for m in get_close_matches(name.lower(), lowered, n=limit, cutoff=0.6)]
    inside = [o for o in options if name and name.lower() in o.lower() and o not in near]
    return (near + inside)[:limit]
