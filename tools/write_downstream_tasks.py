"""Write the YAML definitions of the downstream tasks and their groups into `tasks/` (a test checks they are current)."""

import sys
from pathlib import Path

import yaml

from tli_bench.base.paths import data_dir
from tli_bench.downstream.embedded import EmbeddedSpec
from tli_bench.downstream.parallel import parallel_sets
from tli_bench.downstream.registry import find_spec, own_names
from tli_bench.downstream.spec import Definition
from tli_bench.languages import DEFAULT_PAIRS, LANGUAGES, Language, pivot
from tli_bench.languages.registry import registry

ROOM = "tli_bench.plugin.downstream_tasks"
PIVOT = pivot().code


def named_in(dataset: str) -> dict[str, str]:
    """A data set's name of every language that it has, by code, in the order of languages."""
    return {language.code: language.datasets[dataset] for language in registry() if dataset in language.datasets}


XQUAD = named_in("xquad")
TYDIQA = named_in("tydiqa")
XLSUM = {name: code for code, name in named_in("xlsum").items()}
# The languages with fixtures of the project: what `tli_all` runs offline.
OFFLINE = [
    code for code, iso2 in XQUAD.items() if (data_dir("tasks") / "xquad" / "fixtures" / f"xquad.{iso2}.json").is_file()
]


def task(name: str, spec: str, **metadata: str) -> str:
    """Definition of one task."""
    kind = "EmbeddedTask" if issubclass(find_spec(spec), EmbeddedSpec) else "AnswerTask"
    lines = [f"task: {name}", f"class: !function {ROOM}.{kind}", "metadata:", f"  spec: {spec}"]
    return "\n".join([*lines, *(f"  {key}: {value}" for key, value in metadata.items()), "  version: 1", ""])


def group(name: str, members: list[str]) -> str:
    """Definition of one group without an aggregate: its members measure different things."""
    return "\n".join([f"group: {name}", "task:", *(f"  - {m}" for m in members), "metadata:", "  version: 1", ""])


def question_answering() -> dict[str, str]:
    """XQuAD and TyDiQA-GoldP in every language that we have prompts for, and retrieval on XQuAD."""
    files = {
        f"tli_xquad_{code}": task(f"tli_xquad_{code}", "xquad", language=code, iso2=iso2)
        for code, iso2 in XQUAD.items()
    }
    for code, prefix in TYDIQA.items():
        files[f"tli_tydiqa_{code}"] = task(f"tli_tydiqa_{code}", "tydiqa", language=code, prefix=prefix)
    for source, target in retrieval_pairs():
        for unit in ("sentence", "paragraph"):
            name = f"tli_xquad_r_{unit}_{source}-{target}"
            files[name] = task(
                name, "xquad_r", source=source, source_iso2=XQUAD[source], target=target,
                target_iso2=XQUAD[target], unit=unit,
            )  # fmt: skip
    return {f"xquad/{name}.yaml": text for name, text in files.items()}


def retrieval_pairs() -> list[tuple[str, str]]:
    """Every direction of the languages with fixtures, and every other language with itself and the pivot."""
    core = [(source, target) for source in OFFLINE for target in OFFLINE]
    rest = [code for code in XQUAD if code not in OFFLINE]
    return core + [pair for code in rest for pair in ((code, code), (code, PIVOT), (PIVOT, code))]


def summaries() -> dict[str, str]:
    """XL-Sum with the instruction in the language itself and in English."""
    files = {}
    for name, code in XLSUM.items():
        for kind, suffix in (("own", ""), ("english", "_en")):
            full = f"tli_xlsum_{name}{suffix}"
            files[f"xlsum/{full}.yaml"] = task(full, "xlsum", language=code, xlsum=name, instruction=kind)
    return files


def by_pair() -> dict[str, str]:
    """Sentence retrieval for the default pairs, and word translation in both directions of them."""
    files = {}
    for pair in DEFAULT_PAIRS:
        source, target = pair.split("-")
        files[f"bitext/tli_bitext_{pair}.yaml"] = task(f"tli_bitext_{pair}", "bitext", source=source, target=target)
        for name, hub in hub_sets(pair).items():
            files[f"bitext/{name}.yaml"] = task(name, "bitext", source=source, target=target, hub=hub)
        for direction in (pair, f"{target}-{source}"):
            name = f"tli_translate_{direction}"
            files[f"translate/{name}.yaml"] = task(name, "translate", pair=direction)
            if not direction.startswith(PIVOT):
                name = f"tli_translate_own_{direction}"
                files[f"translate/{name}.yaml"] = task(name, "translate", pair=direction, prompts="own")
    return files


def hub_sets(pair: str) -> dict[str, str]:
    """Task of a pair by each set of parallel sentences that the Hub has it in, with the set's name."""
    source, target = pair.split("-")
    return {f"tli_bitext_{name}_{pair}": name for name, known in parallel_sets().items() if known.has(source, target)}


def suites() -> dict[str, list[Language]]:
    """The lexicon's languages of each suite, without the pivot's own."""
    found: dict[str, list[Language]] = {}
    for language in LANGUAGES.values():
        if language.suite and not language.pivot:
            found.setdefault(language.suite, []).append(language)
    return found


def declared() -> dict[str, list[Definition]]:
    """The tasks that specifications define themselves, by the name of the specification."""
    found = {name: find_spec(name).tasks() for name in own_names()}
    return {name: tasks for name, tasks in found.items() if tasks}


def declared_files() -> dict[str, str]:
    """Path and content of the definition of each task that a specification defines itself."""
    return {
        f"{spec}/{found.name}.yaml": task(found.name, spec, **found.options)
        for spec, tasks in declared().items()
        for found in tasks
    }


def groups() -> dict[str, list[str]]:
    """Members of every group."""
    both = {pair: (pair, "-".join(reversed(pair.split("-")))) for pair in DEFAULT_PAIRS}
    translate = {pair: [f"tli_translate_{direction}" for direction in both[pair]] for pair in DEFAULT_PAIRS}
    own = {
        pair: [f"tli_translate_own_{direction}" for direction in both[pair] if not direction.startswith(PIVOT)]
        for pair in DEFAULT_PAIRS
    }
    found = {
        "tli_xquad": [f"tli_xquad_{code}" for code in XQUAD],
        "tli_xquad_r": [f"tli_xquad_r_sentence_{s}-{t}" for s, t in retrieval_pairs()],
        "tli_xlsum": [f"tli_xlsum_{name}{suffix}" for name in XLSUM for suffix in ("", "_en")],
        "tli_bitext": [f"tli_bitext_{pair}" for pair in DEFAULT_PAIRS],
        **{
            f"tli_bitext_{name}": [
                task_ for pair in DEFAULT_PAIRS for task_, set_ in hub_sets(pair).items() if set_ == name
            ]
            for name in parallel_sets()
        },
        "tli_translate": [name for names in translate.values() for name in names],
        "tli_translate_own": [name for names in own.values() for name in names],
    }
    for suite, languages in suites().items():
        codes = {language.code for language in languages}
        pairs = [pair for pair in DEFAULT_PAIRS if codes & set(pair.split("-"))]
        found[f"tli_downstream_{suite}"] = [
            *(f"tli_tydiqa_{code}" for code in TYDIQA if code in codes),
            *(name for code in XQUAD if code in codes for name in (f"tli_xquad_{code}", *retrieval_of(code))),
            *(f"tli_xlsum_{name}" for name, code in XLSUM.items() if code in codes),
            *(f"tli_bitext_{pair}" for pair in pairs),
            *(name for pair in pairs for name in (*translate[pair], *own[pair])),
        ]
        stock = [name for language in languages for name in language.stock_tasks]
        found[f"tli_suite_{suite}"] = [f"tli_downstream_{suite}", *stock]
    offline_r = [f"tli_xquad_r_{unit}_{s}-{t}" for unit in ("sentence", "paragraph") for s in OFFLINE for t in OFFLINE]
    found["tli_downstream"] = [
        *(f"tli_xquad_{code}" for code in OFFLINE), *(f"tli_tydiqa_{code}" for code in TYDIQA), *offline_r, "tli_xlsum",
        "tli_bitext", "tli_translate", "tli_translate_own",
    ]  # fmt: skip
    for spec, tasks in declared().items():
        found[f"tli_{spec}"] = [one.name for one in tasks]
        found["tli_downstream"] += [one.name for one in tasks if one.offline]
    found["tli_all"] = ["tli_alignment", "tli_downstream"]
    found[f"tli_suite_{pivot().suite}"] = [f"tli_xquad_{PIVOT}", *pivot().stock_tasks]
    return found | {f"tli_suite_{name}": members for name, members in mixed_suites().items()}


def retrieval_of(code: str) -> list[str]:
    """Sentence retrieval on XQuAD within a language and with the pivot, both ways."""
    return [f"tli_xquad_r_sentence_{s}-{t}" for s, t in ((code, code), (code, PIVOT), (PIVOT, code))]


def mixed_suites() -> dict[str, list[str]]:
    """Members of the suites that belong to no single language, from `tasks/suites.yaml`."""
    found: dict[str, list[str]] = yaml.safe_load((data_dir("tasks") / "suites.yaml").read_text(encoding="utf-8"))
    return found


def definitions() -> dict[str, str]:
    """Path under `tasks/` and content of every generated file."""
    files = question_answering() | summaries() | by_pair() | declared_files()
    return files | {f"suites/{name}.yaml": group(name, members) for name, members in groups().items()}


def main() -> None:
    """Write every definition below the given folder (default: `tasks`)."""
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent / "tasks")
    for name, text in definitions().items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
