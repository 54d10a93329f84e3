"""The base of every data model that is written to disk or read from untrusted files: frozen, closed, finite."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Seed = Annotated[int, Field(ge=0, lt=2**63)]
"""Of a generator of random numbers: none takes a negative one."""
TrainingSeed = Annotated[int, Field(ge=0, lt=2**32)]
"""Of a training: NumPy's global generator, which the trainer seeds, too, takes 32 bits."""


class Frozen(BaseModel):
    """Immutable data that refuses unknown fields, NaN and infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
