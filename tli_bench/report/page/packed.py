"""The data of a page, as JSON where that is small and compressed where it is not."""

import base64
import gzip
from typing import NamedTuple

from tli_bench.report.embed import compact, harmless

PLAIN = 2_000_000
"""Characters of JSON that stand in a page as they are; more is compressed, so that hundreds of models stay below 5 MB."""


class Packed(NamedTuple):
    """Text of a script element that holds data, and its type."""

    type: str
    text: str


def packed(data: object) -> Packed:
    """JSON that cannot end the element it is in; where it is long, gzipped and in base64."""
    text = compact(data)
    plain = harmless(text)
    if len(plain) <= PLAIN:
        return Packed("application/json", plain)
    return Packed("application/gzip", base64.b64encode(gzip.compress(text.encode("ascii"), 4, mtime=0)).decode("ascii"))
