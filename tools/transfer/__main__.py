"""`python -m tools.transfer`: train on each pair, over seeds, with twins on shuffled pairs, and score all pairs with each.

Every training is a point of its own under --out; the same command goes on where it stopped. --jobs trains several at once, each
with one thread and a copy of the model, which a GPU or many cores can use. --pack writes what the points say into one small file,
next to the trained pairs that it holds already.
"""

import argparse
import json
import multiprocessing
import os
from collections.abc import Sequence
from pathlib import Path

from tli_bench.base.files import write_text
from tli_bench.languages import DEFAULT_PAIRS, pair_id, pivot, resolve_pair
from tools.transfer.jobs import made
from tools.transfer.matrix import merged, packed, read_points
from tools.transfer.points import Kind, Wanted


def wanted(pairs: Sequence[str], seeds: int, *, twins: bool = True) -> list[Wanted]:
    """The base, then every pair and seed on right pairs and, as their twins, on shuffled ones, all pairs of one seed before the next."""
    kinds: tuple[Kind, ...] = ("right", "shuffled") if twins else ("right",)
    trainings = [Wanted(pair, seed, kind) for seed in range(seeds) for pair in pairs for kind in kinds]
    return [Wanted("", 0, "base"), *trainings]


def ids_of(pairs: str | None) -> tuple[str, ...]:
    """Canonical ids of comma-separated pairs; none where nothing is given."""
    return tuple(pair_id(*resolve_pair(pair)) for pair in pairs.split(",")) if pairs else ()


def main() -> None:
    """Parse the command line, make the points that are missing, and pack them where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="me5")
    parser.add_argument("--recipe", default="tli-encoder")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="change a recipe key; repeatable"
    )
    parser.add_argument("--pairs", help="trained on, comma-separated; all pairs with English by default")
    parser.add_argument("--together", action="store_true", help="one training on all of them in place of one on each")
    parser.add_argument(
        "--parallel", type=Path, metavar="FILE", help="sentences to train on, as `tli-bench train` reads them"
    )
    parser.add_argument("--parallel-only", action="store_true", help="train on the sentences alone")
    parser.add_argument(
        "--retain-text", type=Path, metavar="FILE", help="text that the recipe's retention holds in place"
    )
    parser.add_argument("--no-twins", action="store_true", help="no trainings on shuffled pairs")
    parser.add_argument("--scored", help="scored with each, comma-separated; all default pairs by default")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--device")
    parser.add_argument("--keep", action="store_true", help="keep the adapters under --out")
    parser.add_argument("--out", type=Path, default=Path("build/transfer"))
    parser.add_argument("--pack", type=Path, metavar="FILE")
    options = parser.parse_args()
    with_pivot = [pair for pair in DEFAULT_PAIRS if pivot().code in pair]
    options.scored = ids_of(options.scored) or tuple(DEFAULT_PAIRS)
    pairs = ids_of(options.pairs) or tuple(with_pivot)
    asked = wanted([",".join(pairs)] if options.together else pairs, options.seeds, twins=not options.no_twins)
    missing = [one for one in asked if not (options.out / "points" / f"{one.name}.json").is_file()]
    print(f"{len(asked)} points, {len(missing)} to make", flush=True)
    jobs = [(one, options) for one in missing]
    if options.jobs > 1 and jobs:
        os.environ |= {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
        with multiprocessing.get_context("spawn").Pool(min(options.jobs, len(jobs))) as pool:
            for line in pool.imap_unordered(made, jobs):
                print(line, flush=True)
    else:
        for job in jobs:
            print(made(job), flush=True)
    if options.pack:
        told = packed(read_points(options.out))
        if options.pack.is_file():
            told = merged(json.loads(options.pack.read_text(encoding="utf-8")), told)
        write_text(options.pack, json.dumps(told, indent=1) + "\n")
        print(options.pack)


if __name__ == "__main__":
    main()
