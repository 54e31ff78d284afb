"""Numbers from the buffers of Arrow batches: in place, or a few rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import types

from calibrate.arrays import AnyArray
from calibrate.data.file_array import FileArray
from calibrate.data.readers.arrow.messages import Batch
from calibrate.data.readers.arrow.typed_columns import (
    ROWS_AT_ONCE,
    check_width,
    first_false,
    null_in,
    ragged,
)
from calibrate.data.readers.contents import check_unpacked
from calibrate.data.spool import Spool
from calibrate.errors import InputError

AT_ONCE = 4 << 20  # bytes that are unpacked at once
MOST_AT_ONCE = 32 << 20  # bytes of a batch that are read at once
BYTES = np.dtype(np.uint8)


class Place(NamedTuple):
    """The first node and the first buffer of a column in each batch."""

    node: int
    buffer: int


def places(schema: pa.Schema, batch: Batch, name: str) -> dict[str, Place]:
    """Where each column is.

    Raises:
        InputError: the batch holds something else than the schema says.
    """
    variadic, node, buffer, found = iter(batch.variadic.tolist()), 0, 0, {}
    for column in schema:
        found[column.name] = Place(node, buffer)
        for kind in _kinds(column.type):
            node += 1
            buffer += _n_buffers(kind)
            if types.is_string_view(kind) or types.is_binary_view(kind):
                buffer += next(variadic, 0)
    if (node, buffer) != (len(batch.nodes), len(batch.buffers)):
        raise InputError(
            f"{name}: damaged or of an unknown kind: {len(batch.buffers):,} buffers where its "
            f"schema wants {buffer:,}; save it again with pyarrow"
        )
    return found


def _kinds(kind: pa.DataType) -> Iterator[pa.DataType]:
    """A type and those inside of it, in the order of their nodes."""
    while isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    yield kind
    if not types.is_dictionary(kind):
        for i in range(kind.num_fields):
            yield from _kinds(kind.field(i).type)


def _n_buffers(kind: pa.DataType) -> int:
    """How many buffers a type has in a message, without those inside of it."""
    if types.is_null(kind) or types.is_run_end_encoded(kind):
        return 0
    return int(kind.num_buffers) - int(types.is_union(kind))


@dataclass(frozen=True)
class Numbers:
    """A column of numbers, or of lists of them, in one batch.

    Attributes:
        content: the bytes in which its buffers are.
        batch: its places are those in the content.
        place: of the column.
        kind: its type.
        dtype: of the numbers.
        name, column, row: of the file, the column and the first row, for messages.
    """

    content: AnyArray | FileArray
    batch: Batch
    place: Place
    kind: pa.DataType
    dtype: np.dtype[Any]
    name: str
    column: str
    row: int

    def width(self) -> int | None:
        """How many numbers there are in each row; None where that is one, and no list.

        Raises:
            InputError: rows are missing, or not all of them are as long.
        """
        n_rows = self.batch.n_rows
        self._check(self.place, n_rows, 1)
        if not self.kind.num_fields:
            return None
        if types.is_fixed_size_list(self.kind):
            width = int(self.kind.list_size)
        else:
            first, second = self._offsets(0, 1)[[0, -1]].tolist()
            width = second - first
        check_width(width, self.name, self.column)
        for start in range(0, 0 if types.is_fixed_size_list(self.kind) else n_rows, AT_ONCE):
            lengths = np.diff(self._offsets(start, min(n_rows, start + AT_ONCE)))
            if (lengths != width).any():
                odd = first_false(lengths == width)
                raise ragged(self.name, self.column, self.row + start + odd, width, lengths[odd])
        self._check(self._inner, self.first + n_rows * width, width)
        return width

    @property
    def buffers(self) -> list[int]:
        """The numbers of its own buffers."""
        return list(range(self.place.buffer, self._inner.buffer + 2))

    @property
    def first(self) -> int:
        """The number of the first value of the first row."""
        variable = self.kind.num_fields and not types.is_fixed_size_list(self.kind)
        return int(self._offsets(0, 0)[0]) if variable else 0

    @property
    def start(self) -> int:
        """Where in the content the values begin."""
        buffer = self._inner.buffer + 1
        return int(self.batch.buffers[buffer, 0]) + self.first * self.dtype.itemsize

    def rows(self, start: int, stop: int, width: int | None) -> AnyArray:
        """The numbers of a range of rows that starts at a multiple of eight."""
        each = width or 1
        if self.dtype == np.bool_:
            first = self.first + start * each
            values = self._bits(self._inner.buffer + 1, first, (stop - start) * each)
        else:
            size = each * self.dtype.itemsize
            values = self.content[self.start + start * size : self.start + stop * size]
            values = np.asarray(values).view(self.dtype)
        return values if width is None else values.reshape(-1, width)

    @property
    def _inner(self) -> Place:
        """The place of the numbers themselves."""
        if not self.kind.num_fields:
            return self.place
        own = 1 if types.is_fixed_size_list(self.kind) else 2
        return Place(self.place.node + 1, self.place.buffer + own)

    def _offsets(self, start: int, stop: int) -> AnyArray:
        """Where the lists of rows begin, and the last of them ends."""
        dtype = np.dtype("<i8" if types.is_large_list(self.kind) else "<i4")
        at, size = self.batch.buffers[self.place.buffer + 1].tolist()
        if not 0 <= (stop + 1) * dtype.itemsize <= size:
            raise self._damaged()
        found = self.content[at + start * dtype.itemsize : at + (stop + 1) * dtype.itemsize]
        offsets = np.asarray(found).view(dtype).astype(np.int64)
        if offsets[0] < 0:
            raise self._damaged()
        return offsets

    def _check(self, place: Place, length: int, each: int) -> None:
        """Raise InputError where an array is shorter, or has a null."""
        found, nulls = self.batch.nodes[place.node].tolist()
        inner = place == self._inner
        bits = length if self.dtype == np.bool_ else 8 * self.dtype.itemsize * length
        if found < length or (inner and 8 * self.batch.buffers[place.buffer + 1, 1] < bits):
            raise self._damaged()
        first = self.first if each > 1 else 0
        for start in range(first, length if nulls else first, AT_ONCE):
            valid = self._bits(place.buffer, start, min(AT_ONCE, length - start))
            if not valid.all():
                row = (start - first + first_false(valid)) // each
                raise null_in(self.name, self.column, self.row + row)

    def _bits(self, buffer: int, start: int, n: int) -> AnyArray:
        """``n`` bits from one on."""
        at, size = self.batch.buffers[buffer].tolist()
        if 8 * size < start + n:
            raise self._damaged()
        packed = np.asarray(self.content[at + start // 8 : at + -(-(start + n) // 8)])
        bits = np.unpackbits(packed, bitorder="little")[start % 8 :]
        return bits[:n].view(np.bool_)

    def _damaged(self) -> InputError:
        return InputError(
            f"{self.name}: damaged: column {self.column!r} is shorter than its "
            f"{self.batch.n_rows:,} rows; save it again"
        )


def at_once(
    content: FileArray, batch: Batch, wanted: Sequence[int]
) -> tuple[AnyArray | FileArray, Batch]:
    """What lies around the buffers of these numbers, read at once if that is little."""
    starts, sizes = batch.buffers[wanted].T
    held = sizes > 0
    first, last = min(starts[held], default=0), max((starts + sizes)[held], default=0)
    if last - first > MOST_AT_ONCE or last - first > 2 * sizes.sum():
        return content, batch
    moved = replace(batch, buffers=batch.buffers - np.array([first, 0]))
    return content[int(first) : int(last)], moved


def unpacked(
    content: FileArray, batch: Batch, wanted: Sequence[int], name: str
) -> tuple[AnyArray | FileArray, Batch]:
    """The buffers of these numbers without compression, one behind the other."""
    buffers, total = np.zeros_like(batch.buffers), 0
    spool = Spool(name, (), BYTES)
    for i in wanted:
        buffers[i, 0] = total
        start, size = batch.buffers[i].tolist()
        for part in _parts(content, start, size, batch.codec, name):
            spool.add(np.frombuffer(part, BYTES))
            buffers[i, 1] += len(part)
        pad = -int(buffers[i, 1]) % 8
        spool.add(np.zeros(pad, BYTES))
        total += int(buffers[i, 1]) + pad
    return spool.array(), Batch(batch.n_rows, batch.nodes, buffers, batch.variadic, None)


def _parts(
    content: FileArray, start: int, size: int, codec: str | None, name: str
) -> Iterator[bytes]:
    """A compressed buffer: its size, -1 where it was not worth it, and what it holds."""
    if size < 8:
        return
    (expected,) = np.asarray(content[start : start + 8]).view("<i8").tolist()
    if expected == -1:
        for at in range(start + 8, start + size, AT_ONCE):
            yield content[at : min(at + AT_ONCE, start + size)].tobytes()
        return
    check_unpacked(expected, size, name)
    packed = _Range(content, start + 8, start + size)
    with pa.CompressedInputStream(pa.PythonFile(packed, "r"), codec) as stream:
        while expected > 0:
            part = stream.read(min(AT_ONCE, expected))
            if not part:
                raise ValueError("a buffer that ends too soon")
            expected -= len(part)
            yield part


class _Range:
    """Some bytes as a file that pyarrow reads."""

    closed = False

    def __init__(self, content: FileArray, start: int, stop: int) -> None:
        self._content, self._at, self._stop = content, start, stop

    def read(self, size: int = -1) -> bytes:
        """The next bytes, as many as there are."""
        stop = self._stop if size < 0 else min(self._stop, self._at + size)
        found = self._content[self._at : stop].tobytes()
        self._at = stop
        return found

    def close(self) -> None:
        """Nothing of its own is open."""


def ranges(n_rows: int, width: int, dtype: np.dtype[Any]) -> Iterator[tuple[int, int]]:
    """Rows that are decoded at once; each begins at a multiple of eight."""
    step = max(1, ROWS_AT_ONCE // (8 * width * dtype.itemsize)) * 8
    for start in range(0, n_rows, step):
        yield start, min(start + step, n_rows)
