"""The .h5 and .hdf5 formats: read by range where values lie together, else decoded once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import h5py
import numpy as np

from calibrate.arrays import AnyArray
from calibrate.data.columns import Opened
from calibrate.data.file_array import FileArray, Stacked, array_at
from calibrate.data.readers.contents import (
    MOST_ARRAYS,
    MOST_AXES,
    MOST_DEPTH,
    check_unpacked,
    chosen,
)
from calibrate.data.spool import CodedArray, Coder, Spool
from calibrate.errors import InputError
from calibrate.files import reading
from calibrate.text import cut

MAGIC = b"\x89HDF\r\n\x1a\n"
SAVER = "h5py, as numbers"
AT_ONCE = 16 << 20  # bytes of rows that are decoded at once
MOST_AT_ONCE = 128 << 20  # the same, where so many are packed together
MOST_PARTS = 10_000  # chunks that are read in place
MOST_CHUNK = 1 << 30  # bytes that are packed together
FILTERS = {  # those within the library itself; any other is code that would be looked for
    h5py.h5z.FILTER_DEFLATE,
    h5py.h5z.FILTER_SHUFFLE,
    h5py.h5z.FILTER_FLETCHER32,
    h5py.h5z.FILTER_SZIP,
    h5py.h5z.FILTER_NBIT,
    h5py.h5z.FILTER_SCALEOFFSET,
    h5py.h5z.FILTER_LZF,
}


def keys(path: Path) -> list[str]:
    """The paths of the arrays in a file."""
    name = str(path)
    with _opened(path, name) as (_, held):
        return [key for key, kind in _found(held, name) if kind is None]


def read(path: Path, key: str, name: str) -> Opened:
    """One array of a file: read by range where that can be, else decoded once.

    Raises:
        InputError: it is no whole HDF5 file, or has no such array of plain numbers or texts in it.
    """
    file_name, key = name.removesuffix(f":{key}"), key.strip("/")
    with _opened(path, file_name) as (file, held):
        found = _found(held, file_name)
        elsewhere = next((kind for each, kind in found if each == key), None)
        if elsewhere is not None:
            raise InputError(f"{file_name}:{key}: {elsewhere}; name the array itself")
        chosen([(each, each) for each, kind in found if kind is None], key, file_name)
        name = f"{file_name}:{key}"
        dataset = held[key]
        _check(dataset, name)
        if dataset.dtype.kind in "SO":
            return _texts(dataset, name)
        return _numbers(dataset, file, name)


@contextmanager
def _opened(path: Path, name: str) -> Iterator[tuple[BinaryIO, h5py.File]]:
    """The file, and what is in it; whatever is wrong is one line."""
    with reading(path, name) as file:
        start = file.read(len(MAGIC))
        if not start:
            raise InputError(f"{name}: expected an HDF5 file, found an empty file")
        try:
            with h5py.File(file, "r") as held:
                yield file, held
        except (InputError, MemoryError):
            raise
        except Exception as error:  # of h5py: OSError, RuntimeError, KeyError, TypeError and more
            other = "" if start == MAGIC else f" (it starts with {start!r})"
            raise InputError(
                f"{name}: expected a whole HDF5 file, found a damaged one or something else{other} "
                f"({cut(str(error))}); save it again with {SAVER}"
            ) from error


def _found(held: h5py.File, name: str) -> list[tuple[str, str | None]]:
    """The paths of all arrays, and of links, with where each leads; groups are opened once.

    Links are not followed: they may lead to other files.
    """
    found: list[tuple[str, str | None]] = []
    seen, left = {_address(held)}, [(held["/"], "")]
    while left:
        group, head = left.pop()
        for each in group:
            key = head + each
            if len(found) + len(left) > MOST_ARRAYS or key.count("/") > MOST_DEPTH:
                raise InputError(f"{name}: expected at most {MOST_ARRAYS:,} arrays, found more")
            link = group.get(each, getlink=True)
            if isinstance(link, h5py.ExternalLink):
                where = f"{cut(link.path)} in the file {cut(link.filename)}"
                found.append((key, f"a link to {where}, which is not followed"))
            elif isinstance(link, h5py.SoftLink):
                found.append((key, f"a link to {cut(link.path)}, which is not followed"))
            elif isinstance(link, h5py.HardLink):
                item = group[each]
                if isinstance(item, h5py.Dataset):
                    found.append((key, None))
                elif isinstance(item, h5py.Group) and _address(item) not in seen:
                    seen.add(_address(item))
                    left.append((item, f"{key}/"))
    if not any(kind is None for _, kind in found):
        links = f"; {found[0][0]} is {found[0][1]}" if found else ""
        raise InputError(f"{name}: expected an array, found none in it{links}")
    return sorted(found)


def _address(item: Any) -> object:
    return h5py.h5o.get_info(item.id).addr


def _check(dataset: h5py.Dataset, name: str) -> None:
    """Raise InputError for what is in other files, needs code that is not here, or is no array."""
    if dataset.is_virtual:
        raise InputError(f"{name}: a virtual dataset, whose values are in other files; save them")
    if dataset.external:
        where = cut(str(dataset.external[0][0]))
        raise InputError(f"{name}: its values are in another file, {where}; save them in this one")
    made = dataset.id.get_create_plist()
    for code, _, _, title in (made.get_filter(i) for i in range(made.get_nfilters())):
        if code not in FILTERS:
            title = title.decode(errors="replace") if isinstance(title, bytes) else title
            raise InputError(
                f"{name}: packed by the filter {code} ({cut(str(title)) or 'no name'}), which "
                "would be loaded as a plugin; save it with gzip or without compression"
            )
    if dataset.shape is None:
        raise InputError(f"{name}: expected an array, found an empty one without a shape")
    if len(dataset.shape) > MOST_AXES:
        raise InputError(f"{name}: expected at most {MOST_AXES} axes, found {dataset.ndim}")
    chunk = prod(dataset.chunks or (0,)) * dataset.dtype.itemsize
    if chunk > MOST_CHUNK:
        raise InputError(
            f"{name}: expected chunks of at most {MOST_CHUNK >> 30} GiB, found one of "
            f"{chunk / (1 << 30):.1f} GiB; save it with smaller chunks"
        )
    text = h5py.check_string_dtype(dataset.dtype) is not None
    if dataset.dtype.kind not in "biuf" and not (text and dataset.ndim == 1):
        kind = "references" if h5py.check_ref_dtype(dataset.dtype) else str(dataset.dtype)
        kind = "lists of various lengths" if h5py.check_vlen_dtype(dataset.dtype) else kind
        kind = "texts of more than one axis" if text else f"numbers, found {cut(kind)}"
        raise InputError(f"{name}: expected {kind}; save logits and labels as plain arrays")


def _numbers(dataset: h5py.Dataset, file: BinaryIO, name: str) -> Opened:
    """Values in place where they lie together as numpy has them."""
    shape, dtype, offset = dataset.shape, dataset.dtype, dataset.id.get_offset()
    plain = dataset.id.get_type().equal(h5py.h5t.py_create(dtype, logical=True))
    if offset is not None and dataset.chunks is None and plain:
        if offset + prod(shape) * dtype.itemsize > file.seek(0, os.SEEK_END):
            raise InputError(f"{name}: truncated; copy or save it again")
        file.seek(offset)
        return array_at(file, shape, np.dtype(dtype.str), fortran=False, name=name)
    size = os.fstat(file.fileno()).st_size
    check_unpacked(prod(shape) * dtype.itemsize, size, name)
    lying = _chunks_in_place(dataset, file, name) if plain else None
    if lying is not None:
        return lying
    if not shape:
        return np.asarray(dataset[()])
    spool = Spool(name, shape[1:], np.dtype(dtype.str), shape[0])
    for start, stop in _ranges(dataset):
        spool.add(dataset[start:stop])
    return spool.array()


def _chunks_in_place(dataset: h5py.Dataset, file: BinaryIO, name: str) -> Stacked | None:
    """Whole rows in chunks that are not packed; None where they are, or are too many."""
    shape, chunks, held = dataset.shape, dataset.chunks, dataset.id
    if not chunks or chunks[1:] != shape[1:] or held.get_create_plist().get_nfilters():
        return None
    n = held.get_num_chunks()
    if not 0 < n == -(-shape[0] // chunks[0]) <= MOST_PARTS:
        return None
    dtype, end = np.dtype(dataset.dtype.str), file.seek(0, os.SEEK_END)
    file.seek(0)
    content = FileArray(file, (end,), np.dtype(np.uint8), fortran=False, name=name)
    found = sorted((held.get_chunk_info(i) for i in range(n)), key=lambda each: each.chunk_offset)
    parts: list[AnyArray | FileArray] = []
    for each in found:
        rows = min(chunks[0], shape[0] - each.chunk_offset[0])
        if each.byte_offset + each.size > end or each.size != prod(chunks) * dtype.itemsize:
            raise InputError(f"{name}: truncated or damaged; copy or save it again")
        parts.append(content.part(each.byte_offset, (rows, *shape[1:]), dtype))
    return Stacked(parts)


def _texts(dataset: h5py.Dataset, name: str) -> CodedArray:
    coder = Coder(name)
    try:
        for start, stop in _ranges(dataset):
            coder.add(dataset.asstr("utf-8")[start:stop].tolist())
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: expected text in UTF-8: {error}") from error
    return coder.array()


def _ranges(dataset: h5py.Dataset) -> Iterator[tuple[int, int]]:
    """Rows to decode at once: whole chunks, as far as these are not too many."""
    n_rows = dataset.shape[0]
    each = max(1, prod(dataset.shape[1:]) * max(8, dataset.dtype.itemsize))
    high = (dataset.chunks or (1,))[0]
    step = max(1, AT_ONCE // (each * high)) * high
    if step * each > MOST_AT_ONCE:
        step = max(1, MOST_AT_ONCE // each)
    for start in range(0, n_rows, step):
        yield start, min(n_rows, start + step)
