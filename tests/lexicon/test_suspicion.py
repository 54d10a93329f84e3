"""A list that is clearly not in its languages is refused with the evidence and the option that mends it; others pass."""

from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest

from tli_bench.base.errors import LexiconError
from tli_bench.languages import resolve_language
from tli_bench.lexicon import load_lexicon
from tli_bench.lexicon.core import installed_core
from tli_bench.lexicon.entries import Entry
from tli_bench.lexicon.known import known_languages
from tli_bench.lexicon.readers.base import RawPair
from tli_bench.lexicon.similarity import similarity
from tli_bench.lexicon.suspicion import require_plausible

CODES = [language.code for language in known_languages()]
PAIRS = list(permutations(CODES, 2))


def written(tmp_path: Path, *rows: str, name: str = "words.tsv") -> Path:
    path = tmp_path / name
    path.write_text("".join(row.replace(" / ", "\t") + "\n" for row in rows), encoding="utf-8")
    return path


def concepts(*codes: str) -> list[Entry]:
    return [entry for entry in installed_core().entries if all(entry.forms.get(code) for code in codes)]


def rows_of(source: str, target: str, entries: list[Entry]) -> list[RawPair]:
    return [RawPair(entry.forms[source], entry.forms[target], "words.tsv") for entry in entries]


def judge(rows: list[RawPair], source: str, target: str) -> None:
    require_plausible(rows, resolve_language(source), resolve_language(target), name="words.tsv")


REFUSED = {
    "wrong script": (
        "kaz-eng",
        ["su / water", "ot / fire", "ay / moon", "köl / lake"],
        r"source side, which should be Kazakh \(kaz_Cyrl\), is not in the script Cyrl: 4 of 4 words are in the script Latn "
        r"\('su', 'ot', 'ay'\); .*--columns .*--pairs with kaz_Latn",
    ),
    "romanised Uyghur": (
        "uig-eng",
        ["su / water", "ot / fire", "ay / moon", "köl / lake"],
        r"Uyghur \(uig_Arab\), is not in the script Arab: 4 of 4 words are in the script Latn .*uig_Latn",
    ),
    "a part in another script": (
        "kaz-eng",
        [*(f"{word} / x{i}" for i, word in enumerate(["су", "от", "ай", "көл", "тау", "жел"])), "qar / snow", "muz / ice", "jer / earth"],
        r"3 of 9 words are in the script Latn \('qar', 'muz', 'jer'\)",
    ),
    "IPA": (
        "tur-eng",
        ["taʃ / stone", "su / water", "aɣatʃ / tree", "jɯl / year"],
        r"Turkish \(tur_Latn\), is a phonetic transcription \('taʃ', 'aɣatʃ', 'jɯl'; 3 of 4 words have IPA signs\)",
    ),
    "IPA above Cyrillic": (
        "bak-eng",
        ["hɯw / water", "taʃ / stone", "bøtæ / all"],
        r"Bashkir \(bak_Cyrl\), is a phonetic transcription",
    ),
    "ASJP": (
        "tur-eng",
        ["taS / stone", "su / water", "aGaC / tree", "y3ld3z / star", "ben / I", "sen / you"],
        r"is written in codes such as ASJP's \('taS', 'aGaC', 'y3ld3z'; 3 of 6 words\); name the column .* --columns",
    ),
    "English in the Bashkir column": (
        "bak-eng",
        ["water / water", "fire / fire", "moon / moon", "sun / sun"],
        r"Bashkir \(bak_Cyrl\), is not in the script Cyrl: 4 of 4 words are in the script Latn and are English words "
        r"\('water', 'fire', 'moon'\)",
    ),
    "English in the Swahili column": (
        "swh-tur",
        ["water / su", "fire / ateş", "moon / ay", "sun / güneş", "dog / köpek"],
        r"Swahili \(swh_Latn\), is in English: 'water', 'fire', 'moon' \(5 of 5 words are English to the core lexicon, "
        r"0 are Swahili\); .*--columns.*--pairs",
    ),
    "a short list": ("swh-tur", ["water / su", "fire / ateş", "moon / ay"], r"Swahili \(swh_Latn\), is in English"),
    "few codes": ("tur-eng", ["su / water", "taS / stone", "y3l / year", "gün / day", "ay / moon"], r"codes such as ASJP's \('taS', 'y3l'"),
    "one column twice": (
        "swh-eng",
        ["water / water", "fire / fire", "moon / moon", "sun / sun", "dog / dog"],
        r"Swahili \(swh_Latn\), is in English",
    ),
    "swapped": (
        "swh-eng",
        ["water / maji", "fire / moto", "moon / mwezi"],
        r"the two sides are swapped: eng_Latn words stand where swh_Latn belongs "
        r"\('water' = 'maji', 'fire' = 'moto', 'moon' = 'mwezi'\); give --swap",
    ),
    "swapped, and the core has one language alone": (
        "kin_Latn-eng",
        ["water / amazi", "fire / umuriro", "moon / ukwezi", "sun / izuba"],
        r"the two sides are swapped: eng_Latn words stand where kin_Latn belongs \('water' = 'amazi'.*--swap",
    ),
    "swapped, and a relative of English": (
        "deu-eng",
        ["water / Wasser", "fire / Feuer", "moon / Mond", "hand / Hand", "sun / Sonne"],
        r"the two sides are swapped: eng_Latn words stand where deu_Latn belongs",
    ),
    "swapped across scripts": (
        "kaz-eng",
        ["water / су", "heaven / көк", "zymurgy / ашыту"],
        r"two sides are swapped: eng_Latn words .*--swap",
    ),
    "without its letters": (
        "tur-eng",
        ["agac / tree", "gunes / sun", "dis / tooth", "yildiz / star", "gokyuzu / sky", "su / water"],
        r"Turkish \(tur_Latn\), is written without the letters of Turkish: 'agac', 'gunes', 'dis'",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("pair", "rows", "message"), REFUSED.values(), ids=REFUSED)
def test_a_list_that_is_clearly_not_in_its_languages_is_refused(
    pair: str, rows: list[str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(LexiconError, match=message):
        load_lexicon(written(tmp_path, *rows), pair=pair)


@pytest.mark.parametrize("code", ["tur_Latn", "kaz_Cyrl"])
def test_words_in_capitals_are_warned_of_and_a_few_of_them_are_not(code: str, caplog: pytest.LogCaptureFixture) -> None:
    """As the heads of an old dictionary are set: a model reads other tokens than those of the word."""
    rows = rows_of(code, "eng_Latn", concepts(code, "eng_Latn")[:40])
    loud = [replace(row, sources=tuple(form.upper() for form in row.sources)) for row in rows]
    judge([*loud[:4], *rows[4:]], code, "eng_Latn")
    judge(loud[:3], code, "eng_Latn")
    assert not caplog.messages
    judge(loud, code, "eng_Latn")
    (said,) = caplog.messages
    assert said.startswith(f"words.tsv: 40 of 40 words of {resolve_language(code).name} are in capitals ('")
    assert said.endswith("), which models read otherwise than words of a text: write them as a text would")


def test_the_option_in_the_message_mends_it(tmp_path: Path) -> None:
    swapped = written(tmp_path, "water / maji", "fire / moto", "moon / mwezi")
    assert load_lexicon(swapped, pair="swh-eng", swap=True).source_words == ("maji", "moto", "mwezi")
    labelled = written(tmp_path, "swahili / english", "water / maji", "fire / moto", "moon / mwezi")
    with pytest.raises(LexiconError, match="--swap"):
        load_lexicon(labelled, pair="swh-eng")
    assert load_lexicon(labelled, pair="swh-eng", swap=True).source_words == ("maji", "moto", "mwezi")
    wide = written(tmp_path, "taʃ / taş / stone", "aɣatʃ / ağaç / tree", "jɯl / yıl / year")
    with pytest.raises(LexiconError, match="--columns"):
        load_lexicon(wide, pair="tur-eng")
    assert load_lexicon(wide, pair="tur-eng", columns=["2", "3"]).source_words == ("taş", "ağaç", "yıl")
    latin = written(tmp_path, "su / water", "ot / fire", "ay / moon", "köl / lake")
    assert len(load_lexicon(latin, pair="kaz_Latn-eng").pairs) == 4


def test_a_control_list_is_judged_as_well(tmp_path: Path) -> None:
    words = written(tmp_path, "maji / water", "moto / fire", "mwezi / moon", name="words.tsv")
    held = written(tmp_path, "dog / mbwa", "house / nyumba", "sun / jua", name="held.tsv")
    with pytest.raises(LexiconError, match=r"held\.tsv: the two sides are swapped"):
        load_lexicon(words, pair="swh-eng", control=held)


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_the_core_passes_in_every_pair_and_is_refused_when_it_is_swapped(source: str, target: str) -> None:
    entries = concepts(source, target)
    for chosen in (entries[::4], entries[:8], entries[-8:]):
        rows = rows_of(source, target, chosen)
        judge(rows, source, target)
        with pytest.raises(LexiconError, match="swapped"):
            judge([row.exchanged() for row in rows], source, target)


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_loans_and_cognates_alone_pass(source: str, target: str) -> None:
    entries = [
        entry
        for entry in concepts(source, target)
        if similarity(entry.forms[source][0], entry.forms[target][0], at_least=0.75)
    ]
    judge(rows_of(source, target, entries), source, target)


@pytest.mark.parametrize("code", [code for code in CODES if code != "eng_Latn"])
def test_every_language_of_the_core_is_told_from_every_other(code: str) -> None:
    for other in CODES:
        if other in (code, "eng_Latn"):
            continue
        rows = rows_of(other, "eng_Latn", concepts(other, "eng_Latn")[:40])
        with pytest.raises(LexiconError, match=rf"\({code}\)"):
            judge(rows, code, "eng_Latn")


@pytest.mark.parametrize(
    ("pair", "rows"),
    [
        # Rare words that the core does not have; a word of each may be another language's by chance.
        ("swh-eng", ["ushairi / poetics", "usanifu / morphology", "mofimu / morpheme", "kirai / phrase", "radi / thunderclap"]),
        # A creole shares most of its words with English, a Turkic language that the core lacks many with Turkish.
        ("pcm_Latn-eng", ["water / water", "pikin / child", "house / house", "chop / eat", "sabi / know", "go / go", "dog / dog"]),
        ("crh_Latn-tur", ["su / su", "taş / taş", "ay / ay", "qar / kar", "buz / buz", "dağ / dağ", "yol / yol", "el / el"]),
        ("gag_Latn-tur", ["su / su", "taş / taş", "ay / ay", "kaar / kar", "buz / buz", "daa / dağ", "yol / yol", "el / el"]),
        ("deu-eng", ["Gift / poison", "Rat / advice", "Hand / hand", "Arm / arm", "Wind / wind", "See / lake", "Wand / wall"]),
        ("kin_Latn-eng", ["amazi / water", "umuriro / fire", "ukwezi / moon", "izuba / sun"]),
        # Title case, capitals, abbreviations and homograph numbers are not codes.
        ("swh-eng", ["TV / TV", "UKIMWI / AIDS", "Afrika / Africa", "kaa1 / crab", "kaa2 / ember"]),
        # African orthographies use letters that are signs of the IPA elsewhere.
        ("ewe_Latn-eng", ["ɖevi / child", "ƒe / year", "ŋkɔ / name", "agbalẽ / book", "xɔ / house"]),
    ],
    ids=["rare", "creole", "crimean tatar", "gagauz", "false friends", "kinyarwanda", "capitals", "ewe"],
)  # fmt: skip
def test_sound_lists_pass(pair: str, rows: list[str], tmp_path: Path) -> None:
    assert len(load_lexicon(written(tmp_path, *rows), pair=pair).pairs) >= len(rows) - 1


RUSSIAN = (
    "голова head, рука hand, нога leg, глаз eye, ухо ear, рот mouth, нос nose, зуб tooth, язык tongue, сердце heart, кровь blood, "
    "кость bone, кожа skin, волос hair, мужчина man, женщина woman, ребёнок child, отец father, мать mother, брат brother, сестра sister, "
    "дом house, дверь door, окно window, стол table, хлеб bread, вода water, огонь fire, земля earth"
)
ITALIAN = (
    "testa head, mano hand, gamba leg, occhio eye, orecchio ear, bocca mouth, naso nose, dente tooth, lingua tongue, cuore heart, "
    "sangue blood, osso bone, pelle skin, capelli hair, uomo man, donna woman, bambino child, padre father, madre mother, "
    "fratello brother, sorella sister, casa house, porta door, finestra window, tavolo table, pane bread, acqua water, fuoco fire, "
    "terra earth"
)


@pytest.mark.parametrize(
    ("code", "words"), [("kir_Cyrl", RUSSIAN), ("bak_Cyrl", RUSSIAN), ("swh_Latn", ITALIAN), ("azj_Latn", ITALIAN)]
)
def test_a_language_that_the_core_lacks_is_told_by_translations_that_it_knows(code: str, words: str) -> None:
    rows = [RawPair((one,), (other,), "") for one, other in (row.split() for row in words.split(", "))]
    with pytest.raises(
        LexiconError, match=rf"\({code}\), does not look like .*: of \d+ words .* [0-2] are like its own"
    ):
        judge(rows, code, "eng_Latn")
    with pytest.raises(LexiconError, match=rf"the target side, which should be .*\({code}\), does not look like"):
        judge([row.exchanged() for row in rows], "eng_Latn", code)
    judge(rows[:15], code, "eng_Latn")  # too few to be sure


@pytest.mark.parametrize("code", ["swh_Latn", "tur_Latn", "uig_Arab"])
def test_a_shuffled_list_and_another_spelling_pass(code: str) -> None:
    entries = concepts(code, "eng_Latn")[:200]
    shuffled = zip(entries, entries[7:], strict=False)
    judge([RawPair(a.forms[code][:1], b.forms["eng_Latn"][:1], "") for a, b in shuffled], code, "eng_Latn")
    respelt = [RawPair((f"{e.forms[code][0]}{e.forms[code][0][-1]}",), e.forms["eng_Latn"][:1], "") for e in entries]
    judge(respelt, code, "eng_Latn")


def test_letters_tell_a_long_list_of_unknown_words_apart() -> None:
    strange = [RawPair((f"ћу{'абвгд'[i % 5]}ђ",), (f"w{i}",), "") for i in range(40)]
    with pytest.raises(
        LexiconError, match=r"Kazakh \(kaz_Cyrl\), has letters that Kazakh does not: 'ћђ' in .*40 of 40 words"
    ):
        judge(strange, "kaz_Cyrl", "eng_Latn")
    syllables = ["ба", "во", "ге", "ду", "жи", "зо", "ка", "ле", "ми", "но"]
    russian = [RawPair((a + b + c,), ("w",), "") for a in syllables for b in syllables for c in ("вщик", "лся")]
    with pytest.raises(LexiconError, match=r"Bashkir \(bak_Cyrl\), lacks the letters of Bashkir"):
        judge(russian, "bak_Cyrl", "eng_Latn")
    judge(russian[:30], "bak_Cyrl", "eng_Latn")  # too few to be sure: they may all be loans
