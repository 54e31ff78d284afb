"""An array in a file, read by ranges of rows, never mapped."""

from __future__ import annotations

import os
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from math import prod
from threading import Lock
from typing import Any, BinaryIO
from weakref import finalize

import numpy as np

from calibrate.arrays import AnyArray, Index
from calibrate.files import Version, changed, check_version, reading, version_of

SKIP = 1 << 14  # bytes between rows that are cheaper to read than to leave out
IN_MEMORY = 1 << 28  # bytes up to which an array in Fortran order is read at once
BFLOAT16 = np.dtype([("bfloat16", "<u2")])  # which numpy does not have; read as float32


class FileArray:
    """A plain array of rank 1 or more in an open file, of which nothing is kept in memory.

    It is read into memory of its own: a mapped file that is cut short while it is used ends the
    process with SIGBUS and no word, and one that is written to gives what nobody has checked. Here
    each read is followed by a look at the file, so that all rows are of the version that was
    opened, or it is said that they are not (``calibrate.files.reading`` says what cannot be told).
    A file that is replaced by another one of the same name is read to its end.

    Attributes:
        shape, dtype: of the array that is read.
    """

    def __init__(
        self,
        file: BinaryIO,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        *,
        fortran: bool,
        name: str,
    ) -> None:
        """The array that starts where ``file`` is; ``name`` is what the user calls it."""
        self.shape, self._stored, self._name = shape, dtype, name
        self.dtype = widened(np.empty(0, dtype)).dtype
        self._lines = prod(shape[1:]) if fortran and len(shape) > 1 else 1
        self._row = dtype.itemsize * prod(shape[1:]) // self._lines  # bytes in each line
        self._start = file.tell()
        self._handle = os.dup(file.fileno())
        self._version = version_of(self._handle)
        finalize(self, os.close, self._handle)
        self._opener: FileArray | None = None

    @property
    def spot(self) -> Spot:
        """By which it is opened again."""
        fortran = self._lines > 1
        return Spot(self.shape, self._stored, self._start, fortran, self._name, self._version)

    def is_of(self, version: Version) -> bool:
        """Whether this lies in a file of this version, not in a temporary one."""
        return self._version == version

    def __getitem__(self, rows: slice) -> AnyArray:
        """The rows of a range, read-only.

        Raises:
            InputError: the file is no longer what was opened.
        """
        start, stop, _ = rows.indices(self.shape[0])
        return self._shaped(self._read([(start, max(start, stop))]))

    def part(self, start: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> FileArray:
        """Another array in C order in the same version of the same file, from a byte on."""
        found = copy(self)
        found.shape, found._stored, found.dtype = shape, dtype, dtype
        found._start, found._lines, found._row = start, 1, dtype.itemsize * prod(shape[1:])
        found._opener = self._opener or self  # which closes the file when nobody reads it any more
        return found

    def take(self, rows: Index) -> AnyArray:
        """The rows of these ascending numbers; what lies between them is left out where it is much.

        Raises:
            InputError: the file is no longer what was opened.
        """
        if not len(rows):
            return self[0:0]
        breaks = np.flatnonzero(np.diff(rows) * self._row > SKIP) + 1
        firsts, lasts = rows[np.r_[0, breaks]], rows[np.r_[breaks - 1, len(rows) - 1]]
        lengths = lasts - firsts + 1
        moved = firsts - np.r_[0, np.cumsum(lengths)[:-1]]  # from where they are to where they were
        each = np.diff(np.r_[0, breaks, len(rows)])
        found = self._read(list(zip(firsts.tolist(), (lasts + 1).tolist(), strict=True)))
        return self._shaped(found[:, rows - np.repeat(moved, each)])

    def fill(self, rows: AnyArray, start: int) -> None:
        """Read the rows from ``start`` into a contiguous array of a dtype that holds them.

        Raises:
            InputError: the file is no longer what was opened.
        """
        if _preadv is None or self._lines > 1 or rows.dtype != self._stored or not rows.nbytes:
            rows[...] = self[start : start + len(rows)]
            return
        view, offset = rows.reshape(-1).view(np.uint8).data, self._start + start * self._row
        while len(view) and (found := _preadv(self._handle, [view], offset)):
            view, offset = view[found:], offset + found
        check_version(self._handle, self._version, self._name)
        if len(view):  # cut short, on a lying file system
            raise changed(self._name)

    def _read(self, ranges: list[tuple[int, int]]) -> AnyArray:
        """The bytes of ranges of rows, ``(lines, rows, bytes)``."""
        line = self.shape[0] * self._row
        parts = [
            _read_at(self._handle, (stop - start) * self._row, offset + start * self._row)
            for offset in range(self._start, self._start + self._lines * line, line)
            for start, stop in ranges
        ]
        check_version(self._handle, self._version, self._name)
        content = np.frombuffer(parts[0] if len(parts) == 1 else b"".join(parts), np.uint8)
        total = sum(stop - start for start, stop in ranges)
        if content.size != self._lines * total * self._row:  # cut short, on a lying file system
            raise changed(self._name)
        return content.reshape(self._lines, total, self._row)

    def _shaped(self, content: AnyArray) -> AnyArray:
        """The bytes of rows as an array of rows."""
        n_rows = content.shape[1]
        values = widened(content.reshape(-1).view(self._stored))
        if self._lines > 1:
            values = values.reshape(*self.shape[:0:-1], n_rows).T
        return values.reshape(n_rows, *self.shape[1:])


@dataclass(frozen=True)
class Spot:
    """Where an array is in a file, so that it can be opened again without its format being read.

    Attributes:
        shape, dtype: of the array as it is stored.
        start: its first byte.
        fortran: its order.
        name: what the user calls it.
        version: of the file.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    start: int
    fortran: bool
    name: str
    version: Version | None

    def open(self, path: str) -> FileArray:
        """The array in the file of a path.

        Raises:
            InputError: the file is another one, or was written to.
            OSError: it cannot be opened.
        """
        with reading(path, self.name) as file:
            found = version_of(file.fileno())
            if found is None or self.version is None or not found.is_like(self.version):
                raise changed(self.name)
            file.seek(self.start)
            return FileArray(file, self.shape, self.dtype, fortran=self.fortran, name=self.name)


def array_at(
    file: BinaryIO, shape: tuple[int, ...], dtype: np.dtype[Any], *, fortran: bool, name: str
) -> AnyArray | FileArray:
    """The whole array that starts where ``file`` is, read by range unless it is small or odd."""
    size = dtype.itemsize * prod(shape)
    if not size:
        return widened(np.empty(shape, dtype))
    if not shape or (fortran and size <= IN_MEMORY):  # whose rows lie in many places
        return widened(np.frombuffer(file.read(size), dtype).reshape(shape, order="F"))
    return FileArray(file, shape, dtype, fortran=fortran, name=name)


def widened(values: AnyArray) -> AnyArray:
    """float32 for bfloat16, whose bits are the upper half of it; anything else as it is."""
    if values.dtype.names != BFLOAT16.names:
        return values
    bits = values["bfloat16"].astype(np.uint32)
    bits <<= 16
    found: AnyArray = bits.view(np.float32)
    return found


def _read_at(handle: int, size: int, offset: int) -> bytes:
    """Bytes of a file; fewer at its end."""
    found = _pread(handle, size, offset)
    while 0 < len(found) < size:  # the system gives 2 GiB at once, or less when it is interrupted
        more = _pread(handle, size - len(found), offset + len(found))
        if not more:
            break
        found += more
    return found


_preadv = getattr(os, "preadv", None)  # not on Windows

if hasattr(os, "pread"):
    _pread = os.pread
else:  # Windows: one at a time
    _alone = Lock()

    def _pread(handle: int, size: int, offset: int) -> bytes:
        with _alone:
            os.lseek(handle, offset, os.SEEK_SET)
            return os.read(handle, size)


# Arrays one behind the other, or side by side, read as one.


class Stacked:
    """The rows of several arrays, one behind the other; or, with ``axis=1``, their columns.

    Attributes:
        shape, dtype: of the whole.
    """

    def __init__(self, parts: Sequence[AnyArray | FileArray], *, axis: int = 0) -> None:
        """Join one array or more, of the same dtype and of shapes that differ along ``axis``."""
        self._parts, self._axis = parts, axis
        self._starts: Index = np.cumsum([0, *(part.shape[axis] for part in parts)])
        shape = [*parts[0].shape]
        shape[axis] = int(self._starts[-1])
        self.shape: tuple[int, ...] = tuple(shape)
        self.dtype: np.dtype[Any] = parts[0].dtype

    def __getitem__(self, rows: slice) -> AnyArray:
        """The rows of a range."""
        if self._axis:
            return np.concatenate([part[rows] for part in self._parts], axis=1)
        start, stop, _ = rows.indices(self.shape[0])
        first, last = np.searchsorted(self._starts, (start, max(start, stop - 1)), "right") - 1
        found = [
            self._parts[i][max(0, start - self._starts[i]) : max(0, stop - self._starts[i])]
            for i in range(first, min(last, len(self._parts) - 1) + 1)
        ]
        return found[0] if len(found) == 1 else self._together(found)

    def take(self, rows: Index) -> AnyArray:
        """The rows of these ascending numbers."""
        if self._axis:
            return np.concatenate([_taken(part, rows) for part in self._parts], axis=1)
        ends = np.searchsorted(rows, self._starts)
        return self._together(
            [
                _taken(self._parts[i], rows[ends[i] : ends[i + 1]] - self._starts[i])
                for i in np.flatnonzero(np.diff(ends)).tolist()
            ]
        )

    def _together(self, found: list[AnyArray]) -> AnyArray:
        return np.concatenate([np.empty((0, *self.shape[1:]), self.dtype), *found])


def _taken(part: AnyArray | FileArray, rows: Index) -> AnyArray:
    return part[rows] if isinstance(part, np.ndarray) else part.take(rows)
