"""The mark of tests that need the package ray."""

import importlib.util

import pytest

needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="the package ray is not installed: pip install 'tli-bench[ray]'"
)
