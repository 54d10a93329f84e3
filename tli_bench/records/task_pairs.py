"""What a task's name says: which languages it is about, and which kind of task remains without them."""

import re

from tli_bench.languages import DEFAULT_PAIRS, find_language, pivot

_CODE = re.compile(r"[a-z]{3}_[A-Z][a-z]{3}")


def kind_of(task: str) -> str:
    """The name without its languages: `tli_bitext`, `tli_xquad_r_sentence`, `tli_xlsum`, `xnli`.

    The two directions of a pair are two kinds, the one against the order of the default pairs being `..._reversed`:
    otherwise both would meet the same change of alignment, and one pair would count twice. A language paired with
    itself, `..._within`, and a task in another language with English instructions, `..._en`, are kinds of their own too.
    """
    codes = _CODE.findall(task)
    if not codes:
        named = _named(task)
        kept = [part for part, code in named if code is None or (code == pivot().code and _others(named))]
        return "_".join(kept)
    against = len(codes) == 2 and codes[0] != codes[1] and "-".join(reversed(codes)) in DEFAULT_PAIRS
    suffix = "_reversed" if against else "_within" if len(set(codes)) < len(codes) else ""
    return re.sub(r"_{2,}", "_", _CODE.sub("", task).strip("_-")) + suffix


def pair_of(task: str) -> str | None:
    """The pair that a task's score belongs to, languages sorted; a task in one language belongs to its pair with English.

    None for a task that is about English alone, or that names no language or more than two.
    """
    codes = set(_CODE.findall(task)) or {code for _, code in _named(task) if code}
    languages = codes | {pivot().code} if len(codes) == 1 else codes
    return "-".join(sorted(languages)) if len(languages) == 2 else None


def unordered(pair: str) -> str:
    """A pair's id with its languages sorted, as `pair_of` gives it."""
    return "-".join(sorted(pair.split("-")))


def _named(task: str) -> list[tuple[str, str | None]]:
    """Parts of a name between underscores, each with the code of the language that it names (`sw`, `turkish`)."""
    return [(part, _code(part)) for part in task.split("_")]


def _others(named: list[tuple[str, str | None]]) -> bool:
    return any(code not in (None, pivot().code) for _, code in named)


def _code(part: str) -> str | None:
    found = find_language(part)
    return found.code if found else None
