"""`make adapters`: train what is shipped with the embedded model, each from its recipe, reproducibly.

LoRA adapters, each with its twin on shuffled pairs: for Swahili one of each recipe, for Turkish the default recipe.
Whatever exists already is left alone; delete its folder to make it again.
"""

import sys
from pathlib import Path

from tli_bench.models import load_model
from tli_bench.training import train_with_twin

ADAPTERS = Path(__file__).resolve().parent.parent / "adapters"
SHIPPED = {
    "tiny-swh-eng-tli": ("swh-eng", "tli"),
    "tiny-swh-eng-tli-paper": ("swh-eng", "tli-paper"),
    "tiny-swh-eng-tli-early": ("swh-eng", "tli-early"),
    "tiny-tur-eng-tli": ("tur-eng", "tli"),
}


def main() -> None:
    """Train what is named on the command line, or all that is missing."""
    base = load_model("tiny")
    for name in sys.argv[1:] or SHIPPED:
        if name not in SHIPPED:
            raise SystemExit(f"unknown name {name!r}; known: {', '.join(SHIPPED)}")
        pair, recipe = SHIPPED[name]
        target = ADAPTERS / name
        if target.exists():
            print(f"{name}: exists already")
            continue
        print(f"{name}: {train_with_twin(base, pair, recipe, target)}")


if __name__ == "__main__":
    main()
