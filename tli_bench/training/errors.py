"""What can go wrong during training that no check of the arguments can foresee."""

from tli_bench.base.errors import TLIError


class DivergedError(TLIError):
    """The loss or a weight became NaN or infinite; the last good checkpoint is kept and named in the message."""

    exit_code = 1


class CollapsedError(TLIError):
    """All words came to point one way, so that going on trains nothing."""

    exit_code = 1
