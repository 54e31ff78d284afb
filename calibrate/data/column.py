"""The column: what every reader gives, rows by range, never the whole at once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from calibrate.arrays import AnyArray, Index
from calibrate.data.file_span import FileSpan, LocalFile, widened
from calibrate.data.foreign import as_array, check_short, column_names
from calibrate.errors import InputError
from calibrate.text import brief

APART = 1 << 14  # bytes between rows that are cheaper to read than to leave out
IN_MEMORY = 1 << 28  # bytes up to which an array in Fortran order is read at once
LABELS = ("label", "labels", "target", "true_label")  # no names of classes


@dataclass(frozen=True)
class Part:
    """One of the files whose rows a column holds, one after the other.

    Attributes:
        name: of the array in it, as the user would write it.
        rows: how many.
        key: of the array in the file, or None.
        ordered: of one of several files, whether the user gave their order, one by one; None
            where there is one file.
    """

    name: str
    rows: int
    key: str | None = None
    ordered: bool | None = None


@dataclass(frozen=True)
class Column:
    """An array of any rank whose rows are read by range or by ascending numbers.

    It is pickled as its address where it has one.

    Attributes:
        name: what the user calls it, for messages.
        shape, dtype: of the array; of text those of the codes.
        read: gives rows ``start`` to ``stop`` (exclusive), as far as there are such; all of an
            array without axes. A bound method, or a partial, of a small picklable value.
        categories: of text, what each code stands for; None: these are values.
        class_names: what its columns are called, where they have names.
        notes: how it was read, where that could be otherwise.
        parts: the files that it is made of.
        apart: bytes between rows that ``take`` reads over rather than leave out.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: Callable[[int, int], AnyArray]
    categories: tuple[str, ...] | None = None
    class_names: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    apart: int = APART

    @property
    def is_text(self) -> bool:
        return self.categories is not None or self.dtype.kind in "US"

    @property
    def in_place(self) -> bool:
        """Whether it is read from the file of the user itself, here and in other processes."""
        span = getattr(self.read, "__self__", None)
        source = span.source if isinstance(span, FileSpan) else None
        return isinstance(source, LocalFile) and source.path is not None

    def take(self, rows: Index) -> AnyArray:
        """Return the rows of these ascending numbers."""
        if not len(rows):
            return self.read(0, 0)
        each = max(1, self.dtype.itemsize * prod(self.shape[1:]))
        breaks = np.flatnonzero(np.diff(rows) > self.apart // each) + 1
        if not len(breaks):
            first = int(rows[0])
            return np.asarray(self.read(first, int(rows[-1]) + 1)[rows - first])
        found = np.empty((len(rows), *self.shape[1:]), self.dtype)
        ends = np.r_[0, breaks, len(rows)].tolist()
        for start, stop in pairwise(ends):
            some = rows[start:stop]
            first = int(some[0])
            found[start:stop] = self.read(first, int(some[-1]) + 1)[some - first]
        return found

    def map(self, f: Callable[[AnyArray], AnyArray]) -> Column:
        """Return the column of ``f`` of each block of rows; f is picklable, and keeps the rows."""
        shape = (0, *self.shape[1:]) if self.shape else ()
        like = f(np.zeros(shape, self.dtype))
        return replace(
            self,
            shape=self.shape[:1] + like.shape[1:],
            dtype=like.dtype,
            read=partial(_mapped, f, self.read),
            categories=None,
        )

    @staticmethod
    def concat(columns: Sequence[Column]) -> Column:
        """Return the rows of columns of one shape, one after the other, named like the first.

        Numbers are of a dtype that holds those of all; of text, the categories are joined.
        """
        first = columns[0]
        categories = None
        if first.categories is not None:
            codes: dict[str, int] = {}
            for column in columns:
                for text in column.categories or ():
                    codes.setdefault(text, len(codes))
            tables = [
                np.array([codes[text] for text in column.categories or ()], np.int32)
                for column in columns
            ]
            columns = [c.map(partial(np.take, t)) for c, t in zip(columns, tables, strict=True)]
            categories = tuple(codes)
        dtype = np.result_type(*{column.dtype for column in columns})
        starts = np.cumsum([0, *(column.shape[0] for column in columns)])
        shape = (int(starts[-1]), *first.shape[1:])
        read = partial(_joined, tuple(column.read for column in columns), starts, shape, dtype)
        return replace(
            first,
            shape=shape,
            dtype=dtype,
            read=columns[0].read if len(columns) == 1 else read,
            categories=categories,
            parts=tuple(part for column in columns for part in column.parts),
            apart=min(column.apart for column in columns),
        )


def _mapped(
    f: Callable[[AnyArray], AnyArray], read: Callable[[int, int], AnyArray], start: int, stop: int
) -> AnyArray:
    return f(read(start, stop))


def _joined(
    reads: Sequence[Callable[[int, int], AnyArray]],
    starts: Index,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    start: int,
    stop: int,
) -> AnyArray:
    """Rows ``start`` to ``stop`` of columns one after the other, which start at ``starts``."""
    start, stop, _ = slice(start, stop).indices(shape[0])
    first, last = np.searchsorted(starts, (start, max(start, stop - 1)), "right") - 1
    found = [
        reads[i](max(0, start - int(starts[i])), min(stop, int(starts[i + 1])) - int(starts[i]))
        for i in range(first, min(last + 1, len(reads)))
        if start < stop
    ]
    if len(found) == 1:
        return found[0].astype(dtype, copy=False)
    return np.concatenate([np.empty((0, *shape[1:]), dtype), *found])


@dataclass(frozen=True)
class _Array:
    """An array in memory, read by range."""

    values: AnyArray

    def read(self, start: int, stop: int) -> AnyArray:
        return self.values[start:stop] if self.values.shape else self.values


def in_memory(
    array: AnyArray,
    name: str,
    *,
    categories: tuple[str, ...] | None = None,
    class_names: tuple[str, ...] | None = None,
    notes: tuple[str, ...] = (),
) -> Column:
    """Return the column of an array, or of codes of ``categories``."""
    read, apart = _Array(array).read, sys.maxsize  # nothing is read between rows far apart
    return Column(name, array.shape, array.dtype, read, categories, class_names, notes, apart=apart)


def in_file(
    span: FileSpan,
    name: str,
    *,
    class_names: tuple[str, ...] | None = None,
    notes: tuple[str, ...] = (),
) -> Column:
    """Return the column of an array in a file: read by range unless it is empty or one number, or
    small and in Fortran order, whose rows lie in many places.
    """
    if not span.nbytes or not span.shape or (span.fortran and span.nbytes <= IN_MEMORY):
        whole = span.read(0, span.shape[0] if span.shape else 1)
        return in_memory(whole, name, class_names=class_names, notes=notes)
    dtype = widened(np.empty(0, span.dtype)).dtype
    lines = prod(span.shape[1:]) if span.fortran else 1
    return Column(
        name,
        span.shape,
        dtype,
        span.read,
        class_names=class_names,
        notes=notes,
        apart=APART * lines,
    )


def as_column(values: object, name: str) -> Column:
    """Return a column as it is, anything else as an array in memory."""
    if isinstance(values, Column):
        return values
    names = column_names(values)
    labels = [each for each in names or () if each.lower() in LABELS]
    if name == "logits" and labels:
        raise InputError(
            f"{name}: expected a column per class, found one named {brief(labels[0])}; pass it as "
            "`labels`, and the frame without it"
        )
    return in_memory(as_array(values, name), name, class_names=names)


def everything(column: Column) -> AnyArray:
    """Return all of a column; text as such.

    Raises:
        InputError: a text is too long for an array of so many.
    """
    found = column.read(0, column.shape[0] if column.shape else 0)
    if column.categories is None:
        return found
    check_short(column.categories, column.shape[0], column.name)
    texts: AnyArray = np.array(column.categories or ("",), np.str_)[found]
    return texts


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
        """Return ``(n, width)`` or ``(n,)`` of the rows of a range, or of ascending numbers."""
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
