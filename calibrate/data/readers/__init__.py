"""Readers: one file per file format."""

from calibrate.data.readers.open import (
    open_source,
    read_array,
    read_groups,
    read_names,
    read_weights,
)
from calibrate.data.readers.predictions import Columns, read_top_labels

__all__ = [
    "Columns",
    "open_source",
    "read_array",
    "read_groups",
    "read_names",
    "read_top_labels",
    "read_weights",
]
