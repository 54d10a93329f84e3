"""Every attack, on one pair; `make gauntlet` runs them on all pairs, and on real checkpoints where there are some."""

import pytest

from tests.gauntlet.arena import Arena
from tests.gauntlet.ring import RING, Attack, Outcome
from tests.gauntlet.table import HEADER, markdown


@pytest.fixture(scope="module")
def arena() -> Arena:
    return Arena(thorough=False)


@pytest.mark.parametrize(
    "item", [pytest.param(a, id=a.name, marks=[pytest.mark.slow] if a.slow else []) for a in RING.attacks]
)
def test_the_verdict_stays_with_the_truth(item: Attack, arena: Arena) -> None:
    outcome = item.run(arena)
    assert outcome.passed, outcome


def test_the_table_states_exceptions_below_it() -> None:
    attack = Attack(
        "a shift", "Adds a vector.", lambda arena: Outcome("generalises", "no change", True, 0.0123, "Exception: x.")
    )
    table = markdown([(attack, attack.run(None))])
    assert table.splitlines()[0] == f"| {' | '.join(HEADER)} |"
    assert "| a shift | Adds a vector. | generalises | no change | 0.012 [1] | yes |" in table
    assert table.endswith("[1] Exception: x.")
