"""Which measure does what: changing the headline of every board and command is changing a name here."""

HEADLINE = "gap"
"""What boards rank by, what is tested over all layers, and what commands show unless another measure is asked for."""
LAYER_CHOICE = "mrr"
"""The layer of each state is the one where this measure is best on the dev words."""
