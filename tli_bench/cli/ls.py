"""`tli-bench ls`: what there is to choose from; answers without importing torch."""

from collections import Counter
from typing import Annotated

import typer

from tli_bench.base.errors import UnknownNameError
from tli_bench.cli.showing import show

KINDS = ("models", "languages", "pairs", "tasks", "adapters", "protocols", "measures", "terms")


def ls(
    kind: Annotated[str, typer.Argument(help=f"One of: {', '.join(KINDS)}. Default: a short overview.")] = "overview",
) -> None:
    """List models, languages, pairs, tasks, adapters, protocols or measures, or what trained, control, gain and best layer mean."""
    from rich.console import Console
    from rich.text import Text

    if kind == "overview":
        names = ("models", "pairs", "adapters")
        short = LISTS | {"models": _models}
        lines = [line for name in names for line in (f"{name}:", *(f"  {item}" for item in short[name]()))]
        lines.append(f"more: tli-bench ls {'|'.join(KINDS)}")
    elif kind in LISTS:
        lines = LISTS[kind]()
    else:
        raise UnknownNameError("list", kind, KINDS)
    show(Console(), map(Text, lines))


def _models() -> list[str]:
    from tli_bench.models.catalog import ALIASES
    from tli_bench.models.packaged import fetched, framing, package_of

    known = {alias.name: alias.note for alias in ALIASES.values()}
    packages = {folder: package for folder in fetched() if (package := package_of(folder))}
    weights = Counter(package.model_sha256 for package in packages.values())
    for folder, package in packages.items():
        # Of the same weights only the tokenizers can differ.
        differs = framing(folder) if weights[package.model_sha256] > 1 else ""
        note = f"{package.upstream}, from {package.requirement}, licence {package.licence}"
        known[folder.name] = "; ".join(filter(None, [note, differs]))
    return _two_columns(known)


def _all_models() -> list[str]:
    """Aliases and fetched models, then what is known of models on the Hub."""
    from tli_bench.models.known import known_models

    hub = _two_columns({known.id: known.line() for known in known_models().values()})
    head = "on the Hub (weights only; `tli-bench plan MODEL` says what a task needs, and with which quantisation):"
    return [*_models(), "", head, *hub]


def _two_columns(known: dict[str, str]) -> list[str]:
    width = max(8, *map(len, known))
    return [f"{name:<{width}} {note}" for name, note in known.items()]


def _languages() -> list[str]:
    from tli_bench.languages.registry import registry

    known = sorted(registry(), key=lambda lang: not lang.lexicon)
    return [f"{lang.code:<10} {lang.name:<22} {lang.branch:<12} {', '.join(lang.called)}".rstrip() for lang in known]


def _pairs() -> list[str]:
    from tli_bench.languages import DEFAULT_PAIRS

    return list(DEFAULT_PAIRS)


def _tasks() -> list[str]:
    from tli_bench.plugin.tasklist import our_task_names

    return [f"{kind:<6} {name}" for name, kind in our_task_names().items()]


def _adapters() -> list[str]:
    from tli_bench.base.paths import data_dir

    return [str(path.parent) for path in sorted(data_dir("adapters").glob("*/adapter_config.json"))]


def _protocols() -> list[str]:
    from tli_bench.vectors.protocols import all_protocols

    return [f"{p.id:<21} {p.pooling:<13} {p.note}" for p in all_protocols().values()]


def _measures() -> list[str]:
    from tli_bench.measures.table import ALWAYS, measure_lines

    return [
        f"{m.name:<20} {m.label:<24} {m.better:<7} {m.range:<9} {m.definition} (needs {m.needs})"
        + ("" if m.computed == ALWAYS else f", computed {m.computed}")
        for m in measure_lines()
    ]


def _terms() -> list[str]:
    from tli_bench.base.terms import TERMS

    return [f"{term:<10} {definition}" for term, definition in TERMS.items()]


LISTS = {
    "models": _all_models,
    "languages": _languages,
    "pairs": _pairs,
    "tasks": _tasks,
    "adapters": _adapters,
    "protocols": _protocols,
    "measures": _measures,
    "terms": _terms,
}
