"""Write the YAML definitions of the downstream tasks and their groups into `tasks/` (a test checks they are current)."""

import sys
from pathlib import Path

from tli_bench.downstream.embedded import EmbeddedSpec
from tli_bench.downstream.parallel import parallel_sets
from tli_bench.downstream.registry import find_spec, own_names
from tli_bench.downstream.spec import Definition
from tli_bench.languages import DEFAULT_PAIRS, LANGUAGES

ROOM = "tli_bench.plugin.downstream_tasks"
XQUAD = {
    "eng_Latn": "en", "tur_Latn": "tr", "arb_Arab": "ar", "deu_Latn": "de", "ell_Grek": "el", "spa_Latn": "es",
    "hin_Deva": "hi", "ron_Latn": "ro", "rus_Cyrl": "ru", "tha_Thai": "th", "vie_Latn": "vi", "zho_Hans": "zh",
}  # fmt: skip
XLSUM = {
    "swahili": "swh_Latn",
    "turkish": "tur_Latn",
    "azerbaijani": "azj_Latn",
    "kyrgyz": "kir_Cyrl",
    "uzbek": "uzn_Latn",
}
# The languages with fixtures of the project: what `tli_all` runs offline.
OFFLINE = ("eng_Latn", "tur_Latn", "spa_Latn")
# Stock tasks of lm-eval 0.4.13 by suite; docs/downstream.md says where each gets its data.
SWAHILI = (
    "belebele_swh_Latn", "xcopa_sw", "xnli_sw", "xstorycloze_sw", "afrixnli_swa_prompt_1", "afrimmlu_direct_swa_prompt_1",
    "global_mmlu_sw",
)  # fmt: skip
TURKIC = (
    "belebele_tur_Latn", "belebele_azj_Latn", "belebele_kir_Cyrl", "belebele_uzn_Latn", "belebele_kaz_Cyrl", "xcopa_tr",
    "xnli_tr", "turblimp_core", "turkishmmlu", "multiblimp_tur", "multiblimp_kir", "multiblimp_uzb", "multiblimp_kaz",
    "include_base_44_turkish", "include_base_44_azerbaijani", "include_base_44_uzbek", "include_base_44_kazakh",
)  # fmt: skip
ENGLISH = ("belebele_eng_Latn", "xnli_en", "xstorycloze_en", "hellaswag", "arc_easy")


def task(name: str, spec: str, **metadata: str) -> str:
    """Definition of one task."""
    kind = "EmbeddedTask" if issubclass(find_spec(spec), EmbeddedSpec) else "AnswerTask"
    lines = [f"task: {name}", f"class: !function {ROOM}.{kind}", "metadata:", f"  spec: {spec}"]
    return "\n".join([*lines, *(f"  {key}: {value}" for key, value in metadata.items()), "  version: 1", ""])


def group(name: str, members: list[str]) -> str:
    """Definition of one group without an aggregate: its members measure different things."""
    return "\n".join([f"group: {name}", "task:", *(f"  - {m}" for m in members), "metadata:", "  version: 1", ""])


def question_answering() -> dict[str, str]:
    """XQuAD in every language, TyDiQA-GoldP in Swahili, and retrieval with Turkish and Spanish both ways."""
    files = {
        f"tli_xquad_{code}": task(f"tli_xquad_{code}", "xquad", language=code, iso2=iso2)
        for code, iso2 in XQUAD.items()
    }
    files["tli_tydiqa_swh_Latn"] = task("tli_tydiqa_swh_Latn", "tydiqa", language="swh_Latn", prefix="swahili-")
    for source, target in retrieval_pairs():
        for unit in ("sentence", "paragraph"):
            name = f"tli_xquad_r_{unit}_{source}-{target}"
            files[name] = task(
                name, "xquad_r", source=source, source_iso2=XQUAD[source], target=target,
                target_iso2=XQUAD[target], unit=unit,
            )  # fmt: skip
    return {f"xquad/{name}.yaml": text for name, text in files.items()}


def retrieval_pairs() -> list[tuple[str, str]]:
    """Every direction of English, Turkish and Spanish, and every other language with itself and English."""
    core = [(source, target) for source in OFFLINE for target in OFFLINE]
    rest = [code for code in XQUAD if code not in OFFLINE]
    return core + [pair for code in rest for pair in ((code, code), (code, "eng_Latn"), ("eng_Latn", code))]


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
            if not direction.startswith("eng_Latn"):
                name = f"tli_translate_own_{direction}"
                files[f"translate/{name}.yaml"] = task(name, "translate", pair=direction, prompts="own")
    return files


def hub_sets(pair: str) -> dict[str, str]:
    """Task of a pair by each set of parallel sentences that the Hub has it in, with the set's name."""
    source, target = pair.split("-")
    return {f"tli_bitext_{name}_{pair}": name for name, known in parallel_sets().items() if known.has(source, target)}


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
    summaries_ = {code: f"tli_xlsum_{name}" for name, code in XLSUM.items()}
    families = {
        family: {c for c, lang in LANGUAGES.items() if lang.family == family} for family in ("swahili", "turkic")
    }
    both = {pair: (pair, "-".join(reversed(pair.split("-")))) for pair in DEFAULT_PAIRS}
    own = {
        pair: [f"tli_translate_own_{direction}" for direction in both[pair] if not direction.startswith("eng_Latn")]
        for pair in DEFAULT_PAIRS
    }
    translate = {pair: [f"tli_translate_{direction}" for direction in both[pair]] for pair in DEFAULT_PAIRS}
    found = {
        "tli_xquad": [f"tli_xquad_{code}" for code in XQUAD],
        "tli_xquad_r": [f"tli_xquad_r_sentence_{s}-{t}" for s, t in retrieval_pairs()],
        "tli_xlsum": [name for base in summaries_.values() for name in (base, f"{base}_en")],
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
    for family, codes in families.items():
        pairs = [pair for pair in DEFAULT_PAIRS if codes & set(pair.split("-"))]
        found[f"tli_downstream_{family}"] = [
            *(["tli_tydiqa_swh_Latn"] if family == "swahili" else ["tli_xquad_tur_Latn", *TURKISH_RETRIEVAL]),
            *(summaries_[code] for code in summaries_ if code in codes),
            *(f"tli_bitext_{pair}" for pair in pairs),
            *(name for pair in pairs for name in (*translate[pair], *own[pair])),
        ]
    offline_r = [f"tli_xquad_r_{unit}_{s}-{t}" for unit in ("sentence", "paragraph") for s in OFFLINE for t in OFFLINE]
    found["tli_downstream"] = [
        *(f"tli_xquad_{code}" for code in OFFLINE), "tli_tydiqa_swh_Latn", *offline_r, "tli_xlsum", "tli_bitext", "tli_translate",
        "tli_translate_own",
    ]  # fmt: skip
    for spec, tasks in declared().items():
        found[f"tli_{spec}"] = [one.name for one in tasks]
        found["tli_downstream"] += [one.name for one in tasks if one.offline]
    found["tli_all"] = ["tli_alignment", "tli_downstream"]
    found["tli_suite_swahili"] = ["tli_downstream_swahili", *SWAHILI]
    found["tli_suite_turkic"] = ["tli_downstream_turkic", *TURKIC]
    found["tli_suite_english"] = ["tli_xquad_eng_Latn", *ENGLISH]
    found["tli_suite_xtremer"] = [
        "tli_xquad", "tli_xquad_r", "tli_tydiqa_swh_Latn", "tli_bitext_tatoeba", "xcopa_sw", "xcopa_tr",
        "xnli_sw", "xnli_tr", "tli_suite_english",
    ]  # fmt: skip
    return found


TURKISH_RETRIEVAL = tuple(
    f"tli_xquad_r_sentence_{s}-{t}"
    for s, t in (("tur_Latn", "tur_Latn"), ("tur_Latn", "eng_Latn"), ("eng_Latn", "tur_Latn"))
)


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
