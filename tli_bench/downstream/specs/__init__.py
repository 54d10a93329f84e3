"""One specification per file; the file has the name by which `metadata.spec` of a YAML asks for it."""
