"""`python -m tools.transfer.arms NAME=FOLDER ... --pack FILE`: trainings by several recipes side by side, on words that none of them saw.

Each folder is the --out of one `python -m tools.transfer`.
"""

import argparse
import json
from pathlib import Path

from tli_bench.base.files import write_text
from tools.transfer.matrix import read_points, side_by_side


def main() -> None:
    """Read every folder and pack them into one file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("arms", nargs="+", metavar="NAME=FOLDER")
    parser.add_argument("--pack", type=Path, required=True, metavar="FILE")
    options = parser.parse_args()
    folders = dict(arm.split("=", 1) for arm in options.arms)
    told = side_by_side({name: read_points(Path(folder)) for name, folder in folders.items()})
    write_text(options.pack, json.dumps(told, indent=1) + "\n")
    print(options.pack)


if __name__ == "__main__":
    main()
