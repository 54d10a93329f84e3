"""Seconds of each optional measure at one layer: `python -m benchmarks.literature`.

Vectors are random, and as many words again are held out. The fastest of several rounds is shown, on one thread.
"""

import argparse
import time

import torch

from tli_bench.measures import LayerView, list_measures


def seconds(name: str, pairs: int, dims: int, rounds: int) -> float:
    """The fastest of `rounds` computations, each on a view that has computed nothing yet."""
    generator = torch.Generator().manual_seed(0)
    source = torch.randn(2 * pairs, dims, generator=generator)
    target = source + torch.randn(2 * pairs, dims, generator=generator)
    facts = {"fit": (source[pairs:], target[pairs:])}
    (measure,) = (m for m in list_measures() if m.name == name)
    spent = []
    for _ in range(rounds):
        view = LayerView(source[:pairs], target[:pairs], facts=facts)
        start = time.perf_counter()
        measure.value(view)
        spent.append(time.perf_counter() - start)
    return min(spent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, nargs="+", default=[166, 814])
    parser.add_argument("--dims", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    torch.set_num_threads(1)
    print(f"| measure | {' | '.join(f'{pairs} pairs' for pairs in args.pairs)} |")
    print("|---|" + "---:|" * len(args.pairs))
    for measure in list_measures():
        if measure.optional and measure.needs <= {"vectors", "fit"}:
            cells = (f"{seconds(measure.name, pairs, args.dims, args.rounds):.3f}" for pairs in args.pairs)
            print(f"| `{measure.name}` | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
