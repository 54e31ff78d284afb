"""The file formats: which module reads a file of which suffix."""

from __future__ import annotations

# Each module has ``keys(path)``, the names of the arrays in a file, and ``read(path, key)``, one of
# them; key is None where none was given and the file holds one.
FORMATS = {
    ".npy": "npy",
    ".npz": "npz",
    ".csv": "text",
    ".txt": "text",
}
ARRAYS = (".npy", ".npz")  # formats of numbers
