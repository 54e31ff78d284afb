"""What is decoded once, kept in a temporary file where it is much, and read from there by range."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from math import prod
from typing import Any, BinaryIO

import numpy as np

from calibrate.arrays import AnyArray, Index
from calibrate.data.file_array import FileArray
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


# Values of which few are different, such as text labels: the number of each in a list.


MOST_DIFFERENT = 1 << 20
BLOCK = 1 << 20  # rows that are copied at once
MOST_FILLED = 1 << 30  # bytes that texts take once each is as long as the longest


class CodedArray:
    """``(n,)`` values as their codes.

    Attributes:
        codes: ``(n,)`` places in ``values``.
        values: the different values.
    """

    def __init__(self, codes: AnyArray | FileArray, values: AnyArray) -> None:
        self.codes, self.values = codes, values

    @property
    def shape(self) -> tuple[int, ...]:
        return self.codes.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.values.dtype

    def __getitem__(self, rows: slice) -> AnyArray:
        found: AnyArray = self.values[self.codes[rows]]
        return found

    def take(self, rows: Index) -> AnyArray:
        """The rows of these ascending numbers."""
        found: AnyArray = self.values[self.codes.take(rows)]
        return found


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

    def extend(self, array: CodedArray) -> None:
        """Append texts of another list.

        Raises:
            InputError: they are too many different ones.
        """
        codes = self._coded(array.values.tolist())
        for start in range(0, array.shape[0], BLOCK):
            self._spool.add(codes[array.codes[start : start + BLOCK]])

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

    def array(self) -> CodedArray:
        """All of them."""
        return CodedArray(self._spool.array(), np.array([*self._codes] or [""], np.str_))


def check_short(different: Sequence[str], n: int, name: str) -> None:
    """Raise InputError where ``n`` texts cannot each take up as much as the longest."""
    longest = max(different, key=len, default="")
    if 4 * len(longest) * n > MOST_FILLED:
        raise InputError(
            f"{name}: expected short texts, found one of {len(longest):,} characters among "
            f"{n:,}, which would take more than {MOST_FILLED >> 30} GiB: {brief(longest)}"
        )
