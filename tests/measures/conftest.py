"""Seeded clouds of vectors with a known amount of alignment."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

Cloud = Callable[..., tuple[Tensor, Tensor]]


def make_cloud(
    seed: int = 0, *, n: int = 12, d: int = 8, noise: float = 1.0, shift: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Source `[n, d]` and target = source + noise, both moved by a common vector of length about `shift` * sqrt(d)."""
    generator = torch.Generator().manual_seed(seed)
    source = torch.randn(n, d, generator=generator)
    target = source + noise * torch.randn(n, d, generator=generator)
    common = shift * torch.randn(d, generator=generator)
    return source + common, target + common


@pytest.fixture
def cloud() -> Cloud:
    return make_cloud
