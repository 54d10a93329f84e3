"""`make adapters`: train the shipped adapters of the embedded model, each from its recipe, reproducibly.

An adapter that is there already is left alone; delete its folder to make it anew.
"""

import sys
from pathlib import Path

from tli_bench.models import load_model
from tli_bench.training import train_adapter

ADAPTERS = Path(__file__).resolve().parent.parent / "adapters"
SHIPPED = {
    f"tiny-{pair}-{recipe}": (pair, recipe) for pair in ("swh-eng", "tur-eng") for recipe in ("tli-paper", "tli")
}


def main() -> None:
    """Train the adapters named on the command line, or all that are missing."""
    base = load_model("tiny")
    for name in sys.argv[1:] or SHIPPED:
        pair, recipe = SHIPPED[name]
        target = ADAPTERS / name
        if target.exists():
            print(f"{name}: there already")
            continue
        result = train_adapter(base, pair, recipe, target)
        print(f"{name}: {result}")


if __name__ == "__main__":
    main()
