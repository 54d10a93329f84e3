"""How fast and how large: ours against the ways of others and against what the machine can do, in one process (`make bench`)."""
