"""A range of one version of a file: an array that is read from it by rows, never mapped.

A mapped file that is cut short while it is used ends the process with SIGBUS and no message, and
one that is written to gives values that were never checked. Here each read is followed by a look
at the file, so that all rows are of the version that was opened, or it is said that they are not
(``calibrate.files.reading`` says what cannot be told).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from threading import Lock
from typing import Any, BinaryIO, Protocol
from weakref import WeakKeyDictionary, finalize

import numpy as np

from calibrate.arrays import AnyArray
from calibrate.errors import InputError
from calibrate.files import Version, changed, check_version, reading, version_of

OPEN = 16  # files that are kept open at once
BFLOAT16 = np.dtype([("bfloat16", "<u2")])  # which numpy does not have; read as float32


class Source(Protocol):
    """Where the bytes of one version of a file come from: picklable if another process can have
    them, too.
    """

    def fill(self, parts: Iterable[tuple[memoryview, int]]) -> None:
        """Read bytes of the file into each buffer, from an offset on.

        Raises:
            InputError: the file is no longer what was opened, or has fewer bytes.
        """


@dataclass(frozen=True)
class FileSpan:
    """A plain array in a file.

    Attributes:
        source: of the bytes.
        offset: of the first byte of the array.
        shape, dtype: as it is stored; ``BFLOAT16`` is read as float32.
        fortran: whether its first axis is the one that varies fastest.
    """

    source: Source
    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool = False

    @property
    def nbytes(self) -> int:
        return self.dtype.itemsize * prod(self.shape)

    def read(self, start: int, stop: int) -> AnyArray:
        """Rows ``start`` to ``stop``, as far as there are such; all of an array without axes.

        Raises:
            InputError: the file is no longer what was opened.
        """
        n = self.shape[0] if self.shape else 1
        start, stop, _ = slice(start, stop).indices(n) if self.shape else (0, 1, 1)
        n_rows, row = max(0, stop - start), self.shape[1:]
        lines = prod(row) if self.fortran else 1
        found = np.empty((lines, n_rows, prod(row) // max(1, lines)), self.dtype)
        if found.nbytes:
            step, each = found.nbytes // lines, self.nbytes // lines // n
            first = self.offset + start * each
            view = found.reshape(-1).view(np.uint8).data
            self.source.fill(
                (view[i * step : (i + 1) * step], first + i * n * each) for i in range(lines)
            )
        values = widened(found)
        if not self.shape:
            return values.reshape(())
        if self.fortran:
            values = values.reshape(*row[::-1], n_rows).T
        return values.reshape(n_rows, *row)


def widened(values: AnyArray) -> AnyArray:
    """Return float32 for bfloat16, whose bits are the upper half of it; anything else as it is."""
    if values.dtype.names != BFLOAT16.names:
        return values
    bits = values["bfloat16"].astype(np.uint32)
    bits <<= 16
    found: AnyArray = bits.view(np.float32)
    return found


class LocalFile:
    """One version of a file of this machine.

    It is opened when it is first read from, here or in another process, and again where others were
    read from in the meantime. A file that is replaced by another one of the same name is read to
    its end for as long as it stays open.
    """

    def __init__(self, path: str | None, name: str, version: Version | None) -> None:
        """A file that is not open yet.

        Args:
            path: of the file; None for a temporary one, which cannot be opened again.
            name: what the user calls it.
            version: that was seen.
        """
        self.path, self.name, self.version = path, name, version
        self._handle: _Handle | None = None

    @staticmethod
    def of(file: BinaryIO, path: str | None, name: str) -> LocalFile:
        """Return the source of an open file, which may be closed then."""
        handle = _Handle(file)
        found = LocalFile(path, name, handle.version)
        found._keep(handle)
        return found

    def fill(self, parts: Iterable[tuple[memoryview, int]]) -> None:
        """Read bytes of the file into each buffer, from an offset on.

        Raises:
            InputError: the file is no longer what was opened, or has fewer bytes.
        """
        handle = self._handle or self._opened()
        whole = all(_filled(handle.number, view, offset) for view, offset in parts)
        check_version(handle.number, handle.version, self.name)
        if not whole:  # cut short, on a lying file system
            raise changed(self.name)

    def _opened(self) -> _Handle:
        if self.path is None:
            raise changed(self.name)
        try:
            with reading(self.path, self.name) as file:
                handle = _Handle(file)
        except OSError as error:
            raise InputError(f"{self.name}: cannot be read: {error.strerror or error}") from error
        if handle.version is None or self.version is None:
            raise changed(self.name)
        if not handle.version.is_like(self.version):
            raise changed(self.name)
        self._keep(handle)
        return handle

    def _keep(self, handle: _Handle) -> None:
        self._handle = handle
        if self.path is None:
            return
        with _lock:
            _kept[self] = None
            while len(_kept) > OPEN:
                oldest = next(iter(_kept))
                del _kept[oldest]
                oldest._handle = None  # closed as soon as nobody reads from it

    def __reduce__(self) -> tuple[type[LocalFile], tuple[str, str, Version | None]]:
        if self.path is None:
            raise TypeError(f"{self.name}: a temporary file is of one process")
        return LocalFile, (self.path, self.name, self.version)


class _Handle:
    """An open file, closed with the last reference to it."""

    def __init__(self, file: BinaryIO) -> None:
        self.number = os.dup(file.fileno())
        self.version = version_of(self.number)
        finalize(self, os.close, self.number)


_kept: WeakKeyDictionary[LocalFile, None] = WeakKeyDictionary()  # the one opened last at the end
_lock = Lock()


def _filled(handle: int, view: memoryview, offset: int) -> bool:
    """Whether a buffer could be filled from a file: it ends before, otherwise."""
    while len(view):
        found = _read_into(handle, view, offset)  # 2 GiB at most, or less when it is interrupted
        if not found:
            return False
        view, offset = view[found:], offset + found
    return True


if hasattr(os, "preadv"):

    def _read_into(handle: int, view: memoryview, offset: int) -> int:
        return os.preadv(handle, [view], offset)

else:  # Windows: one at a time

    def _read_into(handle: int, view: memoryview, offset: int) -> int:
        with _lock:
            os.lseek(handle, offset, os.SEEK_SET)
            found = os.read(handle, min(len(view), 1 << 30))
        view[: len(found)] = found
        return len(found)
