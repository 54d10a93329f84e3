"""2,000 of the fuzzer's cases; `python -m benchmarks.reliability.fuzzing` runs 100,000."""

import pytest

from tests.fuzz.run import MOST_MEMORY, fuzz, memory_mib, spread
from tests.fuzz.target import Target
from tests.fuzz.targets import targets
from tli_bench.base.errors import InputError

ALL = targets()


@pytest.mark.parametrize("target", ALL, ids=lambda target: target.name)
def test_what_is_damaged_is_was_read_before(target, tmp_path):
    """Without it, a reader that refuses everything would pass."""
    if target.place is not None:
        target.place(tmp_path)
    path = tmp_path / target.name
    for seed in target.seeds:
        path.unlink(missing_ok=True)
        path.write_bytes(seed)
        errors = getattr(target.read(path), "errors", ())
        assert not errors


def test_2000_damaged_files_end_in_data_or_in_an_error_of_our_own(tmp_path):
    before = memory_mib()
    found = [fuzz(target, cases, tmp_path / "case", seed=2026) for target, cases in spread(ALL, 2000)]
    assert sum(outcome.cases for outcome in found) >= 2000
    assert not [failure for outcome in found for failure in outcome.failures]
    assert sum(outcome.read for outcome in found) > 200
    assert memory_mib() - before < MOST_MEMORY


@pytest.mark.parametrize(
    ("read", "said"),
    [
        (lambda path: int(path.read_text()), "ValueError: invalid literal"),
        (lambda path: [] * sum(range(2 * 10**7)), " s"),
        (lambda path: (_ for _ in ()).throw(InputError("x" * 100)), ""),
        (lambda path: (_ for _ in ()).throw(KeyError("a")), "KeyError"),
    ],
    ids=["foreign error", "slow", "own error", "lookup"],
)
def test_the_fuzzer_sees_what_it_is_to_see(tmp_path, read, said, monkeypatch):
    monkeypatch.setattr("tests.fuzz.run.SLOWEST", 0.2)
    outcome = fuzz(Target("words", "a.txt", (b"one",), read), 1, tmp_path / "case", seed=0)
    assert bool(outcome.failures) == bool(said)
    assert all(said in failure for failure in outcome.failures)
