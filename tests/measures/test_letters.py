"""Letter groups against the same vectors written out in full and scored like a model's."""

import numpy as np
import pytest
import torch

from tests.evaluate.test_analysis import MANY
from tli_bench.base.errors import UnscorableError
from tli_bench.evaluate.controls import spelling
from tli_bench.lexicon.pairs import Split, WordPair
from tli_bench.measures import LayerView, centre
from tli_bench.measures.confounds import edit_baseline, letter_baseline
from tli_bench.measures.letters import letter_cosine, letter_groups

WORDS = ("su", "suluk", "kitabu", "kitap", "ülke", "maji", "mahali", "moto")
OTHERS = ("water", "leech", "book", "books", "land", "waters", "place", "fire")


def written_out(words: tuple[str, ...], groups: list[str]) -> torch.Tensor:
    return torch.tensor([[letter_groups(word)[group] for group in groups] for word in words], dtype=torch.float64)


def test_groups_by_hand() -> None:
    assert letter_groups("su") == dict.fromkeys(("<", "s", "u", ">", "<s", "su", "u>", "<su", "su>"), 1)
    assert letter_groups("ğ") == letter_groups("g\u0306")


def test_the_cosine_is_that_of_a_model_with_these_vectors() -> None:
    groups = sorted(set().union(*map(letter_groups, WORDS + OTHERS)))
    source, target = written_out(WORDS, groups), written_out(OTHERS, groups)
    view = LayerView(source[:5], target[:5], centre=centre(source[5:], target[5:]))
    expected, _ = view.ranked_in("directions")
    found = letter_cosine(WORDS[:5], OTHERS[:5], (WORDS[5:], OTHERS[5:]))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(
        letter_cosine(WORDS, OTHERS), LayerView(source, target).ranked_in("cosine")[0], atol=1e-6
    )


def test_an_empty_word_is_refused() -> None:
    with pytest.raises(UnscorableError, match="word 1 is empty"):
        letter_cosine(["a"], ["b", ""])


def pairs_of(sources: list[str], targets: list[str]) -> list[WordPair]:
    return [WordPair(f"c{i}", (s,), (t,), Split.CONTROL) for i, (s, t) in enumerate(zip(sources, targets, strict=True))]


def test_spelling_is_whichever_finds_more() -> None:
    """Parts that change places keep their letter groups and lose their edit similarity; single letters lost do the opposite."""
    rng = np.random.default_rng(0)
    roots = ["".join(rng.choice(list("abdeghiklmnoprstuvz"), 5)) for _ in range(2 * MANY)]
    turned = (
        [a + b for a, b in zip(roots[::2], roots[1::2], strict=True)],
        [b + a for a, b in zip(roots[::2], roots[1::2], strict=True)],
    )
    found, gold = spelling(pairs_of(*turned), np.eye(MANY, dtype=bool)), np.eye(MANY, dtype=bool)
    edit, letters = edit_baseline(*turned, gold), letter_baseline(*turned, gold)
    assert (found.by, found.p1_forward) == ("letter groups", letters.p1_forward)
    assert letters.p1_forward > edit.p1_forward + 0.2
    assert found.value == pytest.approx(np.mean(found.pseudo))
    coded = ([w.translate(str.maketrans("adgkmpsv", "behlnrtz")) for w in turned[0]], turned[0])
    assert spelling(pairs_of(*coded), gold).by == "edit similarity"


def test_a_tie_is_a_miss() -> None:
    assert letter_baseline(["ab", "cd"], ["xy", "zw"]).p1_forward == 0.0
