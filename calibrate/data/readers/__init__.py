"""Readers: from the name of a file to columns; one file per file format."""
