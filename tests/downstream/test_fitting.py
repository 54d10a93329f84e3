"""What is asked is always whole; examples go before the document, and the document ends with a sentence."""

from hypothesis import given
from hypothesis import strategies as st

from tli_bench.downstream.fitting import Fitted, fit

BODY = "The bakery opens at six. Nora bakes forty loaves. The last one is sold before noon."


def make(kept, body):
    return "example " * kept + f"[{body}] Who bakes?"


def fitted(room, *, examples=2, body=BODY, make=make):
    return fit(make, examples, body, lambda text: len(text) <= room)


def test_what_fits_is_left_alone():
    found = fitted(200)
    assert (found.text, found.dropped, found.cut) == (make(2, BODY), 0, False)


def test_examples_go_first_and_the_document_is_cut_at_the_end_of_a_sentence():
    assert fitted(len(make(1, BODY))) == Fitted(make(1, BODY), dropped=1)
    found = fitted(len(make(0, BODY)) - 1)
    assert found.text == "[The bakery opens at six. Nora bakes forty loaves.] Who bakes?"
    assert (found.dropped, found.cut) == (2, True)
    assert fitted(45).text == "[The bakery opens at six.] Who bakes?"


def test_a_sentence_that_is_too_long_is_cut_between_words_and_a_word_between_letters():
    assert fitted(30).text == "[The bakery opens] Who bakes?"
    assert fitted(20, body="x" * 50).text == "[xxxxxxx] Who bakes?"
    thai = "ที่นี่" * 9  # no vowel mark is left without its letter
    for room in range(14, 40):
        shown = fitted(room, body=thai).text
        kept = shown[1 : shown.index("]")]
        assert thai[len(kept) : len(kept) + 1] in ("ท", "น", "")


def test_a_question_that_is_too_long_by_itself_is_left_to_the_model_and_counted():
    found = fitted(5)
    assert (found.text, found.cut) == (make(0, BODY), True)
    nothing = fit(lambda kept, body: "Who?", 0, "", lambda text: False)
    assert (nothing.text, nothing.cut) == ("Who?", True)


@given(st.text(alphabet="ab. \n", max_size=80), st.integers(14, 120), st.integers(0, 3))
def test_the_prompt_fits_and_holds_a_beginning_of_the_document(body, room, examples):
    found = fitted(room, body=body, examples=examples)
    assert len(found.text) <= room
    assert found.text.endswith("] Who bakes?")
    kept = found.text[found.text.index("[") + 1 : -len("] Who bakes?")]
    assert body.startswith(kept)
    assert found.cut or kept == body
    assert found.cut == (len(make(0, body)) > room)
