"""Readers: one file per file format."""

from calibrate.readers.files import (
    open_source,
    read_array,
    read_groups,
    read_names,
    read_weights,
)
from calibrate.readers.top_labels import Columns, read_top_labels

__all__ = [
    "Columns",
    "open_source",
    "read_array",
    "read_groups",
    "read_names",
    "read_top_labels",
    "read_weights",
]
