"""The .npz format: a zip of .npy members; stored ones are read by range."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from calibrate.arrays import AnyArray
from calibrate.data.file_array import FileArray
from calibrate.data.readers.npy import array_in, read_header
from calibrate.errors import InputError
from calibrate.files import reading

# what reading a damaged, encrypted or oddly compressed member raises
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError)


def keys(path: Path) -> list[str]:
    """The names of the arrays in a .npz file."""
    with _opened(path, str(path)) as (archive, _):
        return [name.removesuffix(".npy") for name in archive.namelist()]


def read(path: Path, key: str, name: str) -> AnyArray | FileArray:
    """One array of a .npz file: read by range if stored plain, loaded if compressed.

    Raises:
        InputError: the file is not a whole .npz file, or has no such array.
    """
    file_name = name.removesuffix(f":{key}")
    name = f"{file_name}:{key}"
    with _opened(path, file_name) as (archive, file):
        names = archive.namelist()
        member = f"{key}.npy" if f"{key}.npy" in names else key
        if member not in names:
            raise InputError(
                f"{file_name}: no array {key!r}; it holds {', '.join(keys(path)) or 'none'}"
            )
        info = archive.getinfo(member)
        if info.compress_type == zipfile.ZIP_STORED:
            file.seek(info.header_offset + 26)
            name_length, extra_length = struct.unpack("<HH", file.read(4))
            start = info.header_offset + 30 + name_length + extra_length
            return array_in(file, start, start + info.file_size, name)
        try:
            content = archive.read(member)
        except DAMAGE as error:
            raise InputError(f"{name}: damaged ({error}); copy or save it again") from error
    read_header(io.BytesIO(content), name)
    try:
        array: AnyArray = np.load(io.BytesIO(content), allow_pickle=False)
    except ValueError as error:
        raise InputError(f"{name}: expected a plain numeric array: {error}") from error
    return array


@contextmanager
def _opened(path: Path, name: str) -> Iterator[tuple[zipfile.ZipFile, BinaryIO]]:
    """The archive, and the file that it is in."""
    with reading(path, name) as file:
        if not path.stat().st_size:
            raise InputError(f"{name}: expected a .npz file, found an empty file")
        try:
            archive = zipfile.ZipFile(file)
        except zipfile.BadZipFile as error:
            raise InputError(
                f"{name}: expected a .npz file, found something else or a truncated file"
            ) from error
        with archive:
            yield archive, file
