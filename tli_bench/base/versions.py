"""Versions of the packages a score depends on."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version

from tli_bench import __version__

_PACKAGES = ("torch", "transformers", "peft", "bitsandbytes", "lm_eval", "tokenizers", "numpy", "scipy")


@cache
def _installed() -> tuple[tuple[str, str], ...]:
    found = [("tli_bench", __version__)]
    for name in _PACKAGES:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            continue
    return tuple(found)


def package_versions() -> dict[str, str]:
    """Package name to installed version; packages that are not installed are left out."""
    return dict(_installed())
