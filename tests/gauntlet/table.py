"""The table of docs/explanation/gauntlet.md: every attack, what each rule said, and whether ours held."""

from tests.gauntlet import adapters, states, vectors  # noqa: F401  their attacks register on import
from tests.gauntlet.arena import Arena
from tests.gauntlet.ring import RING, Attack, Outcome

HEADER = ("attack", "what it does", "the raw gap said", "we say", "headline moves", "held")


def rows(arena: Arena, *, slow: bool) -> list[tuple[Attack, Outcome]]:
    """Every attack with what came of it; slow: those that train or score many models too."""
    return [(item, item.run(arena)) for item in RING.attacks if slow or not item.slow]


def markdown(found: list[tuple[Attack, Outcome]]) -> str:
    """The table, with its stated exceptions below it."""
    lines = [f"| {' | '.join(HEADER)} |", "|---|---|---|---|---:|---|"]
    notes = list(dict.fromkeys(outcome.note for _, outcome in found if outcome.note))
    for item, outcome in found:
        mark = f" [{notes.index(outcome.note) + 1}]" if outcome.note else ""
        moved = "–" if outcome.moved is None else f"{outcome.moved:.3f}"
        held = "yes" if outcome.passed else "**no**"
        lines.append(f"| {item.name} | {item.what} | {outcome.old} | {outcome.ours} | {moved}{mark} | {held} |")
    return "\n".join([*lines, "", *(f"[{i}] {note}" for i, note in enumerate(notes, start=1))])
