"""Time and memory of all measures over a whole model: `python -m benchmarks.measures`.

Vectors are random, drawn one layer at a time; only one layer's pairwise matrices exist at any moment.
"""

import argparse
import resource
import sys
import time

import torch

from tli_bench.measures import LayerView, centre, compute


def peak_mib() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=700)
    parser.add_argument("--layers", type=int, default=33)
    parser.add_argument("--dims", type=int, default=4096)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    generator = torch.Generator().manual_seed(0)
    before, spent, slowest, cpu, count = peak_mib(), 0.0, 0.0, 0.0, 0
    for _ in range(args.layers):
        source = torch.randn(args.pairs, args.dims, generator=generator)
        target = source + torch.randn(args.pairs, args.dims, generator=generator)
        held_out = centre(source[::10], target[::10])
        start, start_cpu = time.perf_counter(), time.process_time()
        measured = compute(LayerView(source, target, centre=held_out))
        seconds = time.perf_counter() - start
        cpu += time.process_time() - start_cpu
        spent, slowest, count = spent + seconds, max(slowest, seconds), len(measured.values)
        if measured.reasons:
            raise SystemExit(f"unscored: {measured.reasons}")
    # CPU seconds next to wall-clock seconds show whether the machine was busy with something else.
    print("| measures | pairs | layers | dims | threads | seconds | CPU s | slowest layer s | peak MiB | imports MiB |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    sizes = f"| {count} | {args.pairs} | {args.layers} | {args.dims} | {args.threads} "
    print(f"{sizes}| {spent:.2f} | {cpu:.2f} | {slowest:.3f} | {peak_mib():.0f} | {before:.0f} |")


if __name__ == "__main__":
    main()
