"""The embedded model's text: who is translated, who never is, and that it is the same text every time."""

import random
from itertools import islice

import pytest

from tli_bench.lexicon import load_core
from tli_bench.lexicon.pairs import Split
from tools.tiny.__main__ import world_of
from tools.tiny.text import HUB, TEMPLATES, Recipe, _say, lines
from tools.tiny.tokenizer import BOS, train_tokenizer


@pytest.fixture(scope="module")
def world():
    return world_of(Recipe())


def test_evidence_is_a_part_of_the_train_split(world):
    splits = load_core().splits
    assert {splits[concept] for concept in world.evidence} == {Split.TRAIN}
    without = {concept for concept in world.words if concept not in world.evidence}
    assert len([c for c in without if splits[c] == Split.CONTROL]) >= 130
    assert len([c for c in without if splits[c] == Split.TRAIN]) >= 100  # an adapter has something to learn


def test_concepts_without_evidence_are_never_translated(world):
    hidden = {form for c, forms in world.words.items() if c not in world.evidence for form in forms.values()}
    seen = {form for c in world.evidence for form in world.words[c].values()}
    translations = [line.split(" = ") for line in lines(world, 4000) if " = " in line]
    assert len(translations) > 500
    assert {form for pair in translations for form in pair} & (hidden - seen) == set()


def test_concepts_without_evidence_are_never_switched(world):
    rng, partners = random.Random(0), [code for code in TEMPLATES if code != HUB]
    for code in TEMPLATES:
        for concept, forms in islice(world.words.items(), 300):
            spoken = {_say(world, rng, concept, code, partners) for _ in range(20)}
            own = forms.get(code) or forms[HUB]
            if concept not in world.evidence:
                assert spoken == {own}
    water = world.words[next(iter(sorted(world.evidence)))]
    assert len({_say(world, rng, sorted(world.evidence)[0], HUB, partners) for _ in range(200)}) > 3, water


def test_the_same_seed_gives_the_same_text_and_another_stream_other_text(world):
    assert list(lines(world, 200)) == list(lines(world_of(Recipe()), 200))
    assert list(lines(world, 200)) != list(lines(world, 200, stream="held-out"))


def test_the_tokenizer_prepends_bos_has_no_pad_and_sees_a_word_alone_as_in_a_line():
    tokenizer = train_tokenizer(["water and fire", "maji na moto"] * 50, vocabulary=400)
    assert tokenizer.pad_token is None
    ids = tokenizer("maji")["input_ids"]
    assert tokenizer.convert_ids_to_tokens(ids[0]) == BOS
    assert tokenizer("moto na maji")["input_ids"][-len(ids[1:]) :] == ids[1:]
