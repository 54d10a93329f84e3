"""The error raised for data files."""

from tli_bench.base.errors import TLIError


class DataError(TLIError):
    """A data set that is missing or malformed; names the file and the field."""
