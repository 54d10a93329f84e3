"""The examples in the docstrings of the public functions run as they stand."""

import doctest

import pytest

import tli_bench


@pytest.mark.parametrize("name", ["score", "train", "compare", "load_lexicon", "read_records", "word_vectors"])
def test_the_example_of_a_public_function_runs(name):
    function = getattr(tli_bench, name)
    (example,) = doctest.DocTestFinder(recurse=False).find(function, name, globs={})
    assert example.examples, f"{name} has no example"
    runner = doctest.DocTestRunner(verbose=False)
    said = []
    runner.run(example, out=said.append)
    assert runner.failures == 0, "".join(said)
