"""Write the YAML definitions of the downstream tasks and their groups into `tasks/` (a test checks they are current)."""

import sys
from pathlib import Path

import yaml

from tli_bench.base.paths import data_dir
from tli_bench.downstream.embedded import EmbeddedSpec
from tli_bench.downstream.registry import find_spec, own_names
from tli_bench.downstream.spec import AnswerSpec, Definition
from tli_bench.downstream.tagged import TaggedSpec
from tli_bench.languages import LANGUAGES, Language, pivot

KINDS = {
    AnswerSpec: "tli_bench.plugin.downstream_tasks.AnswerTask",
    EmbeddedSpec: "tli_bench.plugin.downstream_tasks.EmbeddedTask",
    TaggedSpec: "tli_bench.plugin.tagged_task.TaggedTask",
}


def task(name: str, spec: str, **metadata: str) -> str:
    """Definition of one task."""
    [kind] = [path for base, path in KINDS.items() if issubclass(find_spec(spec), base)]
    lines = [f"task: {name}", f"class: !function {kind}", "metadata:", f"  spec: {spec}"]
    return "\n".join([*lines, *(f"  {key}: {value}" for key, value in metadata.items()), "  version: 1", ""])


def group(name: str, members: list[str]) -> str:
    """Definition of one group without an aggregate: its members measure different things."""
    return "\n".join([f"group: {name}", "task:", *(f"  - {m}" for m in members), "metadata:", "  version: 1", ""])


def declared() -> dict[str, list[Definition]]:
    """The tasks of every specification, by its name."""
    return {name: find_spec(name).tasks() for name in own_names()}


def definitions() -> dict[str, str]:
    """Path under `tasks/` and content of every generated file."""
    files = {
        f"{find_spec(spec).FOLDER or spec}/{found.name}.yaml": task(found.name, spec, **found.options)
        for spec, tasks in declared().items()
        for found in tasks
    }
    return files | {f"suites/{name}.yaml": group(name, members) for name, members in groups().items()}


def groups() -> dict[str, list[str]]:
    """Members of every group: those the specifications name, what has data offline, and the suites of languages."""
    found: dict[str, list[str]] = {}
    offline: dict[str, list[str]] = {}
    for spec, tasks in declared().items():
        for one in tasks:
            name = one.group or f"tli_{spec}"
            found.setdefault(name, []).append(one.name)
            if one.offline:
                offline.setdefault(name, []).append(one.name)
    for suite, languages in suites().items():
        codes = {language.code for language in languages}
        found[f"tli_downstream_{suite}"] = of_languages(codes, offline=True)
        found[f"tli_suite_{suite}"] = [
            f"tli_downstream_{suite}",
            *of_languages(codes, offline=False),
            *stock(languages),
        ]
        for language in languages if len(languages) > 1 else ():
            own = [name for offline in (True, False) for name in of_languages({language.code}, offline=offline)]
            found[f"tli_suite_{language.code}"] = [*own, *stock([language])]
    found["tli_downstream"] = [
        member for name, members in offline.items() for member in ([name] if members == found[name] else members)
    ]
    found["tli_all"] = ["tli_alignment", "tli_downstream"]
    found[f"tli_suite_{pivot().suite}"] = [f"tli_xquad_{pivot().code}", *stock([pivot()])]
    return found | {f"tli_suite_{name}": members for name, members in mixed_suites().items()}


def suites() -> dict[str, list[Language]]:
    """The lexicon's languages of each suite, without the pivot's own."""
    found: dict[str, list[Language]] = {}
    for language in LANGUAGES.values():
        if language.suite and not language.pivot:
            found.setdefault(language.suite, []).append(language)
    return found


def of_languages(codes: set[str], *, offline: bool) -> list[str]:
    """The tasks that a suite of these languages runs: those that say so in `Definition.suite`, with one of the languages."""
    every = [one for tasks in declared().values() for one in tasks]
    return [one.name for one in every if codes & set(one.suite) and one.offline == offline]


def stock(languages: list[Language]) -> list[str]:
    """Names of lm-eval's own tasks for these languages."""
    return [name for language in languages for name in language.stock_tasks]


def mixed_suites() -> dict[str, list[str]]:
    """Members of the suites that belong to no single language, from `tasks/suites.yaml`."""
    found: dict[str, list[str]] = yaml.safe_load((data_dir("tasks") / "suites.yaml").read_text(encoding="utf-8"))
    return found


def main() -> None:
    """Write every definition below the given folder (default: `tasks`)."""
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent / "tasks")
    for name, text in definitions().items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
