"""Readers: one file per file format."""

from calibrate.readers.files import open_source, read_array, read_groups, read_names

__all__ = ["open_source", "read_array", "read_groups", "read_names"]
