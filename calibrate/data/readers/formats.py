"""The file formats: which module reads a file of which suffix."""

from __future__ import annotations

from dataclasses import dataclass

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
    ".csv": "table",
    ".csv.gz": "table",
    ".tsv": "table",
    ".tsv.gz": "table",
    ".json": "json_rows",
    ".jsonl": "json_rows",
    ".txt": "text",
}
# Of these, the modules of tables: they hold scores and labels side by side. Their functions take
# ``Asked``, too, and ``about(path, asked)`` says what the columns of the scores are called.
TABLES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".json", ".jsonl")
ARRAYS = tuple(suffix for suffix in FORMATS if suffix != ".txt")  # formats of numbers


@dataclass(frozen=True)
class Asked:
    """How a table is to be read.

    Attributes:
        label_column: which column holds the labels; ``"none"``: none does; None: by its name.
        text: whether a single column is wanted as text.
    """

    label_column: str | None = None
    text: bool = False


@dataclass(frozen=True)
class About:
    """What a table says beside its numbers.

    Attributes:
        class_names: what the columns of the scores are called, or None.
        notes: how it was read, where that could be otherwise.
    """

    class_names: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()
