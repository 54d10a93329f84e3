"""Control words that a training saw are found by form, whatever list it was on; a few are left out, many are refused."""

from itertools import islice

import pytest

from tli_bench.base.errors import AdapterError
from tli_bench.languages import resolve_language
from tli_bench.lexicon import load_lexicon
from tli_bench.lexicon.pairs import Split
from tli_bench.lexicon.trained import NOTHING, UNKNOWN, Trained, trained_on
from tli_bench.lexicon.unseen import left_out_of_control, seen_control

CORE, TURKISH_ENGLISH = load_lexicon(pair="swh-eng"), load_lexicon(pair="tur-eng")
CONTROL = CORE.of(Split.CONTROL)
SWAHILI, ENGLISH = map(resolve_language, ("swh", "eng"))


def under_other_ids(pairs, tmp_path, name="mine.tsv"):
    """A list of somebody else's: the same strings, other ids, all for training."""
    path = tmp_path / name
    rows = [f"w{i}\t{p.source}\t{p.target.upper()}\ttrain" for i, p in enumerate(pairs)]
    path.write_text("\n".join(["concept\tswh_Latn\teng_Latn\tsplit", *rows]) + "\n", encoding="utf-8")
    return load_lexicon(path, pair="swh-eng")


def test_nothing_of_our_own_training_is_among_the_control_words_of_any_pair():
    for lexicon in (CORE, TURKISH_ENGLISH, load_lexicon(pair="tur-azj")):
        assert seen_control(lexicon, trained_on(CORE)) == ()
        assert left_out_of_control(lexicon, UNKNOWN, name="a") == ()


def test_control_words_under_the_ids_of_another_list_are_seen_and_refused(tmp_path):
    trained = trained_on(under_other_ids(CONTROL, tmp_path))
    assert set(seen_control(CORE, trained)) == {pair.concept for pair in CONTROL}
    with pytest.raises(
        AdapterError, match=rf"a was trained on {len(CONTROL)} of the {len(CONTROL)} control words of core"
    ):
        left_out_of_control(CORE, trained, name="a")


def test_english_trained_with_swahili_counts_when_turkish_english_is_scored(tmp_path):
    seen = seen_control(TURKISH_ENGLISH, trained_on(under_other_ids(CONTROL, tmp_path)))
    both = {pair.concept for pair in TURKISH_ENGLISH.of(Split.CONTROL)} & {pair.concept for pair in CONTROL}
    assert both <= set(seen)
    assert len(both) > 100


def test_up_to_a_tenth_of_control_is_left_out_and_one_more_is_refused(tmp_path):
    # Words that share no root family with others, so that each takes one concept with it.
    most = len(CONTROL) // 10
    takes_one = (p for p in CONTROL if len(seen_control(CORE, trained_on(under_other_ids([p], tmp_path)))) == 1)
    alone = list(islice(takes_one, most + 1))
    assert len(alone) == most + 1
    few = trained_on(under_other_ids(alone[:most], tmp_path))
    assert left_out_of_control(CORE, few, name="a") == tuple(p.concept for p in CONTROL if p in alone[:most])
    with pytest.raises(
        AdapterError, match=f"trained on {most + 1} of the .* up to 10% are left out of the score, more are"
    ):
        left_out_of_control(CORE, trained_on(under_other_ids(alone[: most + 1], tmp_path)), name="a")


@pytest.mark.parametrize("side", ["source", "target"])
def test_one_side_or_a_variant_is_enough(side):
    pair = next(p for p in CONTROL if len(p.sources) > 1 and len(p.targets) > 1)
    form, language = (pair.sources[-1], SWAHILI) if side == "source" else (pair.targets[-1], ENGLISH)
    assert pair.concept in seen_control(CORE, Trained.of([(language, form)]))
    assert pair.concept in seen_control(CORE, NOTHING.declaring(frozenset({form})))
