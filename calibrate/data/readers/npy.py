"""The .npy format: read by range, never unpickled."""

from __future__ import annotations

import os
import warnings
from math import prod
from pathlib import Path
from typing import IO, Any, BinaryIO, Literal

import numpy as np
from numpy.lib import format as npy

from calibrate.arrays import AnyArray
from calibrate.data.file_array import FileArray, array_at
from calibrate.errors import InputError
from calibrate.files import reading

MAGIC = b"\x93NUMPY"
MOST_AXES = 32  # numpy has no more than 64, and one is added here and there

Order = Literal["F", "C"]


def keys(_: Path) -> None:
    """A .npy file holds one array, without a name."""


def read(path: Path, _: str | None, name: str) -> AnyArray | FileArray:
    """The array in a .npy file, read by range.

    Raises:
        InputError: the file is not a whole .npy file of plain numbers.
    """
    with reading(path, name) as file:
        return array_in(file, 0, file.seek(0, os.SEEK_END), name)


def array_in(file: BinaryIO, start: int, end: int, name: str) -> AnyArray | FileArray:
    """The .npy content that fills bytes ``start`` to ``end`` of a file, read by range."""
    file.seek(start)
    shape, order, dtype = read_header(file, name)
    check_whole(shape, dtype, end - file.tell(), name)
    return array_at(file, shape, dtype, fortran=order == "F", name=name)


def possible(shape: tuple[object, ...]) -> bool:
    """Whether an array can have a shape, without a size that overflows."""
    sizes = [size for size in shape if type(size) is int and 0 <= size < 1 << 48]
    return len(sizes) == len(shape) and prod(size or 1 for size in sizes) < 1 << 60


def check_whole(shape: tuple[int, ...], dtype: np.dtype[Any], found: int, name: str) -> None:
    """Raise InputError where fewer bytes than these were found behind a header."""
    expected = dtype.itemsize * prod(shape)
    if found < expected:
        raise InputError(
            f"{name}: truncated: its header promises {expected:,} bytes of {dtype} {shape}, "
            f"found {found:,}; copy or save it again"
        )


def read_header(file: IO[bytes], name: str) -> tuple[tuple[int, ...], Order, np.dtype[Any]]:
    """Shape, order and dtype from the header at the position of ``file``.

    Raises:
        InputError: there is no such header, or the array is not one of plain numbers.
    """
    start = file.read(len(MAGIC))
    if not start:
        raise InputError(f"{name}: expected a .npy array, found an empty file")
    if start != MAGIC:
        raise InputError(
            f"{name}: expected a .npy array, found something else (it starts with {start!r}); "
            "save it with numpy.save"
        )
    file.seek(-len(MAGIC), 1)
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
    return shape, "F" if fortran else "C", dtype
