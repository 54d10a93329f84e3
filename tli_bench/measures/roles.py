"""Which measure does what: changing the headline of every board and command is changing a name here."""

HEADLINE = "gap"
"""What boards rank by, what is tested over all layers, and what commands show unless another measure is asked for."""
