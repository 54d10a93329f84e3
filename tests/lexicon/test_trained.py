"""What a training saw is kept as hashes of forms and of root families, by language; cards of before named concepts."""

import hashlib
import hmac
import json

import pytest

from tli_bench.languages import resolve_language
from tli_bench.lexicon import load_lexicon
from tli_bench.lexicon.chance import alike_by_chance
from tli_bench.lexicon.core import installed_core
from tli_bench.lexicon.pairs import Split
from tli_bench.lexicon.trained import NOTHING, SCHEME, UNKNOWN, Trained, hashed, trained_by, trained_on

SWAHILI, ENGLISH, TURKISH = map(resolve_language, ("swh", "eng", "tur"))


def test_a_hash_is_hmac_sha256_under_the_public_key_cut_to_64_bits():
    whole = hmac.new(b"tli-bench trained forms v1", b"eng_Latn\twater", hashlib.sha256).hexdigest()
    assert hashed("eng_Latn", "water") == whole[:16] == "ea07a59c62f99681"


@pytest.mark.parametrize(
    ("language", "trained", "scored", "seen"),
    [
        (ENGLISH, "water", "Water", True),
        (ENGLISH, "to go", "go", True),
        (ENGLISH, "books", "book", True),
        (ENGLISH, "book", "books", True),
        (ENGLISH, "water", "fire", False),
        (SWAHILI, "kusoma", "-soma", True),
        (SWAHILI, "soma", "kusoma", True),
        (TURKISH, "balık", "balıkçı", True),
        (TURKISH, "balıkçı", "balık", True),
        (ENGLISH, "flowers", "flowery", True),
        # Two words with one beginning are not derived from each other; diacritics make other letters.
        (ENGLISH, "painter", "painful", False),
        (TURKISH, "on", "ön", False),
        (TURKISH, "IRMAK", "ırmak", True),
    ],
)
def test_a_form_is_seen_by_itself_its_stem_or_its_base(language, trained, scored, seen):
    assert Trained.of([(language, trained)]).saw(scored, language) is seen


def test_a_form_counts_in_its_own_language_and_a_declared_word_in_every():
    assert not Trained.of([(TURKISH, "on")]).saw("on", ENGLISH)
    declared = NOTHING.declaring(frozenset({"ON"}))
    assert declared.read_as(TURKISH, ENGLISH).saw("on", ENGLISH)
    assert declared.read_as(TURKISH, ENGLISH).saw("on", TURKISH)


def test_what_is_known_adds_up_and_a_declaration_makes_it_known():
    one, other = Trained.of([(ENGLISH, "water")]), Trained.of([(ENGLISH, "fire")])
    both = one | other
    assert both.saw("water", ENGLISH)
    assert both.saw("fire", ENGLISH)
    assert both.known
    assert not (both | UNKNOWN).known
    assert (both | UNKNOWN).declaring(frozenset({"star"})).known
    assert len({repr(it) for it in (NOTHING, UNKNOWN, one, other, both)}) == 5
    assert len(repr(both)) < 100


def test_a_card_gives_back_what_was_trained_variants_included():
    lexicon = load_lexicon(pair="swh-eng")
    trained = trained_on(lexicon)
    card = json.loads(json.dumps({"trained_forms": trained.as_card()}))
    assert trained_by(card) == trained
    for pair in lexicon.of(Split.TRAIN):
        assert all(trained.saw(form, SWAHILI) for form in pair.sources)
        assert all(trained.saw(form, ENGLISH) for form in pair.targets)


def test_no_control_word_of_the_core_is_seen_by_its_training_in_any_language():
    """The splits keep root families on one side, so the check costs our own training no word."""
    core = installed_core()
    seen = [e for e in core.entries if core.splits[e.concept] is Split.TRAIN]
    trained = Trained.of((language, key) for e in seen for language, key in e.keys)
    control = [e for e in core.entries if core.splits[e.concept] is Split.CONTROL]
    assert len(control) > 100
    assert not [e.concept for e in control for language, key in e.keys if trained.saw(key, language)]


def test_words_that_begin_alike_by_chance_are_not_seen_and_the_same_from_another_list_are():
    choose = Trained.of([(SWAHILI, "kuchagua")])
    assert "kuchagua" in alike_by_chance("kucha", SWAHILI)
    assert not choose.saw("kucha", SWAHILI)
    assert not Trained.of([(SWAHILI, "kucha")]).saw("kuchagua", SWAHILI)
    assert choose.saw("chagua", SWAHILI)
    # A word that the core does not have may well be made from it.
    assert Trained.of([(SWAHILI, "kuchazz")]).saw("kucha", SWAHILI)
    # `bağırsak` intestine begins with the stem of `bağırmak` shout.
    assert not Trained.of([(TURKISH, "bağırsak")]).saw("bağırmak", TURKISH)


OLD = {
    "lexicon": {"name": "core", "version": "0.1.0"},
    "pair": "swh_Latn-eng_Latn",
    "trained_concepts": ["water", "fire"],
}


def test_the_concepts_of_a_card_from_before_are_looked_up_in_the_core():
    trained = trained_by(OLD)
    assert trained.known
    assert all(
        trained.saw(word, language) for word, language in (("maji", SWAHILI), ("water", ENGLISH), ("moto", SWAHILI))
    )
    assert not trained.saw("su", TURKISH)
    assert not trained.saw("star", ENGLISH)


@pytest.mark.parametrize(
    "card",
    [
        None,
        {},
        OLD | {"lexicon": {"name": "mine", "version": "1"}},
        OLD | {"lexicon": {"name": "core", "version": ""}},  # somebody's core.tsv
        OLD | {"lexicon": "core"},
        OLD | {"trained_concepts": ["water", "no such concept"]},
        OLD | {"trained_concepts": "water"},
        OLD | {"trained_concepts": []},
        OLD | {"pair": "nowhere"},
        OLD | {"trained_forms": {}},
        OLD | {"trained_forms": NOTHING.as_card() | {"scheme": "another"}},
        OLD | {"trained_forms": NOTHING.as_card() | {"forms": "abc"}},
        OLD | {"trained_forms": NOTHING.as_card() | {"stems": [1]}},
        OLD | {"trained_forms": NOTHING.as_card() | {"complete": "yes"}},
    ],
)
def test_a_card_that_does_not_say_what_was_trained_leaves_it_unknown(card):
    assert not trained_by(card).known


def test_the_scheme_is_part_of_a_card():
    assert NOTHING.as_card() == {"scheme": SCHEME, "complete": True, "forms": [], "stems": [], "bases": []}
