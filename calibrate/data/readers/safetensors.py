"""The .safetensors format: a header in JSON, then the values of each tensor, read by range."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np

from calibrate.arrays import AnyArray
from calibrate.data.file_array import BFLOAT16, FileArray, array_at
from calibrate.data.readers.contents import chosen
from calibrate.data.readers.npy import MOST_AXES, possible
from calibrate.errors import InputError
from calibrate.files import reading
from calibrate.text import brief

MOST_HEADER = 100_000_000  # bytes, as the format has it
DTYPES = {
    **{f"I{8 * size}": np.dtype(f"<i{size}") for size in (1, 2, 4, 8)},
    **{f"U{8 * size}": np.dtype(f"<u{size}") for size in (1, 2, 4, 8)},
    **{f"F{8 * size}": np.dtype(f"<f{size}") for size in (2, 4, 8)},
    "BF16": BFLOAT16,
    "BOOL": np.dtype("?"),
}


@dataclass(frozen=True)
class Entry:
    """What the header says of a tensor; it fills bytes ``start`` to ``end`` behind the header."""

    kind: str
    shape: tuple[int, ...]
    start: int
    end: int

    @staticmethod
    def of(pairs: list[tuple[str, object]]) -> Entry:
        match dict(pairs):
            case {"dtype": str(kind), "shape": list(sizes), "data_offsets": [int(start), int(end)]}:
                if possible((*sizes, start)) and len(sizes) <= MOST_AXES and start <= end:
                    return Entry(kind, tuple(sizes), start, end)
        raise ValueError("an entry of an unknown kind")


def keys(path: Path) -> list[str]:
    """The names of the tensors in a file."""
    with reading(path, str(path)) as file:
        return [key for key, _ in _entries(file, str(path))]


def read(path: Path, key: str, name: str) -> AnyArray | FileArray:
    """One tensor of a file, read by range.

    Raises:
        InputError: it is not a whole .safetensors file, or has no such tensor of plain numbers.
    """
    file_name = name.removesuffix(f":{key}")
    with reading(path, file_name) as file:
        entry = chosen(_entries(file, file_name), key, file_name)
        name, first = f"{file_name}:{key}", file.tell()
        if entry.kind not in DTYPES:
            raise InputError(
                f"{name}: expected {', '.join(DTYPES)}, found {brief(entry.kind)}; save it as F32"
            )
        dtype, held = DTYPES[entry.kind], entry.end - entry.start
        if held != prod(entry.shape) * dtype.itemsize:
            raise InputError(
                f"{name}: damaged: {held:,} bytes for {entry.kind} of shape {entry.shape}; save it "
                "again"
            )
        room = file.seek(0, os.SEEK_END) - first
        if entry.end > room:
            raise InputError(
                f"{name}: truncated: its header promises {entry.end:,} bytes of values, found "
                f"{room:,}; copy or save it again"
            )
        file.seek(first + entry.start)
        return array_at(file, entry.shape, dtype, fortran=False, name=name)


def _entries(file: BinaryIO, name: str) -> list[tuple[str, Entry]]:
    """What the header says; the values start where the file is then."""
    head = file.read(8)
    if not head:
        raise InputError(f"{name}: expected a .safetensors file, found an empty file")
    size = int.from_bytes(head, "little")
    text = file.read(size) if size <= MOST_HEADER else b""
    if len(head) < 8 or len(text) != size or not text.startswith(b"{"):
        raise InputError(
            f"{name}: expected a .safetensors file, found something else or a truncated file (it "
            f"starts with {head!r})"
        )
    try:
        pairs = json.loads(text, object_pairs_hook=list)  # a key that comes twice is noticed
        found = [(key, Entry.of(value)) for key, value in pairs if key != "__metadata__"]
    except (ValueError, TypeError, RecursionError) as error:
        raise InputError(f"{name}: its header is damaged; copy or save it again") from error
    last = 0
    for key, entry in sorted(found, key=lambda each: (each[1].start, each[1].end)):
        if entry.start < last:
            raise InputError(
                f"{name}: damaged: the values of {brief(key)} overlap others; save it again"
            )
        last = entry.end
    return found
