"""Errors, files, names and texts: what every other room builds on."""
