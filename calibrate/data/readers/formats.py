"""The file formats: which module reads a file of which suffix."""

from __future__ import annotations

# Each module has ``keys(path)``, the names of the arrays in a file, and ``read(path, key)``, one of
# them; key is None where none was given and the file holds one.
FORMATS = {
    ".npy": "npy",
    ".npz": "npz",
    ".pt": "pt",
    ".pth": "pt",
    ".bin": "pt",
    ".safetensors": "safetensors",
    ".pkl": "pkl",
    ".pickle": "pkl",
    ".csv": "text",
    ".txt": "text",
}
ARRAYS = tuple(suffix for suffix, module in FORMATS.items() if module != "text")  # of numbers
