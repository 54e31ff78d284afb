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

from calibrate.data.column import Column, in_file, in_memory
from calibrate.data.decoded import decoded, decoded_texts
from calibrate.data.file_span import FileSpan, LocalFile
from calibrate.data.readers.contents import (
    MOST_ARRAYS,
    MOST_AXES,
    MOST_DEPTH,
    array_at,
    check_unpacked,
    chosen,
    opened,
)
from calibrate.data.readers.registry import Format, Request
from calibrate.errors import InputError
from calibrate.text import cut

FORMATS = (Format((".h5", ".hdf5"), words="HDF5 file", magic=b"\x89HDF\r\n\x1a\n", extra="hdf5"),)

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


def keys(path: Path, request: Request) -> list[str]:
    """The paths of the arrays in a file."""
    with _opened(path, request.file) as (_, held):
        return [key for key, kind in _found(held, request.file) if kind is None]


def open(path: Path, key: str | None, request: Request) -> Column:
    """One array of a file: read by range where that can be, else decoded once.

    Raises:
        InputError: it is no whole HDF5 file, or has no such array of plain numbers or texts in it.
    """
    key = (key or "").strip("/")
    name = f"{request.file}:{key}"
    with _opened(path, request.file) as (file, held):
        found = _found(held, request.file)
        elsewhere = next((kind for each, kind in found if each == key), None)
        if elsewhere is not None:
            raise InputError(f"{name}: {elsewhere}; name the array itself")
        chosen([(each, each) for each, kind in found if kind is None], key, request.file)
        dataset = held[key]
        _check(dataset, name)
        shape, dtype, offset = dataset.shape, dataset.dtype, dataset.id.get_offset()
        if dtype.kind in "SO":
            strings = dataset.asstr("utf-8")
            return decoded_texts(name, (strings[a:b].tolist() for a, b in _ranges(dataset)))
        size, numbers = file.seek(0, os.SEEK_END), prod(shape) * dtype.itemsize
        plain = dataset.id.get_type().equal(h5py.h5t.py_create(dtype, logical=True))
        dtype = np.dtype(dtype.str)
        if offset is not None and dataset.chunks is None and plain:
            if offset + numbers > size:
                raise InputError(f"{name}: truncated; copy or save it again")
            return array_at(file, path, name, offset, shape, dtype)
        check_unpacked(numbers, size, name)
        if plain and dataset.chunks and dataset.chunks[1:] == shape[1:]:
            spans = _stored_chunks(dataset, LocalFile.of(file, str(path), name), size, name)
            if spans:
                return Column.concat([in_file(span, name) for span in spans])
        if not shape:
            return in_memory(np.asarray(dataset[()]), name)
        blocks = (dataset[start:stop] for start, stop in _ranges(dataset))
        return decoded(name, blocks, shape[1:], dtype, shape[0])


def _stored_chunks(dataset: h5py.Dataset, source: LocalFile, end: int, name: str) -> list[FileSpan]:
    """Chunks of whole rows in their order; none where they are packed, missing or too many."""
    high, n_rows, held = dataset.chunks[0], dataset.shape[0], dataset.id
    n, dtype = held.get_num_chunks(), np.dtype(dataset.dtype.str)
    if held.get_create_plist().get_nfilters() or not 0 < n == -(-n_rows // high) <= MOST_PARTS:
        return []
    found = sorted((held.get_chunk_info(i) for i in range(n)), key=lambda each: each.chunk_offset)
    size = prod(dataset.chunks) * dtype.itemsize
    if any(each.byte_offset + size > end or each.size != size for each in found):
        raise InputError(f"{name}: truncated or damaged; copy or save it again")
    starts = (each.chunk_offset[0] for each in found)
    shapes = [(min(high, n_rows - start), *dataset.shape[1:]) for start in starts]
    return [
        FileSpan(source, each.byte_offset, shape, dtype)
        for each, shape in zip(found, shapes, strict=True)
    ]


@contextmanager
def _opened(path: Path, name: str) -> Iterator[tuple[BinaryIO, h5py.File]]:
    """The file, which may start with a block of its user, and what is in it."""
    kind, saver = "a whole HDF5 file", "h5py, as numbers"
    with opened(path, name, b"", kind, saver) as file, h5py.File(file, "r") as held:
        yield file, held


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
