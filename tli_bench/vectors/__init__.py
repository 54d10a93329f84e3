"""Vectors: words in, pooled hidden states of every layer out. Import from the modules: protocols never load torch."""
