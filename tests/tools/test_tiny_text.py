"""The embedded model's text: who is translated, who never is, and that it is the same text every time."""

from dataclasses import replace

import pytest

from tli_bench.lexicon.core import installed_core
from tli_bench.lexicon.pairs import Split
from tools.tiny.__main__ import world_of
from tools.tiny.text import HUB, TEMPLATES, Recipe, company, lines, told
from tools.tiny.tokenizer import BOS, train_tokenizer


@pytest.fixture(scope="module")
def world():
    return world_of(Recipe())


def test_evidence_is_a_part_of_the_train_split(world):
    splits = installed_core().splits
    assert {splits[concept] for concept in world.evidence} == {Split.TRAIN}
    without = {concept for concept in world.words if concept not in world.evidence}
    assert len([c for c in without if splits[c] == Split.CONTROL]) >= 130
    assert len([c for c in without if splits[c] == Split.TRAIN]) >= 100  # an adapter has something to learn


def test_concepts_without_evidence_are_told_in_their_own_language_alone(world):
    translations = 0
    for line in told(world, 20_000):
        for concept, code in line.said:
            assert world.words[concept][code] in line.text
            assert concept in world.evidence or code == line.language, line
        translations += not line.language
    assert translations > 2000


def test_concepts_with_evidence_are_translated_and_switched(world):
    said = [line for line in told(world, 20_000) if any(c in world.evidence for c, _ in line.said)]
    assert any(not line.language for line in said)
    assert {code for line in said if line.language == HUB for _, code in line.said} == set(TEMPLATES)
    assert {code for line in said if line.language == "swh_Latn" for _, code in line.said} == {"swh_Latn", HUB}


def test_a_concept_without_a_word_in_a_language_is_not_told_in_it(world):
    gaps = {(c, code) for c, forms in world.words.items() for code in TEMPLATES if code not in forms}
    assert gaps
    assert not gaps & {said for line in told(world, 50_000) for said in line.said}


def test_company_counts_the_lines_of_concepts_without_evidence(world):
    found = company(world, count=5000)
    own = [line for line in told(world, 5000, stream="company") if {c for c, _ in line.said} - world.evidence]
    assert found.lines == 5000
    assert found.with_unseen == len(own)
    assert found.mixed == sum(len({code for _, code in line.said} | {line.language}) > 1 for line in own)
    assert found.translated == 0
    nobody = company(replace(world, recipe=replace(world.recipe, switch=0.0)), count=2000)
    assert nobody.mixed == 0 < nobody.with_unseen


def test_the_same_seed_gives_the_same_text_and_another_stream_other_text(world):
    assert list(lines(world, 200)) == list(lines(world_of(Recipe()), 200))
    assert list(lines(world, 200)) != list(lines(world, 200, stream="held-out"))


def test_the_tokenizer_prepends_bos_has_no_pad_and_sees_a_word_alone_as_in_a_line():
    tokenizer = train_tokenizer(["water and fire", "maji na moto"] * 50, vocabulary=400)
    assert tokenizer.pad_token is None
    ids = tokenizer("maji")["input_ids"]
    assert tokenizer.convert_ids_to_tokens(ids[0]) == BOS
    assert tokenizer("moto na maji")["input_ids"][-len(ids[1:]) :] == ids[1:]
