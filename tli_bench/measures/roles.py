"""Which measure plays which role: to change the headline of every board and command, change a name here."""

HEADLINE = "gap"
"""What boards rank by, what is tested over all layers, and what commands show unless another measure is asked for."""
