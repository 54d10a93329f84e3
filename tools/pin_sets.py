"""Pin data sets to the commits that they are at on the Hub: `python -m tools.pin_sets [ID ...] [--file FILE]`.

Asks the Hub for the commit of each set's branch (of all sets where none is named) and writes `tasks/revisions.yaml`, which the loaders
obey. A set that the Hub does not tell about keeps what it had, is named, and makes the exit code 1.
"""

import argparse
import datetime
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from tli_bench.base.files import write_text
from tli_bench.downstream.revisions import Pin, pins

ON_THE_HUB = "the Hub"
FILE = Path(__file__).resolve().parent.parent / "tasks" / "revisions.yaml"


def commit_on_the_hub(ident: str, branch: str) -> str:
    """The commit that a branch of a data set is at; raises what `huggingface_hub` raises."""
    from huggingface_hub import HfApi

    return str(HfApi().dataset_info(ident, revision=branch).sha)


def written(text: str, pinned: dict[str, Pin]) -> str:
    """The file with other pins; its head stays."""
    head = "".join(line for line in text.splitlines(keepends=True) if line.startswith("#"))
    fields = {
        name: pin.model_dump(by_alias=True, exclude_defaults=True)
        for name, pin in sorted(pinned.items(), key=lambda item: item[0].lower())
    }
    return head + yaml.safe_dump(fields, sort_keys=False, width=10_000)


def revisions_table() -> str:
    """What each set is read at, and where that was read, for docs/downstream.md."""
    lines = ["| set on the Hub | read at | where the commit was read |", "|---|---|---|"]
    for name, pin in pins().items():
        at = f"`{pin.commit[:12]}`" if pin.commit else f"branch `{pin.branch}`: unpinned"
        lines.append(f"| `{name}` | {at} | {pin.seen or ''} |")
    elsewhere = sum(bool(pin.commit) and not str(pin.seen).startswith(ON_THE_HUB) for pin in pins().values())
    said = (
        f"\n\n{elsewhere} of these commits were read in public code and not checked against the Hub."
        if elsewhere
        else ""
    )
    return "\n".join(lines) + said


def main(arguments: Sequence[str]) -> int:
    """Ask for every commit and write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ids", nargs="*", metavar="ID", help="data sets of the file; all of them by default")
    parser.add_argument("--file", type=Path, default=FILE)
    asked = parser.parse_args(arguments)
    text = asked.file.read_text(encoding="utf-8")
    pinned = {name: Pin.model_validate(fields) for name, fields in yaml.safe_load(text).items()}
    if unknown := sorted(set(asked.ids) - set(pinned)):
        parser.error(f"{', '.join(unknown)} is not in {asked.file}; it has {', '.join(pinned)}")
    failed = 0
    for name in asked.ids or list(pinned):
        pin = pinned[name]
        try:
            commit = commit_on_the_hub(name, pin.branch)
        except Exception as err:  # `huggingface_hub` raises many types, and the other sets can still be asked for
            print(f"{name}: {type(err).__name__}: {str(err).splitlines()[0]:.200}; left as it was", file=sys.stderr)
            failed = 1
            continue
        seen = f"{ON_THE_HUB}, {datetime.datetime.now(datetime.UTC):%Y-%m-%d}"
        pinned[name] = Pin.model_validate({"branch": pin.branch, "commit": commit, "from": seen})
        print(f"{name}: {pin.commit or pin.branch} -> {commit}")
    write_text(asked.file, written(text, pinned))
    return failed


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
