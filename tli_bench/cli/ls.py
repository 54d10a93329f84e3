"""`tli-bench ls`: what there is to choose from; answers without importing torch."""

from typing import Annotated

import typer

from tli_bench.base.errors import UnknownNameError

KINDS = ("models", "languages", "pairs", "tasks", "adapters", "protocols", "measures")


def ls(
    kind: Annotated[str, typer.Argument(help=f"One of: {', '.join(KINDS)}. Default: a short overview.")] = "overview",
) -> None:
    """List models, languages, pairs, tasks, adapters, protocols or measures."""
    if kind == "overview":
        for name in ("models", "pairs", "adapters"):
            typer.echo(f"{name}:")
            for line in _LISTS[name]():
                typer.echo(f"  {line}")
        typer.echo(f"more: tli-bench ls {'|'.join(KINDS)}")
        return
    if kind not in _LISTS:
        raise UnknownNameError("list", kind, KINDS)
    for line in _LISTS[kind]():
        typer.echo(line)


def _models() -> list[str]:
    from tli_bench.models.catalog import ALIASES
    from tli_bench.models.packaged import fetched, package_of

    known = {alias.name: alias.note for alias in ALIASES.values()}
    for folder in fetched():
        if package := package_of(folder):
            known[folder.name] = f"{package.upstream}, from {package.requirement}, licence {package.licence}"
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


_LISTS = {
    "models": _models,
    "languages": _languages,
    "pairs": _pairs,
    "tasks": _tasks,
    "adapters": _adapters,
    "protocols": _protocols,
    "measures": _measures,
}
