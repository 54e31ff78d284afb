"""The file formats: which module reads a file of which suffix."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Format:
    """How files of a suffix are read.

    Attributes:
        module: of this folder. It has ``keys(path)``, the names of the arrays in a file, and
            ``read(path, key, name)``, one of them; key is None where none was given and the file
            holds one.
        extra: of the package, which brings what the module imports; None where nothing is needed.
        table: whether it holds scores and labels side by side. Then the functions of the module
            take ``Asked``, too, and ``about(path, key, asked, name)`` says what the columns of the
            scores are called.
    """

    module: str
    extra: str | None = None
    table: bool = False


FORMATS = {
    ".npy": Format("npy"),
    ".npz": Format("npz"),
    ".pt": Format("pt"),
    ".pth": Format("pt"),
    ".bin": Format("pt"),
    ".safetensors": Format("safetensors"),
    ".pkl": Format("pkl"),
    ".pickle": Format("pkl"),
    ".csv": Format("table", table=True),
    ".csv.gz": Format("table", table=True),
    ".tsv": Format("table", table=True),
    ".tsv.gz": Format("table", table=True),
    ".json": Format("json_rows", table=True),
    ".jsonl": Format("json_rows", table=True),
    ".parquet": Format("arrow.columnar", "arrow", table=True),
    ".arrow": Format("arrow.columnar", "arrow", table=True),
    ".feather": Format("arrow.columnar", "arrow", table=True),
    ".h5": Format("hdf5", "hdf5"),
    ".hdf5": Format("hdf5", "hdf5"),
    ".zarr": Format("zarr_store", "zarr"),
    "dataset/": Format("arrow.columnar", "arrow", table=True),
    ".txt": Format("text"),
}
FOLDERS = {  # the format of a folder that holds a file of this name
    "dataset_dict.json": "dataset/",
    "state.json": "dataset/",
    "zarr.json": ".zarr",
    ".zgroup": ".zarr",
    ".zarray": ".zarr",
}
TABLES = tuple(suffix for suffix, kind in FORMATS.items() if kind.table)
ARRAYS = tuple(suffix for suffix in FORMATS if suffix != ".txt")  # formats of numbers


def folder_format(path: Path) -> str | None:
    """The key in ``FORMATS`` of a folder that is read as one file; None for any other folder."""
    held = (kind for mark, kind in FOLDERS.items() if (path / mark).is_file())
    usual = path.suffix.lower() if path.suffix.lower() in FOLDERS.values() else None
    return next(held, usual)


@dataclass(frozen=True)
class Asked:
    """How a table is to be read.

    Attributes:
        label_column: which column holds the labels; ``"none"``: none does; None: by its name.
        text: whether a single column is wanted as text.
        leave_out: columns that are no scores; ``"none"``: all others are.
    """

    label_column: str | None = None
    text: bool = False
    leave_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class About:
    """What a table says beside its numbers.

    Attributes:
        class_names: what the columns of the scores are called, or None.
        notes: how it was read, where that could be otherwise.
    """

    class_names: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()


# ``file.npz:key``: the name of an array as users write it.


@dataclass(frozen=True)
class Address:
    """A file, and the key of an array in it where one was given.

    Attributes:
        name: as the user wrote it.
        path: of the file.
        key: of the array, or None.
    """

    name: str
    path: Path
    key: str | None = None

    @staticmethod
    def of(name: str) -> Address:
        """Split ``path:key`` where the path ends like a file that can be read."""
        if not os.path.exists(name):  # a name of any length
            for suffix in FORMATS:
                head, mark, key = name.rpartition(f"{suffix}:")
                if mark:
                    return Address(name, Path(head + suffix), key)
            head, mark, key = name.rpartition(":")
            if mark and Path(head).is_dir():
                return Address(name, Path(head), key)
        return Address(name, Path(name))

    @property
    def file(self) -> str:
        """The name of the file as the user wrote it."""
        return self.name if self.key is None else self.name.removesuffix(f":{self.key}")

    @property
    def suffix(self) -> str:
        """In small letters, as in ``.npy`` and ``.csv.gz``; of a folder, that of its format."""
        if self.path.is_dir():
            return folder_format(self.path) or self.path.suffix.lower()
        both = "".join(self.path.suffixes[-2:]).lower()
        return both if both in FORMATS else self.path.suffix.lower()

    @property
    def stem(self) -> str:
        """The path without the suffix of a known format."""
        path = str(self.path)
        known = self.suffix in FORMATS and path.lower().endswith(self.suffix)
        return path[: -len(self.suffix)] if known else path
