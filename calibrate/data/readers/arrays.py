"""The .npy, .npz and .safetensors formats: plain arrays behind a header, read by range."""

from __future__ import annotations

import json
import os
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

from calibrate.arrays import AnyArray
from calibrate.data.column import Column, in_memory
from calibrate.data.decoded import decoded
from calibrate.data.file_span import BFLOAT16
from calibrate.data.readers.contents import (
    MOST_AXES,
    array_at,
    check_unpacked,
    chosen,
    opened,
    possible,
)
from calibrate.data.readers.registry import Format, Request
from calibrate.errors import InputError
from calibrate.text import brief

FORMATS = (
    Format((".npy",), words="numpy array", magic=b"\x93NUMPY"),
    Format((".npz",), words="zip archive of numpy arrays"),
    Format((".safetensors",), words="safetensors file"),
)
NPY, SAVER = "a .npy array", "numpy.save"
BLOCK = 4 << 20  # bytes that are unpacked, or checked, at once
ENCRYPTED = 1  # a flag of a member of a zip
LOCAL_HEADER = 30  # bytes before its name


def keys(path: Path, request: Request) -> list[str] | None:
    """The names of the arrays in a file; None of a .npy, which holds one without a name."""
    if request.suffix == ".npz":
        with zipped(path, request.file, "a .npz file", "numpy.savez") as (archive, _):
            return [key for key, _ in _members(archive)]
    if request.suffix == ".safetensors":
        with _safetensors(path, request.file) as (_, tensors):
            return [key for key, _ in tensors]
    return None


def open(path: Path, key: str | None, request: Request) -> Column:
    """One array of a file, read by range; decoded once where it is compressed.

    Raises:
        InputError: the file is not whole, or has no such array of plain numbers or text.
    """
    if key is None:
        with opened(path, request.file, FORMATS[0].magic, NPY, SAVER) as file:
            return _stored(file, path, 0, file.seek(0, os.SEEK_END), request.file)
    name = f"{request.file}:{key}"
    if request.suffix == ".safetensors":
        with _safetensors(path, request.file) as (file, tensors):
            return _tensor(file, path, chosen(tensors, key, request.file), name)
    with zipped(path, request.file, "a .npz file", "numpy.savez", name) as (archive, file):
        info = chosen(_members(archive), key, request.file)
        if info.flag_bits & ENCRYPTED:
            raise InputError(f"{name}: encrypted; save it again without a password")
        with archive.open(info) as member:  # which compares its own header with the list of all
            if info.compress_type != zipfile.ZIP_STORED:
                check_unpacked(info.file_size, info.compress_size, name)
                return _unpacked(member, info, name)
        start, end = stored_at(archive, file, info, name)
        _check_sum(file, start, end, info.CRC, name)
        return _stored(file, path, start, end, name)


# numpy: a header in Python, then the values.


def _stored(file: BinaryIO, path: Path, start: int, end: int, name: str) -> Column:
    """The array whose .npy content fills bytes ``start`` to ``end`` of a file."""
    file.seek(start)
    shape, fortran, dtype = _header(file, name)
    _check_whole(shape, dtype, end - file.tell(), name)
    return array_at(file, path, name, file.tell(), shape, dtype, fortran=fortran)


def _unpacked(member: IO[bytes], info: zipfile.ZipInfo, name: str) -> Column:
    """The same of a compressed member; its checksum is compared when all of it was read."""
    shape, fortran, dtype = _header(member, name)
    _check_whole(shape, dtype, info.file_size - member.tell(), name)
    size = prod(shape) * dtype.itemsize
    if not size:
        return in_memory(np.empty(shape, dtype), name)
    if fortran or not shape:
        whole = np.frombuffer(member.read(), dtype, prod(shape))
        return in_memory(whole.reshape(shape, order="F" if fortran else "C"), name)
    each = size // shape[0]

    def blocks() -> Iterator[AnyArray]:
        step, left = max(1, BLOCK // each), shape[0]
        while left:
            rows = min(step, left)
            yield np.frombuffer(member.read(rows * each), dtype).reshape(rows, *shape[1:])
            left -= rows
        while member.read(BLOCK):
            pass

    return decoded(name, blocks(), shape[1:], dtype, shape[0])


def _header(file: IO[bytes], name: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether in Fortran order, and dtype from the .npy header that starts here.

    Raises:
        InputError: there is none, or the array is not one of plain numbers or text.
    """
    start = file.read(len(FORMATS[0].magic))
    if start != FORMATS[0].magic:
        found = f"something else (it starts with {start!r})" if start else "an empty file"
        raise InputError(f"{name}: expected {NPY}, found {found}; save it with {SAVER}")
    file.seek(-len(start), 1)
    try:
        major, _ = npy.read_magic(file)
        reader = npy.read_array_header_1_0 if major == 1 else npy.read_array_header_2_0
        with warnings.catch_warnings():  # a header of Python 2 takes longer to read, and no more
            warnings.simplefilter("ignore")
            shape, fortran, dtype = reader(file)
        if not possible(shape):
            raise ValueError(f"impossible shape {shape}")
    except Exception as error:  # numpy's parser raises whatever the text makes it stumble over
        raise InputError(f"{name}: its .npy header is damaged; copy or save it again") from error
    if len(shape) > MOST_AXES:
        raise InputError(f"{name}: expected at most {MOST_AXES} axes, found {len(shape)}")
    if not dtype.itemsize:
        raise InputError(f"{name}: expected numbers, found {dtype}, values of no size")
    if dtype.hasobject:
        raise InputError(
            f"{name}: expected numbers, found Python objects, which are never unpickled; "
            "save .astype(float), or texts as .astype(str)"
        )
    return shape, bool(fortran), dtype


def _check_whole(shape: tuple[int, ...], dtype: np.dtype[Any], found: int, name: str) -> None:
    expected = dtype.itemsize * prod(shape)
    if found < expected:
        raise InputError(
            f"{name}: truncated: its header promises {expected:,} bytes of {dtype} {shape}, "
            f"found {found:,}; copy or save it again"
        )


# Zip archives: of .npy members, or of torch.


@contextmanager
def zipped(
    path: Path, name: str, kind: str, saver: str, said: str = ""
) -> Iterator[tuple[zipfile.ZipFile, BinaryIO]]:
    """The archive, and the file that it is in; the arguments are as of ``opened``."""
    with (
        opened(path, name, b"", kind, saver, said) as file,
        zipfile.ZipFile(file) as archive,
    ):
        yield archive, file


def stored_at(
    archive: zipfile.ZipFile, file: BinaryIO, info: zipfile.ZipInfo, name: str
) -> tuple[int, int]:
    """Where the content of a member that is not compressed starts and ends in the file.

    Raises:
        InputError: it reaches into the next member, or past the last.
    """
    file.seek(info.header_offset + LOCAL_HEADER - 4)
    start = info.header_offset + LOCAL_HEADER + sum(struct.unpack("<HH", file.read(4)))
    others = (each.header_offset for each in archive.infolist())
    most = min((each for each in others if each > info.header_offset), default=archive.start_dir)
    if start + info.file_size > most:
        raise InputError(
            f"{name}: damaged: {info.file_size:,} bytes are promised where the archive has room "
            f"for {max(0, most - start):,}; copy or save it again"
        )
    return start, start + info.file_size


def _check_sum(file: BinaryIO, start: int, end: int, expected: int, name: str) -> None:
    """Raise InputError unless bytes of a file have a CRC-32."""
    found = 0
    file.seek(start)
    while start < end and (block := file.read(min(BLOCK, end - start))):
        found, start = zlib.crc32(block, found), start + len(block)
    if found != expected:
        raise InputError(
            f"{name}: damaged: expected bytes of the checksum {expected:08x}, found {found:08x}; "
            "copy or save it again"
        )


def _members(archive: zipfile.ZipFile) -> list[tuple[str, zipfile.ZipInfo]]:
    """The arrays by their keys: all members but folders."""
    files = [info for info in archive.infolist() if not info.filename.endswith("/")]
    return [(info.filename.removesuffix(".npy"), info) for info in files]


# safetensors: a header in JSON, then the values of each tensor.


MOST_HEADER = 100_000_000  # bytes, as the format has it
DTYPES = {
    **{f"I{8 * size}": np.dtype(f"<i{size}") for size in (1, 2, 4, 8)},
    **{f"U{8 * size}": np.dtype(f"<u{size}") for size in (1, 2, 4, 8)},
    **{f"F{8 * size}": np.dtype(f"<f{size}") for size in (2, 4, 8)},
    "BF16": BFLOAT16,
    "BOOL": np.dtype("?"),
}


@dataclass(frozen=True)
class _Entry:
    """What the header says of a tensor; it fills bytes ``start`` to ``end`` behind the header."""

    kind: str
    shape: tuple[int, ...]
    start: int
    end: int


@contextmanager
def _safetensors(path: Path, name: str) -> Iterator[tuple[BinaryIO, list[tuple[str, _Entry]]]]:
    """The file, and what its header says; the values start where the file is."""
    kind, saver = "a .safetensors file", "safetensors"
    with opened(path, name, b"", kind, saver) as file:
        head = file.read(8)
        size = int.from_bytes(head, "little")
        text = file.read(size) if size <= MOST_HEADER else b""
        if len(head) < 8 or len(text) != size or not text.startswith(b"{"):
            raise InputError(
                f"{name}: expected {kind}, found something else or a truncated file (it starts "
                f"with {head!r})"
            )
        try:
            pairs = json.loads(text, object_pairs_hook=list)  # a key that comes twice is noticed
            found = [(key, _entry(value)) for key, value in pairs if key != "__metadata__"]
        except (ValueError, TypeError, RecursionError) as error:
            raise InputError(f"{name}: its header is damaged; copy or save it again") from error
        last = 0
        for key, entry in sorted(found, key=lambda each: (each[1].start, each[1].end)):
            if entry.start < last:
                raise InputError(
                    f"{name}: damaged: the values of {brief(key)} overlap others; save it again"
                )
            last = entry.end
        yield file, found


def _entry(pairs: list[tuple[str, object]]) -> _Entry:
    match dict(pairs):
        case {"dtype": str(kind), "shape": list(sizes), "data_offsets": [int(start), int(end)]}:
            if possible((*sizes, start)) and len(sizes) <= MOST_AXES and start <= end:
                return _Entry(kind, tuple(sizes), start, end)
    raise ValueError("an entry of an unknown kind")


def _tensor(file: BinaryIO, path: Path, entry: _Entry, name: str) -> Column:
    if entry.kind not in DTYPES:
        raise InputError(
            f"{name}: expected {', '.join(DTYPES)}, found {brief(entry.kind)}; save it as F32"
        )
    dtype, held, first = DTYPES[entry.kind], entry.end - entry.start, file.tell()
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
    return array_at(file, path, name, first + entry.start, entry.shape, dtype)
