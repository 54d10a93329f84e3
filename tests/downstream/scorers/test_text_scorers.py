"""QA and ROUGE scorers: hand-calculated values, the official English scorer's behaviour, and all eleven languages."""

import re
import string
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from tli_bench.base.errors import UnscorableError
from tli_bench.downstream.errors import DataError
from tli_bench.downstream.scorers.checks import LanguageGuesser, check_output, script_of
from tli_bench.downstream.scorers.qa import normalise, score_answer, squad_score
from tli_bench.downstream.scorers.rouge import rouge, signature
from tli_bench.downstream.scorers.stems import stem
from tli_bench.downstream.scorers.words import lower, words

# One sentence a language, ours: "The old man bought three books in the city."
SENTENCES = {
    "eng_Latn": "The old man bought three books in the city.",
    "swh_Latn": "Mzee alinunua vitabu vitatu mjini; ng'ombe wake alibaki.",
    "tur_Latn": "YAŞLI ADAM ŞEHİRDE ÜÇ KİTAP ALDI, ILIK ÇAY İÇTİ.",
    "azj_Latn": "Qoca kişi şəhərdə üç kitab aldı.",
    "uzn_Latn": "Keksa odam shahardan uchta kitob oldi, o‘g‘li bog‘da qoldi.",
    "kaz_Cyrl": "Қарт адам қалада үш кітап сатып алды.",
    "kir_Cyrl": "Карыган киши шаарда үч китеп сатып алды.",
    "tat_Cyrl": "Карт кеше шәһәрдә өч китап сатып алды.",
    "bak_Cyrl": "Ҡарт кеше ҡалала өс китап һатып алды.",
    "tuk_Latn": "Garry adam şäherde üç kitap satyn aldy.",
    "uig_Arab": "قېرى ئادەم شەھەردە ئۈچ كىتاب سېتىۋالدى.",
}


@pytest.mark.parametrize(("language", "text"), SENTENCES.items())
def test_a_text_against_itself_scores_one(language, text):
    assert score_answer(text, [text], language) == (1.0, 1.0)
    assert rouge(text, text, language) == (1.0, 1.0, 1.0)
    assert len(words(text, language)) == len(text.split())


@pytest.mark.parametrize(("language", "text"), SENTENCES.items())
def test_another_text_does_not(language, text):
    other = next(t for code, t in SENTENCES.items() if code != language and t != text)
    assert max(rouge(other, text, language)) < 0.5
    assert score_answer(other, [text], language).exact == 0


def test_turkish_casing_is_the_languages_own():
    assert lower("IŞIK İZMİR", "tur_Latn") == "ışık izmir"
    assert lower("IŞIK İZMİR", "eng_Latn") == "işik izmir"
    assert len(lower("İ", "swh_Latn")) == 1
    assert score_answer("ISPARTA", ["Isparta"], "tur_Latn").exact == 1
    assert score_answer("isparta", ["Isparta"], "tur_Latn").exact == 0


def test_uzbek_apostrophes_are_one_letter():
    for mark in "'\u2018\u2019\u02bb\u02bc":
        assert words(f"o{mark}zbek tog{mark} bog{mark}", "uzn_Latn") == ["o'zbek", "tog'", "bog'"]


def test_articles_go_in_english_only():
    assert normalise("The  U.S. «an» apple!", "eng_Latn") == "us « » apple"
    assert normalise("an", "tur_Latn") == "an"  # Turkish for "moment"


def official_normalise(text):
    """The published SQuAD v1.1 evaluation script (Rajpurkar et al. 2016), line by line."""
    text = "".join(ch for ch in text.lower() if ch not in set(string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


@given(st.text(alphabet=string.ascii_letters + " .,'-%é–", max_size=30))
def test_english_equals_the_official_normaliser(text):
    assert normalise(text, "eng_Latn") == official_normalise(text)


def official_score(said, golds):
    """Exact match and F1 of the same script: the best over the gold answers, F1 0 where no token is shared."""
    exact, f1 = 0.0, 0.0
    for gold in golds:
        a, b = official_normalise(said).split(), official_normalise(gold).split()
        exact = max(exact, float(a == b))
        same = sum((Counter(a) & Counter(b)).values())
        if same:
            precision, recall = same / len(a), same / len(b)
            f1 = max(f1, 2 * precision * recall / (precision + recall))
    return exact, f1


ANSWERS = st.text(alphabet="aAnthe İıIi.,%-–“”üğ的球ไ้ा", max_size=12)


@given(ANSWERS, st.lists(ANSWERS, min_size=1, max_size=3))
def test_the_published_scale_is_the_official_script_in_every_language(said, golds):
    assert squad_score(said, golds) == pytest.approx(official_score(said, golds))


@pytest.mark.parametrize(
    ("language", "said", "gold", "ours", "published"),
    [
        ("tur_Latn", "İZMİR", "İzmir", 1, 0),  # English lower case makes two code points of İ, and one of i
        ("tur_Latn", "ISPARTA", "Isparta", 1, 1),
        ("tur_Latn", "ısparta", "Isparta", 1, 0),  # English lower case makes i of I
        ("tur_Latn", "a takımı", "takımı", 0, 1),  # an English article goes, in any language
        ("zho_Hans", "三千人", "三千", 0, 0),
        ("deu_Latn", "„Bach“", "Bach", 1, 0),  # punctuation outside ASCII stays
    ],
)  # fmt: skip
def test_where_the_two_scales_part(language, said, gold, ours, published):
    assert (score_answer(said, [gold], language).exact, squad_score(said, [gold]).exact) == (ours, published)


def test_f1_of_unspaced_text_is_over_letters_in_ours_and_all_or_nothing_in_the_published():
    assert score_answer("三千人", ["三千"], "zho_Hans").f1 == pytest.approx(0.8)
    assert squad_score("三千人", ["三千"]) == (0, 0)


def test_f1_by_hand_over_all_golds():
    # said 3 tokens, gold 2, both common: P 2/3, R 1, F1 0.8; the second gold shares one of one: P 1/3, R 1, F1 0.5.
    score = score_answer("in Green Bay", ["Green Bay", "Bay"], "eng_Latn")
    assert score.f1 == pytest.approx(0.8)
    assert score.exact == 0
    assert score_answer("Bay", ["Green Bay", "Bay"], "eng_Latn") == (1.0, 1.0)
    assert score_answer("", ["Bay"], "eng_Latn") == (0.0, 0.0)
    assert score_answer("308", ["%308"], "tur_Latn").exact == 1


def test_no_gold_is_refused():
    with pytest.raises(UnscorableError, match="without gold answers"):
        score_answer("x", [], "eng_Latn")
    with pytest.raises(UnscorableError, match="without gold answers"):
        squad_score("x", [])


def test_rouge_by_hand():
    # Kyrgyz, 4 words against 3. Common unigrams 2 (бала, китеп): 2*2/7. No bigram in common. LCS 2.
    said, gold = "бала жаңы китеп алды", "бала китеп окуду"
    assert rouge(said, gold, "kir_Cyrl") == pytest.approx((4 / 7, 0.0, 4 / 7))


def test_turkish_rouge_is_over_stems_by_hand():
    """Stems said: çocuk yen kitap okul okud; gold: çocuk yen kitap okud. Bigrams 4 and 3, two of them common."""
    said, gold = "Çocuklar yeni kitabı okulda okudu", "Çocuk yeni kitaplar okudu"
    assert rouge(said, gold, "tur_Latn") == pytest.approx((8 / 9, 4 / 7, 8 / 9))
    assert rouge(said, gold, "azj_Latn") == pytest.approx((4 / 9, 0.0, 4 / 9))  # no stemmer: yeni, okudu


def test_stems_are_those_of_xlsums_scorer():
    """Longer than three letters by TurkishStemmer; a name loses what its apostrophe parts off; other languages nothing."""
    golden = {
        "kitaplar": "kitap",
        "kitabı": "kitap",
        "evlerimizden": "ev",
        "ağacı": "ağaç",
        "ilk": "ilk",
        "2020": "2020",
    }
    assert {word: stem(word, "tur_Latn") for word in golden} == golden
    assert stem("istanbul'da", "tur_Latn") == "istanbul"
    assert stem("kitaplar", "uzn_Latn") == "kitaplar"
    assert "stem:TurkishStemmer-1.3|" in signature("tur_Latn")
    assert "stem:none|" in signature("kir_Cyrl")


def test_a_stemmer_that_is_not_installed_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr("tli_bench.downstream.scorers.stems.find_spec", lambda name: None)
    with pytest.raises(
        DataError, match=r"package TurkishStemmer finds; it is not installed: pip install 'tli-bench\[stems\]'"
    ):
        signature("tur_Latn")
    assert "stem:none|" in signature("kir_Cyrl")


@given(st.lists(st.sampled_from("abcde"), min_size=2, max_size=12), st.lists(st.sampled_from("abcde"), max_size=12))
def test_rouge_equals_the_reference_implementation_on_ascii(gold, said):
    ours = rouge(" ".join(said), " ".join(gold), "eng_Latn")
    theirs = RougeScorer(["rouge1", "rouge2", "rougeL"]).score(" ".join(gold), " ".join(said))
    assert ours == pytest.approx([theirs[k].fmeasure for k in ("rouge1", "rouge2", "rougeL")])


def test_a_reference_without_words_is_refused():
    with pytest.raises(UnscorableError, match="holds no words"):
        rouge("x", " ... ", "eng_Latn")


def test_unspaced_scripts_are_split():
    assert words("北京大学 2020", "zho_Hans") == ["北", "京", "大", "学", "2020"]
    assert len(words("ภาษาไทย", "tha_Thai")) == 7


def test_scripts_are_seen_not_assumed():
    assert script_of("Тошкент шаҳри") == "Cyrl"
    assert script_of("Toshkent shahri") == "Latn"
    assert script_of(SENTENCES["uig_Arab"]) == "Arab"
    assert script_of("123 !") is None


def test_the_four_bad_outputs_are_told_apart():
    source = " ".join(f"söz{i}" for i in range(40))
    good = check_output("kısa ve yeni bir özet", language="tur_Latn", source=source, reference="başka bir kısa özet")
    assert good == (False, False, False, 1.25)
    assert check_output(" \n", language="tur_Latn").empty
    assert check_output(" ".join(source.split()[:20]), language="tur_Latn", source=source).copied
    assert check_output("Она пришла домой", language="tur_Latn").wrong_script
    # Uzbek in Cyrillic is right where the reference is Cyrillic.
    assert not check_output("Тошкентда ёмғир", language="uzn_Latn", reference="Тошкентда қор").wrong_script


def test_the_guesser_tells_held_out_sentences_apart():
    guesser = LanguageGuesser(
        {code: [text] for code, text in SENTENCES.items() if code in ("eng_Latn", "kir_Cyrl", "swh_Latn")}
    )
    assert guesser.guess("the man in the city read") == "eng_Latn"
    assert guesser.guess("киши китеп сатып алган") == "kir_Cyrl"
    assert guesser.guess("ja") is None
    with pytest.raises(UnscorableError, match="among 1"):
        LanguageGuesser({"eng_Latn": ["a b c"]})
