"""Memory and seconds of CPU to score a pool of 20,000 pairs, above its vectors; fails above the budget.

Usage: python -m benchmarks.pool [--pairs N] [--dims D] [--memory GIB]

Values and pseudo-values of the headline, its companion and the raw cosines, whose matrices would take 3.2 GB each. The accepted
translations (one byte for each pair of words) count as what is above the vectors.
"""

import argparse
import resource
import sys
import time

import torch

from tli_bench.measures import LayerView, centre, get_measure

MEASURES = ("p1_of_50", "auc_centred", "p1", "mrr", "cosine", "mismatched", "gap")


def held_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=20_000)
    parser.add_argument("--dims", type=int, default=256)
    parser.add_argument("--memory", type=float, default=1.0, help="GiB at most above the vectors")
    options = parser.parse_args()
    generator = torch.Generator().manual_seed(0)
    source = torch.randn(options.pairs, options.dims, generator=generator)
    target = source + torch.randn(options.pairs, options.dims, generator=generator)
    before, started = held_mib(), time.process_time()
    view = LayerView(source, target, centre=centre(source[:500], target[:500]))
    values = {name: get_measure(name).value(view) for name in MEASURES}
    for name in MEASURES:
        get_measure(name).pseudo_values(view)
    above = held_mib() - before
    print(
        f"{options.pairs:,} pairs of width {options.dims}: {time.process_time() - started:.0f} s of CPU, {above:.0f} MiB above the "
        "vectors; " + ", ".join(f"{name} {value:.4f}" for name, value in values.items())
    )
    return int(above > 1024 * options.memory)


if __name__ == "__main__":
    sys.exit(main())
