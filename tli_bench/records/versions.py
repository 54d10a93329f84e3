"""The schema version that is written; `records.migrate` brings older records up to it."""

from typing import Literal

SCHEMA_VERSION: Literal[3] = 3
