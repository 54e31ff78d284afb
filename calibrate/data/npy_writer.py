"""Stream rows into a .npy file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

from calibrate.blocks.block import AnyArray


def write_npy(
    file: BinaryIO, shape: tuple[int, ...], dtype: np.dtype[Any], blocks: Iterable[AnyArray]
) -> None:
    """Write the header of a C-ordered array, then its rows block by block."""
    header = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    npy.write_array_header_1_0(file, header)
    for block in blocks:
        file.write(np.ascontiguousarray(block, dtype=dtype).data)
