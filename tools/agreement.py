"""How far the core lexicon agrees with dictionaries that you have, language by language.

Usage: python -m tools.agreement DICTIONARY... --pair swh-eng [--list]

A dictionary is any word list that `tli-bench run --lexicon` reads. A concept counts where the dictionary has its preferred English form
as a headword or translation. It agrees when one of the dictionary's words for it is our preferred form, and agrees broadly when it is any
of our forms. Words are compared as everywhere: Unicode NFC, lower case by the language's rule, its own apostrophes, no leading dash or
`to `; and by stem, so that `kusoma` and `-soma`, `okumak` and `oku` are one word (`stem_key`). Diacritics count. Nothing else is forgiven:
a synonym that is right but not listed counts against us, so agreement is a lower bound.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tli_bench.languages import Language, resolve_pair
from tli_bench.lexicon import load_core, load_lexicon
from tli_bench.lexicon.core import Core
from tli_bench.lexicon.lexicon import Lexicon
from tli_bench.lexicon.normalise import match_key
from tli_bench.lexicon.stems import stem_key


@dataclass
class Agreement:
    """Concepts that both have, those whose preferred form agrees, those of which any form does, and the rest: concept, ours, theirs."""

    shared: int = 0
    preferred: int = 0
    broad: int = 0
    apart: list[tuple[str, str, str]] = field(default_factory=list)

    def __str__(self) -> str:
        if not self.shared:
            return "no concept in common"
        return (
            f"{self.shared} concepts in common; preferred form {self.preferred / self.shared:.3f}, "
            f"any form {self.broad / self.shared:.3f}"
        )


def agreement(core: Core, dictionary: Lexicon, *, hub: Language) -> Agreement:
    """Agreement of the core with a dictionary of `hub` and another language, in either direction."""
    forward = dictionary.source_language == hub
    language = dictionary.target_language if forward else dictionary.source_language
    theirs: defaultdict[str, list[str]] = defaultdict(list)
    for pair in dictionary.pairs:
        heads, meant = (pair.sources, pair.targets) if forward else (pair.targets, pair.sources)
        for head in heads:
            theirs[match_key(head, hub)] += meant
    found = Agreement()
    for entry in core.entries:
        ours: Sequence[str] = entry.forms.get(language.code, ())
        words = theirs.get(match_key(entry.forms[hub.code][0], hub), [])
        if not ours or not words:
            continue
        keys = _keys(words, language)
        found.shared += 1
        found.preferred += not keys.isdisjoint(_keys(ours[:1], language))
        if keys.isdisjoint(_keys(ours, language)):
            found.apart.append((entry.concept, "|".join(ours), "|".join(words[:6])))
        else:
            found.broad += 1
    return found


def _keys(words: Iterable[str], language: Language) -> set[str]:
    return {key for word in words for key in (match_key(word, language), stem_key(word, language))}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one line for each dictionary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dictionary", nargs="+", type=Path)
    parser.add_argument(
        "--pair", required=True, help="the dictionary's languages, in the order of its columns: swh-eng"
    )
    parser.add_argument("--list", action="store_true", help="name the concepts that do not agree")
    options = parser.parse_args(arguments)
    core = load_core()
    hub = next(language for language in resolve_pair(options.pair) if language.pivot)
    for path in options.dictionary:
        found = agreement(core, load_lexicon(path, pair=options.pair), hub=hub)
        print(f"{path.name}: {found}")
        for row in found.apart if options.list else ():
            print("  " + "\t".join(row))


if __name__ == "__main__":
    main()
