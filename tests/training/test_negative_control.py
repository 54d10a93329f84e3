"""Learning is claimed only for what shuffled pairs do not give too."""

import pytest

from tli_bench.languages import resolve_pair
from tli_bench.lexicon import Lexicon, load_lexicon
from tli_bench.lexicon.pairs import Split, WordPair
from tli_bench.measures.roles import HEADLINE
from tli_bench.models import LoadedModel
from tli_bench.training import Recipe, train_adapter
from tli_bench.training.data import split_data
from tli_bench.training.scoring import layer_curves


@pytest.fixture(scope="module")
def regular() -> Lexicon:
    """A language made from English by a rule (a fixed ending), so that unseen words can be learned from seen ones."""
    words = [word for word in load_lexicon("core", pair="swh-eng").target_words if word.isalpha()]
    splits = [Split.TRAIN] * 200 + [Split.DEV] * 30 + [Split.CONTROL] * 60
    distinct = dict.fromkeys(words)
    pairs = tuple(
        WordPair(word, (word + "imo",), (word,), split) for word, split in zip(distinct, splits, strict=False)
    )
    return Lexicon("regular", "test", *resolve_pair("swh-eng"), pairs)


def _closed(loaded: LoadedModel, lexicon: Lexicon, folder, attached, *, shuffle: bool) -> dict[str, float]:
    """The part of what control words lack of a perfect score that a training makes up for; negative where it loses."""
    recipe = Recipe(epochs=15, shuffle_pairs=shuffle, keep="last")
    result = train_adapter(loaded, "swh-eng", recipe, folder, lexicon=lexicon)
    control, train = (split_data(lexicon, s, loaded.tokenizer, at_least=2) for s in (Split.CONTROL, Split.TRAIN))
    before = layer_curves(loaded.model, control, train)["4"]
    with attached(loaded, result.output) as model:
        after = layer_curves(model, control, train)["4"]
    return {name: (after[name] - before[name]) / (1 - before[name]) for name in (HEADLINE, "p1")}


@pytest.mark.slow
def test_right_pairs_give_control_words_more_than_twice_what_shuffled_ones_give(loaded, regular, tmp_path, attached):
    real = _closed(loaded, regular, tmp_path / "real", attached, shuffle=False)
    mixed = _closed(loaded, regular, tmp_path / "mixed", attached, shuffle=True)
    assert min(real.values()) > 1 / 3
    assert all(real[name] > 2 * mixed[name] for name in real)
