"""What torchrun and accelerate tell a process about itself. Importing this does not load torch."""

import os


def processes() -> int:
    """How many processes were started as one command; 1 where nobody says so."""
    return _told("WORLD_SIZE", 1)


def rank() -> int:
    """The number of this process among them; 0 where nobody says so."""
    return _told("RANK", 0)


def _told(name: str, otherwise: int) -> int:
    told = os.environ.get(name, "")
    return int(told) if told.isdecimal() else otherwise
