"""Columns of what readers give that do not give columns yet; gone with the last of them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from os import fdopen
from pathlib import Path

import numpy as np

from calibrate.arrays import AnyArray
from calibrate.data.column import Column, in_file, in_memory
from calibrate.data.decoded import CodedArray
from calibrate.data.file_array import FileArray, Stacked
from calibrate.data.file_span import FileSpan, LocalFile
from calibrate.files import Version

Opened = AnyArray | FileArray | Stacked | CodedArray


def column_of(array: Opened, path: Path, name: str) -> Column:
    """The column of an array in a file or folder."""
    if isinstance(array, np.ndarray):
        return in_memory(array, name)
    if isinstance(array, CodedArray):
        codes = column_of(array.codes, path, name)
        return replace(codes, categories=tuple(array.values.tolist()))
    if isinstance(array, Stacked):
        parts = [column_of(each, path, name) for each in array._parts]
        if not array._axis:
            return Column.concat(parts)
        read = partial(_side_by_side, [each.read for each in parts])
        return replace(parts[0], shape=array.shape, dtype=array.dtype, read=read)
    own = array.is_of(Version.of(path.stat()))
    with fdopen(array._handle, "rb", closefd=False) as file:
        source = LocalFile.of(file, str(path) if own else None, name)
    fortran = array._lines > 1
    return in_file(FileSpan(source, array._start, array.shape, array._stored, fortran), name)


def _side_by_side(reads: list, start: int, stop: int) -> AnyArray:  # type: ignore[type-arg]  # gone soon
    return np.concatenate([read(start, stop) for read in reads], axis=1)
