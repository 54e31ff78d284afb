"""The .npz format: a zip of .npy members; stored ones are read by range."""

from __future__ import annotations

import struct
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from calibrate.arrays import AnyArray
from calibrate.data.file_array import FileArray
from calibrate.data.readers.npy import array_in, check_whole, read_header
from calibrate.errors import InputError
from calibrate.files import reading
from calibrate.printable import brief, cut, listed

MOST_UNPACKED = 1 << 30  # bytes of a compressed array that takes up far less in the file
MOST_RATIO = 50  # times as large as in the file: scores shrink by 2 or so, one-hot rows by 1 000
ENCRYPTED = 1  # a flag of a member
LOCAL_HEADER = 30  # bytes before the name of a member


def keys(path: Path) -> list[str]:
    """The names of the arrays in a .npz file."""
    with _opened(path, str(path)) as (archive, _):
        return _keys(archive)


def read(path: Path, key: str, name: str) -> AnyArray | FileArray:
    """One array of a .npz file: read by range if stored plain, loaded if compressed.

    Raises:
        InputError: the file is not a whole .npz file, or has no such array.
    """
    file_name = name.removesuffix(f":{key}")
    with _opened(path, file_name) as (archive, file):
        info = _member(archive, key, file_name)
        name = f"{file_name}:{key}"
        if info.flag_bits & ENCRYPTED:
            raise InputError(f"{name}: encrypted; save it again without a password")
        with _undamaged(name):
            opened = archive.open(info)  # which compares its own header with the list of all
        with opened as member:
            if info.compress_type == zipfile.ZIP_STORED:
                return _stored(file, info, name)
            _check_size(info, name)
            with _undamaged(name):
                shape, order, dtype = read_header(member, name)  # type: ignore[arg-type]  # as good
                content = member.read()
    check_whole(shape, dtype, len(content), name)
    return np.frombuffer(content, dtype, int(np.prod(shape))).reshape(shape, order=order)


def _keys(archive: zipfile.ZipFile) -> list[str]:
    """The names of the arrays: of all members but folders."""
    return [n.removesuffix(".npy") for n in archive.namelist() if not n.endswith("/")]


def _member(archive: zipfile.ZipFile, key: str, file_name: str) -> zipfile.ZipInfo:
    held = Counter(_keys(archive))
    if key not in held:
        raise InputError(f"{file_name}: no array {brief(key)}; it holds {listed(held)}")
    if held[key] > 1:
        raise InputError(
            f"{file_name}: holds {held[key]} arrays {brief(key)}; save it again with one"
        )
    names = archive.namelist()
    return archive.getinfo(f"{key}.npy" if f"{key}.npy" in names else key)


def _stored(file: BinaryIO, info: zipfile.ZipInfo, name: str) -> AnyArray | FileArray:
    file.seek(info.header_offset + LOCAL_HEADER - 4)
    start = info.header_offset + LOCAL_HEADER + sum(struct.unpack("<HH", file.read(4)))
    return array_in(file, start, start + info.file_size, name)


def _check_size(info: zipfile.ZipInfo, name: str) -> None:
    """Raise InputError for a few bytes that would fill the memory."""
    if info.file_size > max(MOST_UNPACKED, MOST_RATIO * info.compress_size):
        raise InputError(
            f"{name}: expected at most {MOST_UNPACKED >> 30} GiB of an array compressed more than "
            f"{MOST_RATIO} times, found {info.file_size / (1 << 30):.1f} GiB in "
            f"{info.compress_size:,} bytes; save it with numpy.savez, which is read from disk "
            "without unpacking"
        )


@contextmanager
def _undamaged(name: str) -> Iterator[None]:
    """Whatever a damaged, encrypted or oddly compressed archive makes a reader stumble over."""
    try:
        yield
    except (InputError, MemoryError):
        raise
    except Exception as error:  # the decompressors and zipfile raise a dozen kinds
        raise InputError(
            f"{name}: damaged or of an unknown kind ({cut(str(error))}); save it again with "
            "numpy.savez"
        ) from error


@contextmanager
def _opened(path: Path, name: str) -> Iterator[tuple[zipfile.ZipFile, BinaryIO]]:
    """The archive, and the file that it is in."""
    with reading(path, name) as file:
        if not path.stat().st_size:
            raise InputError(f"{name}: expected a .npz file, found an empty file")
        try:
            archive = zipfile.ZipFile(file)
        except OSError:
            raise
        except zipfile.BadZipFile as error:
            raise InputError(
                f"{name}: expected a .npz file, found something else or a truncated file"
            ) from error
        except Exception as error:  # as of struct, for sizes that cannot be
            raise InputError(
                f"{name}: a damaged .npz file ({cut(str(error))}); save it again"
            ) from error
        with archive:
            yield archive, file
