"""Several files that are read as one array."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from calibrate.arrays import AnyArray, Index
from calibrate.data.coded import CodedArray
from calibrate.data.file_array import FileArray, Spot
from calibrate.data.stacked import Stacked
from calibrate.errors import InputError
from calibrate.files import Version, changed

OPEN = 16  # files of an array that are kept open


@dataclass(frozen=True)
class Piece:
    """One of several files that are read as one.

    Attributes:
        name: what it is called in messages, with the key of the array.
        path: of the file.
        opened: gives its array; a picklable value.
        rows: how many it holds, once that is known.
        version: of the file, once it was opened.
        spot: where in it the array is, if it is read by range.
    """

    name: str
    path: str
    opened: Callable[[], AnyArray | FileArray | Stacked | CodedArray | Pieces]
    rows: int = 0
    version: Version | None = None
    spot: Spot | None = None

    def on_disk(self) -> Version:
        """The version that is there now.

        Raises:
            InputError: there is none any more.
        """
        try:
            return Version.of(Path(self.path).stat())
        except OSError as error:
            raise changed(self.name) from error

    def again(self) -> FileArray:
        """The array of a file that is read by range, opened once more, here or in another process.

        Raises:
            InputError: the file is no longer what was opened first.
        """
        if self.spot is None:
            raise changed(self.name)
        try:
            return self.spot.open(self.path)
        except OSError as error:
            raise InputError(f"{self.name}: cannot be read: {error.strerror or error}") from error


def check_unchanged(pieces: Sequence[Piece]) -> None:
    """Raise InputError where a file is no longer what was opened first."""
    for piece in pieces:
        if piece.version is not None and not piece.on_disk().is_like(piece.version):
            raise changed(piece.name)


@dataclass(frozen=True)
class Files:
    """Which rows of a column are in which file.

    Attributes:
        names: of the files, in the order of the rows.
        rows: of each.
        ordered: whether the user gave their order, file by file.
    """

    names: tuple[str, ...]
    rows: tuple[int, ...]
    ordered: bool

    def place(self, row: int) -> tuple[str, int] | None:
        """The file of a row, and its number there; None where there is no such row."""
        starts = [0, *accumulate(self.rows)]
        which = bisect_right(starts, row) - 1
        return (self.names[which], row - starts[which]) if row < starts[-1] else None


class Pieces:
    """Rows of several files, one after the other, of which nothing is kept in memory.

    A file is opened when its rows are asked for; no more than ``OPEN`` are kept open, so that there
    may be more of them than a process may have open. One that is opened again has to be the same.

    Attributes:
        shape, dtype: of all rows.
    """

    def __init__(self, pieces: Sequence[Piece], shape: tuple[int, ...], dtype: np.dtype[Any]):
        """``shape`` is that of a row; ``dtype`` can hold the values of each piece."""
        self._pieces, self._starts = tuple(pieces), [0, *accumulate(p.rows for p in pieces)]
        self.shape, self.dtype = (self._starts[-1], *shape), dtype
        self._open: dict[int, FileArray] = {}
        self._lock = Lock()

    def __getitem__(self, rows: slice) -> AnyArray:
        """The rows of a range.

        Raises:
            InputError: a file is no longer what was opened.
        """
        start, stop, _ = rows.indices(self.shape[0])
        which, n_rows = bisect_right(self._starts, start) - 1, max(0, stop - start)
        if n_rows and stop <= self._starts[which + 1]:
            first = self._starts[which]
            found = self._file(which)[start - first : stop - first]
            return np.ascontiguousarray(found, self.dtype)
        whole, at = np.empty((n_rows, *self.shape[1:]), self.dtype), 0
        while at < n_rows:
            first, end = self._starts[which] - start, min(n_rows, self._starts[which + 1] - start)
            self._file(which).fill(whole[at:end], at - first)
            at, which = end, which + 1
        return whole

    def take(self, rows: Index) -> AnyArray:
        """The rows of these ascending numbers.

        Raises:
            InputError: a file is no longer what was opened.
        """
        whole = np.empty((len(rows), *self.shape[1:]), self.dtype)
        which = np.searchsorted(self._starts, rows, side="right") - 1
        begin = 0
        for end in (np.flatnonzero(np.diff(which, append=-1)) + 1).tolist():
            some, array = (
                rows[begin:end] - self._starts[which[begin]],
                self._file(int(which[begin])),
            )
            if some[-1] - some[0] == len(some) - 1:
                array.fill(whole[begin:end], int(some[0]))
            else:
                whole[begin:end] = array.take(some)
            begin = end
        return whole

    def _file(self, which: int) -> FileArray:
        with self._lock:
            found = self._open.get(which)
        if found is not None:
            return found
        found = self._pieces[which].again()
        with self._lock:
            self._open[which] = found
            while len(self._open) > OPEN:
                del self._open[next(iter(self._open))]  # closed as soon as nobody reads from it
        return found
