"""The gauntlet: attacks on our own scores. Each must leave the verdict where the truth is."""
