"""Training sees words as scoring does: with what the recipe's protocol puts around them."""

import pytest

from tli_bench.base.errors import UnknownNameError
from tli_bench.config.run import RunConfig
from tli_bench.lexicon.pairs import Split
from tli_bench.training import Recipe, load_recipe, recipe_names
from tli_bench.training.data import split_data
from tli_bench.vectors.answer import inputs_of
from tli_bench.vectors.inputs import encode_words
from tli_bench.vectors.protocols import get_protocol


@pytest.mark.parametrize("name", [RunConfig().protocol, "words.v1", "carrier:next"])
def test_the_ids_of_training_are_those_of_scoring(loaded, lexicon, name):
    data = split_data(lexicon, Split.DEV, loaded.tokenizer, at_least=2, framed=name)
    for language, words, encoded in (
        (lexicon.source_language.code, [p.source for p in data.pairs], data.sources),
        (lexicon.target_language.code, [p.target for p in data.pairs], data.targets),
    ):
        scored = inputs_of([get_protocol(name)], language, causal=False)[name].framing
        assert encoded == encode_words(loaded.tokenizer, words, **scored._asdict())


def test_recipes_frame_words_as_the_default_protocol_but_for_the_published_one():
    assert {load_recipe(name).framing for name in recipe_names() if name != "tli-paper"} == {RunConfig().protocol}
    paper = get_protocol(load_recipe("tli-paper").framing)
    assert (paper.name, paper.lead, paper.templates) == ("tli-pilot", "", ())
    assert paper.pooling is load_recipe("tli-paper").pooling


def test_a_framing_that_does_not_exist_is_refused_with_a_suggestion():
    with pytest.raises(UnknownNameError, match="unknown protocol 'word'; did you mean 'words'"):
        Recipe(framing="word")
