"""Parts of a unit that are scored at once: by as many threads as torch may use, in order, and to the last bit as one after another."""

import threading

import pytest
import torch

from tests.evaluate.test_analysis import MANY, aligned_at, analyse
from tli_bench.evaluate.apart import apart


@pytest.fixture
def threads():
    """Sets how many threads torch may use; what it was comes back."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def test_an_analysis_by_several_threads_is_that_by_one_to_the_last_bit(threads):
    states = {"base": aligned_at(1, n=MANY), "adapted": aligned_at(3, n=MANY)}
    threads(1)
    alone = analyse(states, n=MANY)
    threads(3)
    assert repr(analyse(states, n=MANY)) == repr(alone)
    assert torch.get_num_threads() == 3


@pytest.mark.parametrize(
    ("allowed", "words", "at_work"), [(1, 900, 1), (3, 900, 3), (3, 2500, 1), (8, 900, 5)], ids=str
)
def test_there_are_as_many_threads_as_torch_may_use_and_memory_holds(threads, allowed, words, at_work):
    threads(allowed)
    together = threading.Barrier(at_work)

    def do(one):
        together.wait(timeout=10)  # broken unless so many arrive at once
        return one, torch.get_num_threads()

    found = apart(do, range(6 if at_work == 3 else 5), words=words)
    assert [one for one, _ in found] == list(range(len(found)))
    assert {count for _, count in found} == {allowed if at_work == 1 else 1}


def test_what_goes_wrong_in_one_is_raised(threads):
    threads(2)
    with pytest.raises(ZeroDivisionError):
        apart(lambda one: 1 / one, [1, 0, 2], words=10)
    assert torch.get_num_threads() == 2
