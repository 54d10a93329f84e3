"""Corrections for many tests: all layers of all units of a run that were tested under one protocol are one family."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tli_bench.records.schema import RunRecord
from tli_bench.stats import benjamini_hochberg, holm

ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Corrected:
    """One layer's test within the family of its run. quantity: what was tested against zero; p: uncorrected."""

    task: str
    protocol: str
    quantity: str
    layer: str
    difference: float
    p: float
    holm: float
    bh: float


def corrected(records: Sequence[RunRecord]) -> list[Corrected]:
    """The tests of several units, corrected within each protocol and quantity over all layers and units.

    A layer without a p-value is not part of the family: nothing was tested there.
    """
    families: dict[tuple[str, str], list[tuple[str, str, float, float]]] = {}
    for record in records:
        family = record.controls.family if record.controls else None
        for test in family.tests if family else ():
            if family is not None and test.p is not None:
                key = (record.signature.protocol, family.quantity)
                families.setdefault(key, []).append((record.task, test.layer, test.difference, test.p))
    found = []
    for (protocol, quantity), rows in families.items():
        p = [row[3] for row in rows]
        for (task, layer, difference, value), strict, mild in zip(rows, holm(p), benjamini_hochberg(p), strict=True):
            found.append(Corrected(task, protocol, quantity, layer, difference, value, float(strict), float(mild)))
    return found


def as_json(tests: Sequence[Corrected]) -> list[dict[str, Any]]:
    """The tests as plain data."""
    return [asdict(test) for test in tests]
