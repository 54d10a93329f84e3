"""Names of boards and rows: for links, the same from one page to the next, and for readers, different from each other."""

import hashlib
import re
from collections.abc import Sequence

from tli_bench.report.conclusion import entry_name, entry_names
from tli_bench.report.entries import BoardKey, Entry, EntryKey


def board_ids(keys: Sequence[BoardKey]) -> list[str]:
    """One for each board: `words.v2-92403b9b`, with a number where two would share one."""
    found: list[str] = []
    for key in keys:
        plain = _plain(f"{key.protocol}-{key.lexicon_hash[:8]}{'-demo' if key.demonstration else ''}")
        found.append(plain if plain not in found else f"{plain}-{sum(one.startswith(plain) for one in found) + 1}")
    return found


def row_id(key: EntryKey) -> str:
    """Readable, and unique by what tells contenders apart, which a name of the same weights does not: `me5-3f2a9c1b04`."""
    digest = hashlib.sha256("\n".join((*key.nameless[:5], *key.flags)).encode()).hexdigest()[:10]
    return f"{_plain(key.model.rpartition('/')[2])[:24]}-{digest}"


def told_apart(entries: Sequence[Entry]) -> list[str]:
    """For each entry, what tells it from others of the same name, as ` (float16)`; empty where nothing has to."""
    return [name.removeprefix(entry_name(e)) for name, e in zip(entry_names(entries), entries, strict=True)]


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text)
