"""The version of what is written; older ones are led up to it by `records.migrate`."""

from typing import Literal

SCHEMA_VERSION: Literal[2] = 2
