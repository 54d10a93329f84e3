"""How often we were hit and how often we stood: one command for each kind of fault, all figures in figures.json."""
