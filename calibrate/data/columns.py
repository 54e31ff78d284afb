"""Columns: what a reader gives, rows by range, never the whole at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, Protocol

import numpy as np

from calibrate.arrays import AnyArray, Index


class Column(Protocol):
    """An array of any rank whose rows are read by range; pickled as its address where it has one.

    ``name`` is what the user called it, for messages.
    """

    @property
    def name(self) -> str: ...

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> np.dtype[Any]: ...

    def read(self, start: int, stop: int) -> AnyArray: ...


@dataclass(frozen=True)
class ArrayColumn:
    """An array in memory."""

    array: AnyArray
    name: str

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.array.dtype

    def read(self, start: int, stop: int) -> AnyArray:
        return self.array[start:stop] if self.array.shape else self.array


@dataclass(frozen=True)
class FileColumn:
    """An array in a file, opened when it is first needed and again in each process.

    Attributes:
        opened: gives the array, mapped where the format allows; a picklable value, such as a
            ``functools.partial`` of a function with a path.
        name: what the user called the file.
    """

    opened: Callable[[], AnyArray]
    name: str

    @cached_property
    def _array(self) -> AnyArray:
        return self.opened()

    @property
    def shape(self) -> tuple[int, ...]:
        return self._array.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._array.dtype

    def read(self, start: int, stop: int) -> AnyArray:
        return self._array[start:stop] if self._array.shape else self._array

    def __getstate__(self) -> dict[str, object]:
        return {"opened": self.opened, "name": self.name}


def as_column(values: object, name: str) -> Column:
    """A column as it is, anything else as an array in memory."""
    if isinstance(values, (ArrayColumn, FileColumn)):
        return values
    return ArrayColumn(np.asarray(values), name)


def everything(column: Column) -> AnyArray:
    """All of a column."""
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
        if not isinstance(rows, slice):
            if not len(rows):
                return self.read(slice(0, 0))
            first, last = int(rows[0]), int(rows[-1])
            return self.read(slice(first, last + 1))[rows - first]
        each = prod(self.column.shape[1:]) // (self.width or 1)  # rows in one of the first axis
        start, stop = rows.start // each, -(-rows.stop // each)
        shape = (-1,) if self.width is None else (-1, self.width)
        found = self.column.read(start, stop).reshape(shape)
        return found if each == 1 else found[rows.start - start * each : rows.stop - start * each]
