"""What can still be read of damaged .npy and .npz files."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from math import prod
from pathlib import Path
from typing import BinaryIO

from calibrate.data.readers.npy import read_header
from calibrate.errors import InputError
from calibrate.files import reading
from calibrate.text import cut

LOCAL = struct.Struct("<4sHHHHHIIIHH")  # what stands before each member of a zip
START, WIDE = b"PK\x03\x04", 0xFFFFFFFF
STORED, DEFLATED = 0, 8
MOST = 1_000  # members that are looked for
MOST_HEAD = 1 << 14  # bytes in which the header of an array stands


@dataclass(frozen=True)
class Remains:
    """What is left of an array.

    Attributes:
        key: its name, or None.
        shape, dtype: as it was.
        rows: how many are whole; None: they are compressed and cut, and nothing is known.
    """

    key: str | None
    shape: tuple[int, ...]
    dtype: str
    rows: int | None

    def __str__(self) -> str:
        """``logits: 200 of 1,500 rows of float32 are whole``"""
        what = "" if self.key is None else f"{cut(self.key)}: "
        n = self.shape[0] if self.shape else 1
        if self.rows is None:
            return f"{what}compressed and cut, {self.dtype} of shape {self.shape}"
        if self.rows >= n:
            return f"{what}whole, {self.dtype} of shape {self.shape}"
        return f"{what}{self.rows:,} of {n:,} rows of {self.dtype} are whole"


def remains(path: Path, name: str, suffix: str) -> list[Remains]:
    """What is left of the arrays in a file that cannot be read as it should be.

    Raises:
        OSError: it cannot be read at all.
    """
    with reading(path, name) as file:
        size = file.seek(0, os.SEEK_END)
        if suffix == ".npz":
            return list(_members(file, size))
        file.seek(0)
        try:
            return [_array(file, None, size, name)]
        except InputError:
            return []


def _array(file: BinaryIO, key: str | None, end: int, name: str) -> Remains:
    """The array whose header is where the file is, as far as its bytes go to ``end``."""
    shape, order, dtype = read_header(file, name)
    row = dtype.itemsize * prod(shape[1:])
    n = shape[0] if shape else 1
    rows = n if not row else min(n, (end - file.tell()) // row)
    if order == "F" and rows < n:
        rows = 0  # each row has its last number in the part that is missing
    return Remains(key, shape, str(dtype), rows)


def _packed(file: BinaryIO, key: str, *, whole: bool) -> Remains:
    """The array whose compressed bytes start where the file is."""
    head = zlib.decompressobj(-zlib.MAX_WBITS).decompress(file.read(MOST_HEAD), MOST_HEAD)
    shape, _, dtype = read_header(BytesIO(head), key)
    return Remains(key, shape, str(dtype), (shape[0] if shape else 1) if whole else None)


def _members(file: BinaryIO, size: int) -> Iterator[Remains]:
    """The arrays of a zip without its list of members, one after the other."""
    at = 0
    for _ in range(MOST):
        file.seek(at)
        head = file.read(LOCAL.size)
        if len(head) < LOCAL.size or not head.startswith(START):
            return
        _, _, _, method, _, _, _, packed, plain, n_name, n_extra = LOCAL.unpack(head)
        key = file.read(n_name).decode(errors="backslashreplace").removesuffix(".npy")
        extra = file.read(n_extra)
        if packed == WIDE and len(extra) >= 20:
            plain, packed = struct.unpack("<QQ", extra[4:20])
        start = file.tell()
        with suppress(InputError, zlib.error):
            if method == STORED:
                yield _array(file, key, min(size, start + plain) if plain else size, key)
            elif method == DEFLATED:
                yield _packed(file, key, whole=bool(packed) and start + packed <= size)
        at = start + packed
        if not packed or at > size:
            return
