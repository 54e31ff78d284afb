"""Arrays of several files -> one array, checked to go together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from calibrate.arrays import AnyArray
from calibrate.data.coded import CodedArray, Coder
from calibrate.data.file_array import FileArray
from calibrate.data.pieces import Piece, Pieces, check_unchanged
from calibrate.data.spool import Spool
from calibrate.data.stacked import Stacked
from calibrate.errors import InputError

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
