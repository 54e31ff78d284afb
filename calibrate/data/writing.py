"""Stream rows into a .npy file."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

from calibrate.arrays import AnyArray
from calibrate.files import writing


def write_npy(
    file: BinaryIO, shape: tuple[int, ...], dtype: np.dtype[Any], blocks: Iterable[AnyArray]
) -> None:
    """Write the header of a C-ordered array, then its rows block by block."""
    header = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    npy.write_array_header_1_0(file, header)
    for block in blocks:
        file.write(np.ascontiguousarray(block, dtype=dtype).data)


def write_npy_to(
    target: str, shape: tuple[int, ...], dtype: str, blocks: Iterable[AnyArray]
) -> None:
    """The same to a file, whole or not at all; ``-`` is stdout."""
    if target == "-":
        write_npy(sys.stdout.buffer, shape, np.dtype(dtype), blocks)
        return
    with writing(target) as file:
        write_npy(file, shape, np.dtype(dtype), blocks)


# Stream numbers into a .csv of one column.


def write_column_to(target: str, title: str, blocks: Iterable[AnyArray]) -> None:
    """The title, then a number to a line, to its own digits; whole or not at all."""
    with writing(target) as file:
        file.write(f"{title}\n".encode())
        for block in blocks:
            file.write("".join(f"{value!r}\n" for value in block.tolist()).encode())
