"""Parallel sentences: read with care, trained beside words or alone, and every word that they hold counted as seen."""

import json

import pytest
from typer.testing import CliRunner

from tli_bench.base.errors import InputError
from tli_bench.cli import app
from tli_bench.cli.verbs import register
from tli_bench.languages import resolve_pair
from tli_bench.lexicon import load_lexicon
from tli_bench.lexicon.pairs import Split
from tli_bench.lexicon.trained import trained_by
from tli_bench.lexicon.unseen import seen_control
from tli_bench.training import Recipe, train_adapter
from tli_bench.training.data import split_data
from tli_bench.training.words import TrainingWords

register(app)
# Written for these tests; "mbwa" is a trained word, "samaki" (fish) and "tembo" stand for unseen ones.
SENTENCES = "Mbwa wangu anakula samaki.\tMy dog eats fish.\nTembo anatembea polepole.\tThe elephant walks slowly.\n" * 3


@pytest.fixture
def sentences(tmp_path):
    path = tmp_path / "sentences.tsv"
    path.write_text(SENTENCES, encoding="utf-8")
    return path


@pytest.mark.parametrize(("alone", "parts"), [(False, 2), (True, 1)])
def test_sentences_stand_beside_the_words_or_alone(loaded, lexicon, sentences, alone, parts):
    words = TrainingWords.load(lexicon, "", parallel=sentences, alone=alone)
    train = split_data(words, Split.TRAIN, loaded.tokenizer, at_least=2)
    dev = split_data(words, Split.DEV, loaded.tokenizer, at_least=2)
    assert len(words.parts(Split.TRAIN)) == parts
    assert len(train) == 6 + (0 if alone else len(lexicon.of(Split.TRAIN)))
    assert [pair.concept for pair in dev.pairs] == [pair.concept for pair in lexicon.of(Split.DEV)]
    # The same sentence three times: no negative of itself.
    assert train.gold[-6:, -6:].int().tolist() == [[int((i - j) % 2 == 0) for j in range(6)] for i in range(6)]


def test_what_is_trained_changes_the_hash(lexicon, sentences):
    three = [
        TrainingWords.load(lexicon, "", **given).content_hash
        for given in ({}, {"parallel": sentences}, {"parallel": sentences, "alone": True})
    ]
    assert len(set(three)) == 3
    assert three[0] == lexicon.content_hash


def test_every_word_of_a_sentence_counts_as_seen(loaded, sentences, tmp_path):
    recipe = Recipe(batch_size=4, max_steps=1)
    core = load_lexicon("core", pair="swh-eng")
    words = TrainingWords.load(core, "", parallel=sentences, alone=True)
    train_adapter(loaded, "swh-eng", recipe, tmp_path / "mine", lexicon=words)
    card = json.loads((tmp_path / "mine" / "tli_card.json").read_text("utf-8"))
    seen = trained_by(card)
    swahili, english = resolve_pair("swh-eng")
    assert all(seen.saw(word, swahili) for word in ("samaki", "tembo", "mbwa"))
    assert all(seen.saw(word, english) for word in ("fish", "elephant"))
    assert not seen.saw("nyoka", swahili)
    assert card["trained_concepts"] == []
    assert card["parallel"]["sentences"] == 6
    assert "Parallel sentences | 6," in (tmp_path / "mine" / "README.md").read_text("utf-8")
    left_out = seen_control(core, seen)
    assert "fish" in left_out
    assert "snake" not in left_out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("one column only\n", "line 1 of .* has 1 column, 1 of them filled"),
        ("a\tb\nc\t\n", "line 2 of .* has 2 columns, 1 of them filled"),
        ("a\tb\tc\n", "line 1 of .* has 3 columns"),
        ("\n\n", "holds no sentences"),
    ],
)
def test_a_line_that_is_no_pair_is_refused_with_its_number(lexicon, tmp_path, text, message):
    path = tmp_path / "bad.tsv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        TrainingWords.load(lexicon, "", parallel=path)


def test_a_file_of_another_encoding_and_one_that_is_not_there_are_refused(lexicon, tmp_path):
    (tmp_path / "latin.tsv").write_bytes("göz\teye\n".encode("latin-1"))
    for name in ("latin.tsv", "missing.tsv"):
        with pytest.raises(InputError, match="cannot be read as UTF-8"):
            TrainingWords.load(lexicon, "", parallel=tmp_path / name)


def test_a_sentence_longer_than_the_model_reads_is_refused_before_the_first_step(loaded, lexicon, tmp_path):
    path = tmp_path / "long.tsv"
    path.write_text("maji " * 2000 + "\twater\nmti\ttree\n", encoding="utf-8")
    words = TrainingWords.load(lexicon, "", parallel=path)
    with pytest.raises(InputError, match=r"line 1 .*tokens.*positions"):
        train_adapter(loaded, "swh-eng", Recipe(batch_size=4, max_steps=1), tmp_path / "mine", lexicon=words)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--parallel-only"], "add --parallel FILE"),
        (["--parallel", "FILE", "--pair", "swh-eng,tur-eng"], "--pair names 2"),
    ],
)
def test_options_that_do_not_fit_are_refused(llama_folder, sentences, tmp_path, options, message):
    given = [str(sentences) if option == "FILE" else option for option in options]
    done = CliRunner().invoke(app, ["train", "-m", str(llama_folder), *given, "--output", str(tmp_path / "mine")])
    assert isinstance(done.exception, InputError)
    assert message in str(done.exception)
