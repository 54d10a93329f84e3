"""Every option and every fact of a signature, declared once: plain data that all other rooms read."""
