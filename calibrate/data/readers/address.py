"""``file.npz:key``: the name of an array as users write it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from calibrate.data.readers.formats import FORMATS, folder_format


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
