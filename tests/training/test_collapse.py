"""Words that all point one way stop a training; a narrow cone in which words are still found does not."""

import pytest

from tli_bench.training import CollapsedError, load_recipe, train_adapter
from tli_bench.training.collapse import collapse

ONE_WAY = {"cosine": 0.9983, "mismatched": 0.9982, "p1_of_50": 0.021}


@pytest.mark.parametrize(
    "otherwise",
    [
        {"mismatched": 0.6, "cosine": 0.6},  # at chance, but not one direction
        {"p1_of_50": 0.3},  # a narrow cone in which words are found
        {"cosine": 0.9999, "mismatched": 0.985},  # translations are nearer
    ],
)
def test_each_sign_alone_is_no_collapse(otherwise):
    assert "all dev words point one way" in collapse(ONE_WAY)
    assert collapse(ONE_WAY | otherwise) == ""


def test_few_words_are_judged_by_their_own_headline():
    few = {"cosine": 0.9983, "mismatched": 0.9982, "p1_of_20": 0.05}
    assert "P@1 of 20 is 0.05" in collapse(few)
    assert collapse({"cosine": 0.9983, "mismatched": 0.9982}) == ""


def test_a_collapse_stops_the_training_and_says_what_to_do(loaded, make_lexicon, tmp_path):
    """The loss without negatives, at a high rate: nothing holds the words apart."""
    recipe = load_recipe("tli").with_options(
        loss="cosine",
        learning_rate=0.3,
        retention="none",
        epochs=40,
        eval_steps=5,
        warmup_steps=0,
        batch_size=32,
        keep="last",
    )
    with pytest.raises(
        CollapsedError,
        match=r"training collapsed by step \d+: all dev words point one way .*chance.*use --loss infonce",
    ) as error:
        train_adapter(loaded, "swh-eng", recipe, tmp_path / "a", lexicon=make_lexicon(train=96, dev=60))
    assert error.value.exit_code == 1
    assert not (tmp_path / "a").exists()
