"""What is decoded once, kept in a temporary file where it is much, and read from there by range."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from math import prod
from typing import Any, BinaryIO

import numpy as np

from calibrate.arrays import AnyArray
from calibrate.data.file_array import FileArray
from calibrate.errors import InputError

VARIABLE = "CALIBRATE_SPOOL"
SMALL = 32 << 20  # bytes that are kept in memory

_folder: ContextVar[str | None] = ContextVar("calibrate_spool", default=None)


@contextmanager
def spooling(folder: str | None) -> Iterator[None]:
    """Temporary files of this block go to a folder; None: of ``CALIBRATE_SPOOL``, or the system's.

    Raises:
        InputError: there is no such folder.
    """
    if folder is not None and not os.path.isdir(folder):
        raise InputError(f"`spool`: expected an existing folder, found {folder!r}")
    token = _folder.set(folder)
    try:
        yield
    finally:
        _folder.reset(token)


class Spool:
    """Rows added block by block; their file has no name, so that it is gone after every end.

    On Windows it has one, and is removed when it is closed, also by the end of the process.
    """

    def __init__(
        self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any], expected: int = 0
    ) -> None:
        """Begin.

        Args:
            name: what the user calls the file that is decoded.
            shape, dtype: of a row.
            expected: about how many rows there will be; 0 where that is not known.

        Raises:
            InputError: so many do not fit on the disk.
        """
        self._name, self._shape, self._dtype = name, shape, np.dtype(dtype)
        self._blocks: list[AnyArray] = []
        self._file: BinaryIO | None = None
        self._rows = self._size = 0
        each = self._dtype.itemsize * prod(shape)
        if each * expected > SMALL:
            self._check_room(each * expected)

    @property
    def n_rows(self) -> int:
        return self._rows

    def add(self, rows: AnyArray) -> None:
        """Append ``(n, *shape)`` rows.

        Raises:
            InputError: they do not fit on the disk.
        """
        rows = np.ascontiguousarray(rows, self._dtype)
        self._rows += len(rows)
        self._size += rows.nbytes
        if self._file is None and self._size <= SMALL:
            self._blocks.append(rows)
            return
        try:
            if self._file is None:
                self._file = self._opened()
                for block in self._blocks:
                    self._file.write(block.data)
                self._blocks = []
            self._file.write(rows.data)
        except OSError as error:
            raise self._no_room(f"{error.strerror or error}") from error

    def array(self) -> AnyArray | FileArray:
        """All rows, ``(n, *shape)``, when the last was added."""
        shape = (self._rows, *self._shape)
        if self._file is None:
            return np.concatenate([np.empty((0, *self._shape), self._dtype), *self._blocks])
        try:
            self._file.flush()
        except OSError as error:
            raise self._no_room(f"{error.strerror or error}") from error
        self._file.seek(0)
        with self._file as file:
            return FileArray(file, shape, self._dtype, fortran=False, name=self._name)

    def _opened(self) -> BinaryIO:
        return tempfile.TemporaryFile(dir=self._where, prefix="calibrate-")

    @property
    def _where(self) -> str:
        return _folder.get() or os.environ.get(VARIABLE) or tempfile.gettempdir()

    def _check_room(self, wanted: int) -> None:
        try:
            free = shutil.disk_usage(self._where).free
        except OSError as error:
            raise self._no_room(f"{error.strerror or error}") from error
        if wanted > free:
            sizes = wanted / (1 << 30), free / (1 << 30)
            raise self._no_room("expected about {:.1f} GiB, found {:.1f} GiB free".format(*sizes))

    def _no_room(self, why: str) -> InputError:
        return InputError(
            f"{self._name}: its numbers cannot be kept in the folder {self._where}: {why}; name "
            f"another with `spool` or {VARIABLE}"
        )
