"""Columns: what a reader gives, rows by range, never the whole at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cached_property, partial
from math import prod
from typing import Any, Protocol

import numpy as np

from calibrate.arrays import AnyArray, Index
from calibrate.data.file_array import FileArray, Stacked
from calibrate.data.foreign import as_array, column_names
from calibrate.data.pieces import Files, Pieces
from calibrate.data.spool import CodedArray, check_short
from calibrate.errors import InputError
from calibrate.text import brief

ROUNDING = 1e-6  # by how much a confidence may be above 1
LABELS = ("label", "labels", "target", "true_label")  # no names of classes
MEANT = {2: 3, 4: 4}  # by bytes, the decimals of a number that a small dtype cannot say exactly

# an array in a file or in several, read by ranges or into memory
Opened = AnyArray | FileArray | Stacked | CodedArray | Pieces


class Column(Protocol):
    """An array of any rank whose rows are read by range or by ascending numbers.

    It is pickled as its address where it has one.

    ``name`` is what the user called it, for messages; ``class_names`` are those of its columns,
    where it has some; ``notes``: how it was read, where that could be otherwise.
    """

    @property
    def name(self) -> str: ...

    @property
    def class_names(self) -> tuple[str, ...] | None: ...

    @property
    def notes(self) -> tuple[str, ...]: ...

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> np.dtype[Any]: ...

    def read(self, start: int, stop: int) -> AnyArray: ...

    def take(self, rows: Index) -> AnyArray: ...


@dataclass(frozen=True)
class ArrayColumn:
    """An array in memory."""

    array: AnyArray
    name: str
    class_names: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.array.dtype

    def read(self, start: int, stop: int) -> AnyArray:
        return self.array[start:stop] if self.array.shape else self.array

    def take(self, rows: Index) -> AnyArray:
        return self.array[rows]


@dataclass(frozen=True)
class FileColumn:
    """An array in a file, opened when it is first needed and again in each process.

    Attributes:
        opened: gives the array, as a ``FileArray`` where the format allows; a picklable value, such
            as a ``functools.partial`` of a function with a path.
        name: what the user called the file.
        class_names, notes: as in ``Column``.
        files: which rows are in which file, where there are several.
        key: of the array in its file, or None.
    """

    opened: Callable[[], Opened]
    name: str
    class_names: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()
    files: Files | None = None
    key: str | None = None

    @cached_property
    def _array(self) -> Opened:
        return self.opened()

    @property
    def array(self) -> Opened:
        """What was opened."""
        return self._array

    def holding(self, array: Opened) -> FileColumn:
        """The same, of which this is what was opened."""
        column = replace(self)
        column.__dict__["_array"] = array
        return column

    @property
    def coded(self) -> CodedArray | None:
        """The array, if it is one of codes."""
        return self._array if isinstance(self._array, CodedArray) else None

    def renamed(self, values: AnyArray) -> FileColumn:
        """A column of codes with other values behind them."""
        column = replace(self, opened=partial(_renamed, self.opened, values))
        return column.holding(_renamed(lambda: self._array, values))  # not read again

    @property
    def shape(self) -> tuple[int, ...]:
        return self._array.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._array.dtype

    def read(self, start: int, stop: int) -> AnyArray:
        array = self._array
        return array if isinstance(array, np.ndarray) and not array.shape else array[start:stop]

    def take(self, rows: Index) -> AnyArray:
        array = self._array
        return array[rows] if isinstance(array, np.ndarray) else array.take(rows)

    def __getstate__(self) -> dict[str, object]:
        return {each.name: getattr(self, each.name) for each in fields(self)}


def _renamed(opened: Callable[[], Opened], values: AnyArray) -> Opened:
    array = opened()
    return CodedArray(array.codes, values) if isinstance(array, CodedArray) else array


@dataclass(frozen=True)
class Confidences:
    """A column of confidences, read as float64 shares of 1.

    Attributes:
        column: as they are in the file.
        percent: whether they go from 0 to 100.
        called: what the user calls the file, where that is not the name of the column.
        class_names: None.
    """

    column: Column
    percent: bool = False
    called: str | None = None
    class_names: tuple[str, ...] | None = None

    @property
    def name(self) -> str:
        return self.called or self.column.name

    @property
    def notes(self) -> tuple[str, ...]:
        return self.column.notes

    @property
    def shape(self) -> tuple[int, ...]:
        return self.column.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """That of the file where it is none of numbers."""
        own = self.column.dtype
        return np.dtype(np.float64) if own.kind in "fiu" and own.itemsize <= 8 else own

    def read(self, start: int, stop: int) -> AnyArray:
        return self._shares(self.column.read(start, stop))

    def take(self, rows: Index) -> AnyArray:
        return self._shares(self.column.take(rows))

    def _shares(self, raw: AnyArray) -> AnyArray:
        if self.dtype != np.float64:
            return raw
        values, unit = raw.astype(np.float64), 100.0 if self.percent else 1.0
        if raw.dtype.kind == "f" and raw.dtype.itemsize < 8:  # 0.8 is 0.8, not 0.800000012
            meant = np.round(values, MEANT[raw.dtype.itemsize] - 2 * self.percent)
            with np.errstate(over="ignore"):
                values = np.where(meant.astype(raw.dtype) == raw, meant, values)
        values /= unit
        values[(values > 1) & (values <= 1 + ROUNDING)] = 1.0
        return values


def as_column(values: object, name: str) -> Column:
    """A column as it is, anything else as an array in memory."""
    if isinstance(values, (ArrayColumn, FileColumn, Confidences)):
        return values
    names = column_names(values)
    labels = [each for each in names or () if each.lower() in LABELS]
    if name == "logits" and labels:
        raise InputError(
            f"{name}: expected a column per class, found one named {brief(labels[0])}; pass it as "
            "`labels`, and the frame without it"
        )
    return ArrayColumn(as_array(values, name), name, names)


def everything(column: Column) -> AnyArray:
    """All of a column."""
    coded = column.coded if isinstance(column, FileColumn) else None
    if coded is not None and coded.dtype.kind == "U":
        check_short(coded.values.tolist(), coded.shape[0], column.name)
    return column.read(0, column.shape[0]) if column.shape else column.read(0, 0)


@dataclass(frozen=True)
class Flat:
    """A column with its leading axes strung together.

    Attributes:
        column: ``(..., width)``, or ``(...)`` where width is None.
        width: of a row of what is read; None where that is one number.
    """

    column: Column
    width: int | None

    def read(self, rows: slice | Index) -> AnyArray:
        """``(n, width)`` or ``(n,)`` of the rows of a range, or of ascending numbers."""
        each = prod(self.column.shape[1:]) // (self.width or 1)  # rows in one of the first axis
        shape = (-1,) if self.width is None else (-1, self.width)
        if not isinstance(rows, slice):
            if each == 1:
                return self.column.take(rows).reshape(shape)
            firsts, which = np.unique(rows // each, return_inverse=True)
            whole = self.column.take(firsts).reshape(shape)
            return np.asarray(whole[which * each + rows % each])
        start, stop = rows.start // each, -(-rows.stop // each)
        found = self.column.read(start, stop).reshape(shape)
        return found if each == 1 else found[rows.start - start * each : rows.stop - start * each]
