"""Files in the official layouts are read; a malformed twin gives an error naming file and field."""

import json

import pytest

from tli_bench.base.paths import data_dir
from tli_bench.downstream.errors import DataError
from tli_bench.downstream.readers import read_sentences, read_squad, read_xlsum
from tli_bench.downstream.sentences import sentences

XQUAD = data_dir("tasks") / "xquad" / "fixtures"


def test_the_fixtures_have_the_official_layouts():
    for iso in ("en", "tr", "es"):
        questions = read_squad(XQUAD / f"xquad.{iso}.json")
        assert len(questions) == 7
        for question in questions:
            for text, start in zip(question.answers, question.starts, strict=True):
                assert question.context[start:].startswith(text)
    swahili = read_squad(XQUAD / "tydiqa-goldp-v1.1-dev.json", id_prefix="swahili-")
    assert len(swahili) == 4


def marked(data, breaks):
    """The first context after a U+FEFF, as five of XQuAD's Turkish ones are; positions count it. LAReQA's bounds with it."""
    paragraph = first(data)
    paragraph["context"] = "\ufeff" + paragraph["context"]
    for item in paragraph["qas"]:
        for answer in item["answers"]:
            answer["answer_start"] += 1
    if breaks:
        paragraph["sentence_breaks"] = [[0, 11], [12, len(paragraph["context"])]]


@pytest.mark.parametrize("breaks", [False, True])
def test_a_byte_order_mark_before_a_context_is_removed_and_positions_move(tmp_path, breaks):
    plain = read_squad(XQUAD / "xquad.en.json")
    found = read_squad(broken(tmp_path, lambda data: marked(data, breaks)))
    assert [(q.context, q.starts) for q in found] == [(q.context, q.starts) for q in plain]
    assert found[0].breaks == (((0, 10), (11, len(plain[0].context))) if breaks else ())


def test_answers_are_left_as_the_file_has_them(tmp_path):
    """A nukta letter is another text in NFC, and the answer would no longer be what stands in the context."""

    def decomposed(data):
        first(data)["context"] = "क़लम " + first(data)["context"]
        for item in first(data)["qas"]:
            item["answers"] = [{"text": "क़लम", "answer_start": 0}]

    question = read_squad(broken(tmp_path, decomposed))[0]
    assert question.context.startswith(question.answers[0])


def broken(tmp_path, change):
    data = json.loads((XQUAD / "xquad.en.json").read_text(encoding="utf-8"))
    change(data)
    path = tmp_path / "xquad.en.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def first(data):
    return data["data"][0]["paragraphs"][0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.pop("data"), r"`data` must be a list, got nothing"),
        (
            lambda d: first(d).pop("context"),
            r"`data\[0\].paragraphs\[0\].context` must be a non-empty text, got nothing",
        ),
        (lambda d: first(d)["qas"][1].update(question=" "), r"`data\[0\].paragraphs\[0\].qas\[1\].question` must"),
        (lambda d: first(d)["qas"][0].update(answers=[]), r"qas\[0\].answers` is empty"),
        (
            lambda d: first(d)["qas"][0]["answers"][0].update(answer_start=9999),
            r"answers\[0\].answer_start` must be a position",
        ),
        (lambda d: first(d).update(qas=3), r"`data\[0\].paragraphs\[0\].qas` must be a list, got 3"),
        (
            lambda d: first(d).update(sentence_breaks=[[0, 5], [4, 9]]),
            r"paragraphs\[0\].sentence_breaks\[1\]` must be the begin and end of a sentence, in order, got \[4, 9\]",
        ),
        (lambda d: first(d).update(sentence_breaks=[[0, "5"]]), r"sentence_breaks\[0\]` must be .* got \[0, '5'\]"),
    ],
)
def test_malformed_squad_names_file_and_field(tmp_path, change, message):
    with pytest.raises(DataError, match=r"xquad.en.json: .*" + message):
        read_squad(broken(tmp_path, change))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"id": "1", "title": "t", "text": "x"}', "`line 1.summary` must be a non-empty text, got nothing"),
        ('{"id": "1"', "line 1 is not JSON"),
        ("[]", "`line 1.id` must be a non-empty text, got not an object but list"),
        ("", "no articles"),
    ],
)
def test_malformed_xlsum_names_file_and_field(tmp_path, text, message):
    path = tmp_path / "turkish_test.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=f"turkish_test.jsonl: {message}"):
        read_xlsum(path)


def test_malformed_sentences_name_file_and_line(tmp_path):
    path = tmp_path / "swh_Latn.devtest"
    path.write_text("moja\n\ntatu\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"swh_Latn.devtest: line 2 is empty"):
        read_sentences(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="not UTF-8 at byte 0"):
        read_sentences(path)
    with pytest.raises(DataError, match="check the folder given as data_dir"):
        read_sentences(tmp_path / "none.txt")


def test_sentences_cover_the_paragraph_and_respect_abbreviations():
    text = "Dr. Kaya geldi. Saat 3.5 idi! «Neden?» diye sordu. Son"
    cut = sentences(text)
    assert [s.text for s in cut] == ["Dr. Kaya geldi.", "Saat 3.5 idi!", "«Neden?» diye sordu.", "Son"]
    assert all(text[s.start : s.end].strip() == s.text for s in cut)
    assert len(sentences("كەلدى؟ ياق. كەتتى")) == 3


@pytest.mark.parametrize(
    "cut",
    [
        ["他来了。", "他走了！"],
        ["他说：“好。”", "然后他走了。"],
        ["他说：“好。”，然后走了。", "天黑了。"],
        ["「いい。」", "彼女は言った。"],
        ["手机很好。", "iPhone也好。"],
        ["真的吗？！", "真的。"],
    ],
)
def test_chinese_and_japanese_sentences_end_without_a_space(cut):
    assert [s.text for s in sentences("".join(cut))] == cut


def test_thai_is_cut_at_spaces_between_clauses_and_not_around_names_and_numbers():
    long = "แม่ไปตลาดตอนเช้าเพื่อซื้อปลาและผักมาทำอาหารเย็น"
    assert len(long) > 40
    assert [s.text for s in sentences(f"{long} เด็กๆ ไปโรงเรียน")] == [long, "เด็กๆ ไปโรงเรียน"]
    assert [s.text for s in sentences("แม่มา  พ่อไป")] == ["แม่มา", "พ่อไป"]
    for whole in ("นายสมชาย ใจดี", f"{long} 12 ตัว", f"{long} NFL มา"):
        assert [s.text for s in sentences(whole)] == [whole]
