"""`python -m tools.transfer.placebos --adapter FOLDER`: all pairs under adapters of random weights, each as large as the one in FOLDER.

Each is a point under --out, which `python -m tools.transfer --pack` packs with the others; the same command goes on where it stopped.
"""

import argparse
from pathlib import Path

import torch

from tli_bench.cli.quiet import quiet_libraries
from tli_bench.languages import DEFAULT_PAIRS
from tli_bench.models import LoadedModel, LoadOptions, attach_adapter, inspect_adapter, load_model
from tli_bench.models.variants import Placebos
from tools.transfer.__main__ import ids_of
from tools.transfer.points import Wanted, untrained_point


def make_placebos(loaded: LoadedModel, adapter: Path, pairs: tuple[str, ...], count: int, folder: Path) -> None:
    """Write the points of `count` placebos of the adapter into `folder`, but for those that are there."""
    wanted = [Wanted("", number, "placebo") for number in range(count)]
    missing = [one for one in wanted if not (folder / "points" / f"{one.name}.json").is_file()]
    model, _ = attach_adapter(loaded, inspect_adapter(str(adapter)))
    drawn = Placebos(model, seed=0)
    for one in missing:
        with drawn.worn(one.seed):
            untrained_point(one, loaded, model, pairs, folder)
    model.unload()


def main() -> None:
    """Parse the command line and make the placebos that are missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="me5")
    parser.add_argument("--adapter", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--scored", help="scored with each, comma-separated; all default pairs by default")
    parser.add_argument("--device")
    parser.add_argument("--out", type=Path, default=Path("build/transfer"))
    options = parser.parse_args()
    quiet_libraries()
    torch.set_num_threads(1)
    loaded = load_model(options.model, LoadOptions(dtype="float32", device=options.device))
    make_placebos(loaded, options.adapter, ids_of(options.scored) or tuple(DEFAULT_PAIRS), options.count, options.out)


if __name__ == "__main__":
    main()
