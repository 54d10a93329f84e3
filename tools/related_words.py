"""Table of docs/explanation/verdicts.md: whether unseen words that have a trained relative gain more, from the committed records."""

from collections import defaultdict
from pathlib import Path
from statistics import fmean

from tli_bench.lexicon.core import installed_core
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.roles import HEADLINE
from tli_bench.records import read_record
from tli_bench.report.scopes import short_pair
from tli_bench.stats.pseudo import two_sample

RECORDS = Path(__file__).resolve().parent.parent / "leaderboards" / "records"
ADAPTERS = ("me5-swh-eng-tli", "tiny-swh-eng-tli")
TRAINED = "swh_Latn-eng_Latn"


def related_table() -> str:
    """Gain of control and audit words with and without a trained relative, on the trained pair and as means over all pairs."""
    related = installed_core().with_trained_relative
    lines = [
        "| adapter | pairs | with a trained relative | gain | others | gain | difference | all words |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for adapter in ADAPTERS:
        gains = _gains(adapter)
        for scope in (TRAINED, "all"):
            of = {
                concept: fmean(pairs.values()) if scope == "all" else pairs[scope]
                for concept, pairs in gains.items()
                if scope == "all" or scope in pairs
            }
            with_, without = ([gain for c, gain in of.items() if (c in related) is kin] for kin in (True, False))
            apart = two_sample(with_, without)
            cells = [
                f"`{adapter}`", scope if scope == "all" else short_pair(scope), len(with_), f"{fmean(with_):+.3f}", len(without),
                f"{fmean(without):+.3f}", f"{apart.value:+.3f} [{apart.low:+.3f}, {apart.high:+.3f}]", f"{fmean(of.values()):+.3f}",
            ]  # fmt: skip
            lines.append(f"| {' | '.join(map(str, cells))} |".replace("-0.", "−0."))
    return "\n".join(lines)


def _gains(adapter: str) -> dict[str, dict[str, float]]:
    """By concept, then pair: the change of the headline's pseudo-value at the layer that is reported."""
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for path in sorted(RECORDS.glob(f"*/*+{adapter}-[0-9a-f]*/tli_alignment_*/*.json.gz")):
        record = read_record(path)
        states = record.pseudo[Split.CONTROL]
        layer = record.best_layer["adapted"]
        both = (states[state][layer][HEADLINE] for state in ("base", "adapted"))
        for concept, before, after in zip(record.words[Split.CONTROL].concepts, *both, strict=True):
            if before is not None and after is not None:
                found[concept][record.pair] = after - before
    return found
