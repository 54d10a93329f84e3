"""What the site makes of our pages and docstrings: links that leave docs/, examples, names without a word about them."""

import inspect

import pytest

import tli_bench
from tools.docs_examples import fenced
from tools.docs_site import rewritten

HOME = "https://example.org/tli-bench"


def test_a_link_that_leaves_docs_leads_to_the_repository_or_is_a_plain_name():
    text = "See [the card](../tli_bench/models/tiny/README.md#measured) and [verdicts](explanation/verdicts.md)."
    assert rewritten(text, "reading-a-report.md", HOME) == (
        f"See [the card]({HOME}/blob/main/tli_bench/models/tiny/README.md#measured) and [verdicts](explanation/verdicts.md)."
    )
    assert rewritten(text, "reading-a-report.md", "") == "See the card and [verdicts](explanation/verdicts.md)."
    assert rewritten("[x](../../CONTRIBUTING.md)", "tutorials/a.md", HOME) == f"[x]({HOME}/blob/main/CONTRIBUTING.md)"
    assert rewritten("[x](../downstream.md#y)", "explanation/a.md", HOME) == "[x](../downstream.md#y)"


def test_an_example_is_fenced_up_to_the_next_empty_line():
    assert fenced("Does it.\n\n>>> 1 + 1\n2\n\nRaises nothing.") == (
        "Does it.\n\n```pycon\n>>> 1 + 1\n2\n```\n\nRaises nothing."
    )
    assert fenced("No example: a >>> b.") == "No example: a >>> b."


@pytest.mark.parametrize("name", [name for name in tli_bench.__all__ if name != "__version__"])
def test_every_public_name_says_what_it_is(name):
    thing = getattr(tli_bench, name)
    assert thing.__doc__
    public = [value for key, value in vars(thing).items() if not key.startswith("_")] if inspect.isclass(thing) else []
    methods = [value for value in public if inspect.isfunction(value) or isinstance(value, property)]
    assert all(value.__doc__ for value in methods), [value for value in methods if not value.__doc__]
