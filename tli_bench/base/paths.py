"""Where the data folders live (the top of a checkout, or inside the installed wheel), and what `~` and the cache mean."""

import os
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


def expanded(path: str | Path) -> Path:
    """A path with `~` replaced; where there is no home, or not that user, it stays as it is and is simply not found."""
    return Path(os.path.expanduser(path))


def cache_dir() -> Path:
    """The folder of what can be computed or fetched again: `tli-bench` in the user's cache, in `.cache` here for a user without a home."""
    named = os.environ.get("XDG_CACHE_HOME")
    home = Path(named) if named else expanded("~/.cache")
    return (home if home.is_absolute() else Path(".cache")) / "tli-bench"
