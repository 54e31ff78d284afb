"""The .npz format: a zip of .npy members; stored ones are read by range."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from calibrate.arrays import AnyArray
from calibrate.data.file_array import FileArray
from calibrate.data.readers.contents import chosen
from calibrate.data.readers.npy import array_in, check_whole, read_header
from calibrate.data.readers.zipped import ENCRYPTED, opened, stored_at, undamaged
from calibrate.errors import InputError

KIND, SAVER = ".npz file", "numpy.savez"
MOST_UNPACKED = 1 << 30  # bytes of a compressed array that takes up far less in the file
MOST_RATIO = 50  # times as large as in the file: scores shrink by 2 or so, one-hot rows by 1 000


def keys(path: Path) -> list[str]:
    """The names of the arrays in a .npz file."""
    with opened(path, str(path), KIND) as (archive, _):
        return [key for key, _ in _members(archive)]


def read(path: Path, key: str, name: str) -> AnyArray | FileArray:
    """One array of a .npz file: read by range if stored plain, loaded if compressed.

    Raises:
        InputError: the file is not a whole .npz file, or has no such array.
    """
    file_name = name.removesuffix(f":{key}")
    with opened(path, file_name, KIND) as (archive, file):
        info = chosen(_members(archive), key, file_name)
        name = f"{file_name}:{key}"
        if info.flag_bits & ENCRYPTED:
            raise InputError(f"{name}: encrypted; save it again without a password")
        with undamaged(name, SAVER):
            member_file = archive.open(info)  # which compares its own header with the list of all
        with member_file as member:
            if info.compress_type == zipfile.ZIP_STORED:
                return array_in(file, *stored_at(archive, file, info, name), name)
            _check_size(info, name)
            with undamaged(name, SAVER):
                shape, order, dtype = read_header(member, name)
                content = member.read()
    check_whole(shape, dtype, len(content), name)
    return np.frombuffer(content, dtype, int(np.prod(shape))).reshape(shape, order=order)


def _members(archive: zipfile.ZipFile) -> list[tuple[str, zipfile.ZipInfo]]:
    """The arrays by their keys: all members but folders."""
    files = [info for info in archive.infolist() if not info.filename.endswith("/")]
    return [(info.filename.removesuffix(".npy"), info) for info in files]


def _check_size(info: zipfile.ZipInfo, name: str) -> None:
    """Raise InputError for a few bytes that would fill the memory."""
    if info.file_size > max(MOST_UNPACKED, MOST_RATIO * info.compress_size):
        raise InputError(
            f"{name}: expected at most {MOST_UNPACKED >> 30} GiB of an array compressed more than "
            f"{MOST_RATIO} times, found {info.file_size / (1 << 30):.1f} GiB in "
            f"{info.compress_size:,} bytes; save it with numpy.savez, which is read from disk "
            "without unpacking"
        )
