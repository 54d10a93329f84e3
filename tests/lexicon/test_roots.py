"""Words that share a root: what the endings of a language propose, and what follows for splits and for the doctor."""

import pytest

from tli_bench.languages import LANGUAGES
from tli_bench.lexicon import Entry, assign_splits, check, load_lexicon
from tli_bench.lexicon.leakage import find_leakage
from tli_bench.lexicon.normalise import match_key
from tli_bench.lexicon.pairs import Split
from tli_bench.lexicon.roots import own_roots, possible_roots

DERIVED = [
    ("tur_Latn", "diş", "noun", "dişlemek", "verb"),
    ("tur_Latn", "ölmek", "verb", "ölüm", "noun"),
    ("tur_Latn", "ölmek", "verb", "öldürmek", "verb"),
    ("tur_Latn", "göz", "noun", "gözlükçü", "noun"),
    ("tur_Latn", "nefes", "noun", "nefes almak", "verb"),
    ("azj_Latn", "açmaq", "verb", "açar", "noun"),
    ("uzn_Latn", "bosh", "noun", "boshlamoq", "verb"),
    ("kaz_Cyrl", "өлу", "verb", "өлім", "noun"),
    ("kaz_Cyrl", "оқу", "verb", "оқушы", "noun"),
    ("kir_Cyrl", "тиш", "noun", "тиштөө", "verb"),
    ("kir_Cyrl", "ачуу", "verb", "ачкыч", "noun"),
    ("tat_Cyrl", "үлү", "verb", "үлем", "noun"),
    ("bak_Cyrl", "асыу", "verb", "асҡыс", "noun"),
    ("tuk_Latn", "ölmek", "verb", "ölüm", "noun"),
    ("uig_Arab", "ئۆلمەك", "verb", "ئۆلۈم", "noun"),
    ("swh_Latn", "kusoma", "verb", "msomaji", "noun"),
    ("swh_Latn", "kusoma", "verb", "somo", "noun"),
    ("swh_Latn", "rafiki", "noun", "urafiki", "noun"),
    ("eng_Latn", "bake", "verb", "baker", "noun"),
]


def proposed(code: str, base: str, base_pos: str, word: str, pos: str) -> bool:
    language = LANGUAGES[code]
    own = own_roots(match_key(base, language), language, base_pos)
    return bool(own & possible_roots(match_key(word, language), language, pos))


@pytest.mark.parametrize("case", DERIVED, ids="-".join)
def test_a_derived_word_finds_its_root(case: tuple[str, str, str, str, str]) -> None:
    assert proposed(*case)


@pytest.mark.parametrize("case", [case for case in DERIVED if case[1] != "nefes"], ids="-".join)
def test_the_part_of_speech_need_not_be_known(case: tuple[str, str, str, str, str]) -> None:
    code, base, _, word, _ = case
    assert proposed(code, base, "", word, "")


@pytest.mark.parametrize(
    ("code", "base", "base_pos", "word", "pos"),
    [
        ("tur_Latn", "diş", "noun", "diğer", "adj"),  # no ending
        ("tur_Latn", "bal", "noun", "balina", "noun"),
        ("tur_Latn", "almak", "verb", "nefes almak", "verb"),  # a light verb
        ("tur_Latn", "kol", "noun", "kolum", "noun"),  # an ending of verbs
        ("swh_Latn", "kula", "verb", "leo", "adv"),  # a root of one letter says nothing
    ],
)
def test_what_only_begins_alike_is_not_proposed(code: str, base: str, base_pos: str, word: str, pos: str) -> None:
    assert not proposed(code, base, base_pos, word, pos)


def test_a_planted_leak_by_derivation_is_found(tmp_path) -> None:
    path = tmp_path / "words.tsv"
    path.write_text(
        "turkish\tenglish\tpos\tsplit\ndiş\ttooth\tnoun\ttrain\nölmek\tdie\tverb\tcontrol\n"
        "dişlemek\tbite\tverb\tcontrol\nölüm\tdeath\tnoun\ttrain\nsu\twater\tnoun\tdev\n",
        encoding="utf-8",
    )
    report = check(load_lexicon(path, pair="tur-eng"))
    near = {finding.forms for finding in report.findings if finding.kind == "near-leak"}
    assert near == {("dişlemek", "diş"), ("ölmek", "ölüm")}


def test_declared_relatives_stay_on_one_side_whatever_they_look_like() -> None:
    rows = [
        Entry("die", {"tur_Latn": ("ölmek",)}, "verb", related=("kill",)),
        *(Entry(f"word{i}", {"tur_Latn": (f"{'abcdefghij'[i]}k",)}, "noun", related=()) for i in range(10)),
        Entry("kill", {"tur_Latn": ("gebertmek",)}, "verb", related=("die",)),
    ]
    splits = assign_splits(rows)
    assert splits["die"] == splits["kill"]
    [finding] = find_leakage(rows, {**splits, "die": Split.TRAIN, "kill": Split.CONTROL})
    assert (finding.kind, finding.concepts) == ("shared-root", ("die", "kill"))
    [finding] = find_leakage(rows, {**splits, "die": Split.AUDIT, "kill": Split.CONTROL})
    assert finding.kind == "shared-root"
    assert find_leakage(rows, {**splits, "die": Split.TRAIN, "kill": Split.DEV}) == []


def test_where_somebody_looked_the_rule_does_not_propose() -> None:
    def rows(related: tuple[str, ...] | None) -> list[Entry]:
        return [
            Entry("snow", {"tur_Latn": ("kar",)}, "noun", related=related),
            Entry("sibling", {"tur_Latn": ("kardeş",)}, "noun", related=related),
        ]

    splits = {"snow": Split.TRAIN, "sibling": Split.CONTROL}
    assert [finding.kind for finding in find_leakage(rows(None), splits)] == ["near-leak"]
    assert find_leakage(rows(()), splits) == []
