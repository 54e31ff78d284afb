"""What is decoded once, kept in a temporary file where it is much, and read from there by range."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from math import prod
from threading import Lock
from typing import Any, BinaryIO

import numpy as np

from calibrate.arrays import AnyArray
from calibrate.data.column import Column, in_file, in_memory
from calibrate.data.file_span import FileSpan, LocalFile
from calibrate.errors import InputError
from calibrate.text import brief

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

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._dtype

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

    def column(self) -> Column:
        """Return the column of all rows, ``(n, *shape)``, when the last was added."""
        shape = (self._rows, *self._shape)
        if self._file is None:
            blocks = [np.empty((0, *self._shape), self._dtype), *self._blocks]
            return in_memory(np.concatenate(blocks), self._name)
        try:
            self._file.flush()
        except OSError as error:
            raise self._no_room(f"{error.strerror or error}") from error
        with self._file as file:
            source = LocalFile.of(file, None, self._name)
            return in_file(FileSpan(source, 0, shape, self._dtype), self._name)

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


# Values of which few are different, such as text labels: the number of each in a list.


MOST_DIFFERENT = 1 << 20
BLOCK = 1 << 20  # rows that are copied at once


class Coder:
    """Texts as they are met -> codes."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._codes: dict[str, int] = {}
        self._spool = Spool(name, (), np.dtype(np.int32))

    @property
    def n_rows(self) -> int:
        return self._spool.n_rows

    def add(self, texts: Sequence[str]) -> None:
        """Append texts, without the space around them.

        Raises:
            InputError: they are too many different ones.
        """
        self._spool.add(self._coded(texts))

    def extend(self, column: Column) -> None:
        """Append texts that are codes of others.

        Raises:
            InputError: they are too many different ones.
        """
        codes = self._coded(column.categories or ())
        for start in range(0, column.shape[0], BLOCK):
            self._spool.add(codes[column.read(start, start + BLOCK)])

    def _coded(self, texts: Sequence[str]) -> AnyArray:
        """The code of each text."""
        known = self._codes
        found = [known.setdefault(text.strip(), len(known)) for text in texts]
        if len(known) > MOST_DIFFERENT:
            raise InputError(
                f"{self._name}: expected labels, found more than {MOST_DIFFERENT:,} different ones "
                f"in one column, such as {brief(texts[-1])}; save them as numbers with numpy.save"
            )
        return np.array(found, np.int32)

    def column(self) -> Column:
        """Return the column of all of them, as codes and what these stand for."""
        return replace(self._spool.column(), categories=tuple(self._codes))


def decoded(
    name: str,
    blocks: Iterable[AnyArray],
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    expected: int = 0,
) -> Column:
    """Return the column of blocks of rows, each decoded once and kept in memory where they are
    few, else in one temporary file.

    Args:
        name: what the user called the file that is decoded.
        blocks: ``(n, *shape)`` each.
        shape, dtype: of a row.
        expected: about how many rows there will be; 0 where that is not known.

    Raises:
        InputError: so many do not fit on the disk.
    """
    spool = Spool(name, shape, dtype, expected)
    for block in blocks:
        spool.add(block)
    return spool.column()


def decoded_texts(name: str, blocks: Iterable[Sequence[str]]) -> Column:
    """Return the column of texts, ``(n,)`` codes and what these stand for, without the space around
    each.

    Raises:
        InputError: they are too many different ones, or do not fit on the disk.
    """
    coder = Coder(name)
    for block in blocks:
        coder.add(block)
    return coder.column()


class Again:
    """The rows of a column that another process opens again by its address, when it needs them."""

    def __init__(self, opener: Callable[[], Column], column: Column | None = None) -> None:
        """Begin; ``opener`` is a picklable value, ``column`` what it has given here."""
        self._opener, self._column, self._lock = opener, column, Lock()

    def read(self, start: int, stop: int) -> AnyArray:
        """Return rows ``start`` to ``stop``."""
        with self._lock:
            if self._column is None:
                self._column = self._opener()
        return self._column.read(start, stop)

    def __reduce__(self) -> tuple[type[Again], tuple[Callable[[], Column]]]:
        return Again, (self._opener,)
