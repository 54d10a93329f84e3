"""Bring everything that is derived from tasks/lexicon/core.tsv up to date: new splits, version.yaml, pairs/, the card.

Usage: python tools/lexicon_release.py [--check] [FOLDER]

Concepts without a split get one; splits that are already filled in do not change. With --check nothing is written and
the exit status is 1 if a file is stale.
"""

import argparse
import re
import sys
from collections import Counter
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import yaml

from tli_bench.base.errors import TLIError, reason_of
from tli_bench.base.files import write_text
from tli_bench.base.locks import writing_into
from tli_bench.languages import DEFAULT_PAIRS, language_of, resolve_pair
from tli_bench.lexicon import Core, assign_splits, stats
from tli_bench.lexicon.core import CORE_FILE, VERSION_FILE, core_table, read_core_table
from tli_bench.lexicon.entries import VARIANT_SEPARATOR
from tli_bench.lexicon.facts import read_facts
from tli_bench.lexicon.pairs import SHOWN, Split
from tli_bench.lexicon.related import ACROSS_FILE, read_across
from tli_bench.stats import minimum_detectable_effect

CARD = "README.md"
PAIR_COLUMNS = ("concept", "source", "target", "source_variants", "target_variants", "pos", "field")
PUBLISHED = SHOWN
"""The splits that are written as pair files and listed on the card; audit words stay in the table alone, out of casual use."""
_FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
_GENERATED = re.compile(r"(<!-- (\w+) -->\n).*?(<!-- /\2 -->)", re.DOTALL)


def released(folder: Path) -> dict[Path, str]:
    """Every generated file of the lexicon folder with the text it should have."""
    core = _core(folder)
    facts = {
        "version": core.version,
        "seed": core.seed,
        "content_hash": core.content_hash,
    }
    files = {
        folder / CORE_FILE: core_table(core),
        folder / VERSION_FILE: yaml.safe_dump(facts, sort_keys=False),
        folder / CARD: _card((folder / CARD).read_text("utf-8"), core),
    }
    for name in DEFAULT_PAIRS:
        for split in PUBLISHED:
            files[folder / _pair_file(name, split)] = _pair_table(core, name, split)
    return files


def _core(folder: Path) -> Core:
    facts = yaml.safe_load((folder / VERSION_FILE).read_text("utf-8"))
    languages, entries, previous = read_core_table(folder / CORE_FILE)
    core = Core(
        str(facts["version"]), facts["seed"], entries, previous, languages, read_facts(folder), read_across(folder)
    )
    return replace(core, splits=assign_splits(entries, seed=core.seed, shares=core.shares, previous=previous))


def _pair_file(name: str, split: Split) -> str:
    return f"pairs/{name}/{split}.tsv"


def _pair_table(core: Core, name: str, split: Split) -> str:
    rows = [
        (
            *(pair.concept, pair.sources[0], pair.targets[0]),
            VARIANT_SEPARATOR.join(pair.sources[1:]),
            VARIANT_SEPARATOR.join(pair.targets[1:]),
            *(pair.pos, pair.field),
        )
        for pair in core.lexicon(*resolve_pair(name)).of(split)
    ]
    return "".join("\t".join(row) + "\n" for row in (PAIR_COLUMNS, *rows))


def _card(text: str, core: Core) -> str:
    """The card with new `configs:` in its front matter and new text between its generated-text marks."""
    found = _FRONT_MATTER.match(text)
    head = yaml.safe_load(found.group(1)) if found else {}
    head["configs"] = [
        {
            "config_name": name,
            "data_files": [{"split": split.value, "path": _pair_file(name, split)} for split in PUBLISHED],
            "sep": "\t",
            # Otherwise pandas takes words such as `nan` and `null` for missing values.
            "keep_default_na": False,
        }
        for name in DEFAULT_PAIRS
    ]
    body = text[found.end() :] if found else text
    parts = {
        "version": _version(core),
        "coverage": _coverage(core),
        "splits": _splits(core),
        "across": _across(core),
        "power": _power(core),
    }
    body = _GENERATED.sub(lambda match: f"{match[1]}{parts[match[2]]}{match[3]}", body)
    return f"---\n{yaml.safe_dump(head, sort_keys=False, allow_unicode=True)}---\n{body}"


def _version(core: Core) -> str:
    return f"Version {core.version}, {len(core.entries)} concepts, content hash (SHA-256) `{core.content_hash}`.\n"


def _coverage(core: Core) -> str:
    figures = stats(core)
    lines = [
        "| language | code | concepts | coverage | forms | multi-word | bound stems | loans |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in figures.languages:
        name = language_of(row.code).name
        loans = "" if row.loans is None else row.loans
        cells = (
            *(name, f"`{row.code}`", row.filled, f"{row.share:.1%}"),
            *(row.forms, row.multi_word, row.bound_stems, loans),
        )
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    fields = ", ".join(f"{name} {count}" for name, count in figures.fields.items())
    pos = ", ".join(f"{name} {count}" for name, count in figures.parts_of_speech.items())
    return "\n".join([*lines, "", f"Fields: {fields}.", "", f"Parts of speech: {pos}.", ""])


def _splits(core: Core) -> str:
    counts = stats(core).splits
    shares = ", ".join(
        f"{split} {counts[split]} ({counts[split] / len(core.entries):.0%})" for split in Split if split in counts
    )
    return f"{shares}; seed {core.seed}.\n"


def _across(core: Core) -> str:
    """How many roots are known to be on two sides, and how many tested words have a trained relative so."""
    with_trained = Counter(core.splits[concept] for concept in core.with_trained_relative)
    told = " and ".join(
        f"{with_trained[split]} of {stats(core).splits[split]} {split} words"
        for split in (Split.CONTROL, Split.AUDIT)
        if split in stats(core).splits
    )
    return f"`{ACROSS_FILE}` lists {len(core.across)} such pairs; {told} have a trained relative in it.\n"


def _power(core: Core) -> str:
    """The smallest change of P@1 of 50 that the tested words of Swahili-English can show, for three spreads of one word's change."""
    spreads = (0.2, 0.3, 0.4)
    lines = ["| words | n | " + " | ".join(f"s = {s}" for s in spreads) + " |", "|---|---|" + "---|" * len(spreads)]
    for split in (Split.CONTROL, Split.AUDIT):
        n = len(core.lexicon(*resolve_pair(DEFAULT_PAIRS[0]), audit=split is Split.AUDIT).of(Split.CONTROL))
        found = (f"{minimum_detectable_effect(n, s):.3f}" for s in spreads)
        lines.append(f"| {split} | {n} | " + " | ".join(found) + " |")
    return "\n".join([*lines, ""])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parents[1] / "tasks" / "lexicon")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is stale")
    options = parser.parse_args()
    try:
        with nullcontext() if options.check else writing_into(options.folder, "lexicon release"):
            return bring_up_to_date(options.folder, check=options.check)
    except TLIError as err:
        print(f"error: {err}", file=sys.stderr)
        return err.exit_code
    except OSError as err:
        print(f"error: {err.filename or options.folder}: {reason_of(err)}; restore the file", file=sys.stderr)
        return TLIError.exit_code


def bring_up_to_date(folder: Path, *, check: bool) -> int:
    """Write what is stale and remove what is no longer made, or only say so; 1 if it is only said, else 0."""
    files = released(folder)
    present = set((folder / "pairs").rglob("*.tsv"))
    orphans = sorted(present - set(files))
    stale = [path for path, text in files.items() if _bytes_of(path) != text.encode()]
    for path in [*stale, *orphans]:
        print(f"{'stale' if check else 'updated'}: {path}")
    if check:
        return 1 if stale or orphans else 0
    for path in stale:
        write_text(path, files[path])
    for path in orphans:
        path.unlink()
    return 0


def _bytes_of(path: Path) -> bytes | None:
    """What a file holds; None where there is none, also if it is gone just now."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


if __name__ == "__main__":
    sys.exit(main())
