"""The prompts that models read are those of the file that reviewers read."""

from tests.golden.prompts import PROMPTS, definitions, rendered
from tli_bench.downstream.registry import find_spec, own_names
from tli_bench.downstream.spec import AnswerSpec
from tli_bench.languages import DEFAULT_PAIRS
from tli_bench.languages.registry import registry


def test_the_committed_prompts_are_those_that_models_read():
    assert PROMPTS.read_text(encoding="utf-8") == rendered(), (
        "run `python -m tests.golden.prompts` and read what changed"
    )


def test_every_task_that_is_answered_is_in_it():
    kinds = [kind for kind in map(find_spec, own_names()) if issubclass(kind, AnswerSpec)]
    asked = {found.name for kind in kinds for found in kind.tasks()}
    text = PROMPTS.read_text(encoding="utf-8")
    shown = {line.split()[1].rstrip(":") for line in text.splitlines() if line.startswith("=====")}
    assert {"tli_tumlu_tat_Cyrl", "tli_sib200_tuk_Latn", "tli_afriqa_swh_Latn", "tli_mlqa_deu_Latn"} <= asked
    assert shown == asked


def test_every_language_with_prompts_is_in_it():
    named = " ".join(name for name, *_ in definitions())
    for language in registry():
        asked = {"xquad", "tydiqa"} & set(language.datasets), "xlsum" in language.datasets
        assert not asked[0] or language.code in named, language
        assert not asked[1] or f"tli_xlsum_{language.datasets['xlsum']}_en" in named, language
    assert all(f"tli_translate_{pair}" in named for pair in DEFAULT_PAIRS)
