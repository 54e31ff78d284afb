"""Several files that are read as one array."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from math import prod
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from calibrate.arrays import AnyArray, Index
from calibrate.data.file_array import FileArray, Spot, Stacked
from calibrate.data.spool import CodedArray, Coder, Spool
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


# Arrays of several files -> one array, checked to go together.


BLOCK = 8 << 20  # bytes that are copied at once
ALIKE = ("f", "iu", "b", "U", "S")  # kinds of values that are widened to each other

Whole = AnyArray | FileArray | Stacked | CodedArray | Pieces


class Joined:
    """Pieces in their order, each added with its array when it has been opened.

    Arrays that lie in their files stay there. What has to be decoded is copied, that of all pieces
    into one temporary file.
    """

    def __init__(self, name: str) -> None:
        """Begin; ``name`` is what the user calls all of them."""
        self._name = name
        self._pieces: list[Piece] = []
        self._seen: dict[tuple[int, int, str | None], str] = {}
        self._dtypes: list[np.dtype[Any]] = []  # the different ones
        self._row: tuple[int, ...] = ()
        self._dtype: np.dtype[Any] = np.dtype(np.float64)
        self._spool: Spool | None = None
        self._spooled: np.dtype[Any] | None = None  # its dtype
        self._coder: Coder | None = None

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The pieces with their rows and versions."""
        return tuple(self._pieces)

    @property
    def dtype(self) -> np.dtype[Any]:
        """One that holds the values of all pieces."""
        return self._dtype

    @property
    def row(self) -> tuple[int, ...]:
        """The shape of a row."""
        return self._row

    @property
    def in_place(self) -> bool:
        """Whether all of it is read from the files themselves."""
        return self._spool is None and self._coder is None

    @property
    def notes(self) -> tuple[str, ...]:
        """What was made alike."""
        different = [str(each.newbyteorder("=")) for each in self._dtypes if each.kind in "fiub"]
        names = sorted(set(different))
        if len(names) < 2:
            return ()
        return (f"{self._name}: pieces of {' and '.join(names)} are read as {self._dtype}",)

    def add(self, piece: Piece, array: Whole, key: str | None = None) -> None:
        """Append the rows of a piece.

        Raises:
            InputError: they are of another shape or kind than those before, or there are none; or
                the same rows are there already.
        """
        version = piece.on_disk()
        this = (version.device, version.inode, key)
        if this in self._seen:
            raise InputError(
                f"{piece.name}: is the same file as {self._seen[this]}, its rows would count "
                "twice; leave it out"
            )
        self._seen[this] = piece.name
        self._check_rows(piece, array)
        self._dtype = self._common(piece, array)
        if isinstance(array, CodedArray):
            self._coder = self._coder or Coder(self._name)
            self._coder.extend(array)
        elif self._spool is not None or not (isinstance(array, FileArray) and array.is_of(version)):
            self._copy(array)
        spot = array.spot if isinstance(array, FileArray) and self.in_place else None
        self._pieces.append(replace(piece, rows=array.shape[0], version=version, spot=spot))

    def array(self) -> Whole:
        """All rows, when the last was added."""
        if self._coder is not None:
            return self._coder.array()
        if self._spool is not None:
            return self._spool.array()
        return Pieces(self._pieces, self._row, self._dtype)

    def _check_rows(self, piece: Piece, array: Whole) -> None:
        if not array.shape or not array.shape[0]:
            raise InputError(
                f"{piece.name}: expected at least one row, found {array.dtype} of shape "
                f"{array.shape}; leave the file out"
            )
        if not self._pieces:
            self._row = array.shape[1:]
        if array.shape[1:] != self._row:
            raise InputError(
                f"{piece.name}: expected {_rows(self._row)}, as in {self._pieces[0].name}, found "
                f"{_rows(array.shape[1:])}: they are not pieces of one array"
            )

    def _common(self, piece: Piece, array: Whole) -> np.dtype[Any]:
        """The dtype that holds the values of this piece and of those before as they are."""
        if array.dtype not in self._dtypes:
            self._dtypes.append(array.dtype)
        if len(self._dtypes) == 1:
            return array.dtype
        kinds = next((kinds for kinds in ALIKE if array.dtype.kind in kinds), array.dtype.kind)
        mixed = isinstance(array, CodedArray) is not (self._coder is not None)
        if self._dtype.kind in kinds and not (mixed and self._pieces):
            common = np.result_type(self._dtype, array.dtype)
            if common.kind in kinds:
                return common
        raise InputError(
            f"{piece.name}: expected {self._dtypes[0]}, as in {self._pieces[0].name}, found "
            f"{array.dtype}; save all pieces alike"
        )

    def _copy(self, array: Whole) -> None:
        """Append to the temporary file, which is begun, or begun again, where that is needed."""
        if self._spool is None or self._spooled != self._dtype:
            before = Pieces(self._pieces, self._row, self._dtype) if self._pieces else None
            begun = before if self._spool is None else self._spool.array()
            self._spool, self._spooled = Spool(self._name, self._row, self._dtype), self._dtype
            if begun is not None:
                self._copy(begun)
        step = max(1, BLOCK // max(1, self._dtype.itemsize * prod(self._row)))
        for start in range(0, array.shape[0], step):
            self._spool.add(array[start : start + step])


def _rows(shape: tuple[int, ...]) -> str:
    if not shape:
        return "one value per row"
    return f"{' x '.join(f'{n:,}' for n in shape)} values per row"


def opened_again(pieces: Sequence[Piece], row: tuple[int, ...], dtype: str) -> Pieces:
    """The array of pieces that were joined before, in another process."""
    return Pieces(pieces, row, np.dtype(dtype))


def decoded_again(name: str, pieces: Sequence[Piece]) -> Whole:
    """The same of pieces that have to be decoded.

    Raises:
        InputError: a file is no longer what it was.
    """
    check_unchanged(pieces)
    joined = Joined(name)
    for piece in pieces:
        joined.add(piece, piece.opened(), piece.name)
    return joined.array()
