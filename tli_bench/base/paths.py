"""Where the data folders live: the top of a checkout, or inside the installed wheel."""

from pathlib import Path

from tli_bench.base.errors import InputError

_PACKAGE = Path(__file__).resolve().parent.parent


def data_dir(name: str) -> Path:
    """Folder `tasks`, `adapters` or `leaderboards`: from the checkout if there is one, else from the wheel."""
    checkout = _PACKAGE.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / name).is_dir():
        return checkout / name
    packed = _PACKAGE / "data" / name
    if packed.is_dir():
        return packed
    raise InputError(f"the data folder {name!r} is missing from this installation; reinstall tli-bench")
