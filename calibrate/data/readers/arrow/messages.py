"""The messages of an Arrow file or stream: where in the file the buffers of each batch are.

Reference: Arrow columnar format 1.5, "Serialization and Interprocess Communication"; tables of
FlatBuffers in Message.fbs. pyarrow reads a batch whole, however large it is.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from calibrate.arrays import IntArray
from calibrate.errors import InputError

MAGIC = b"ARROW1"
CONTINUES = b"\xff\xff\xff\xff"  # before the size of each message since 0.15
SCHEMA, DICTIONARY, BATCH = 1, 2, 3  # kinds of messages
CODECS = {0: "lz4", 1: "zstd"}
MOST_MESSAGE = 256 << 20  # bytes that say where the buffers are


@dataclass(frozen=True)
class Batch:
    """Some rows of all columns.

    Attributes:
        n_rows: how many.
        nodes: ``(nodes, 2)``: how long each array is, and how many nulls are in it.
        buffers: ``(buffers, 2)``: where each starts in the file, and its bytes.
        variadic: how many buffers each array of views has beside its usual ones.
        codec: in which each buffer is compressed, or None.
    """

    n_rows: int
    nodes: IntArray
    buffers: IntArray
    variadic: IntArray
    codec: str | None


def batches(file: BinaryIO, name: str) -> Iterator[Batch]:
    """All batches of a file or a stream, in their order.

    Raises:
        InputError: it is damaged or truncated.
    """
    end = file.seek(0, os.SEEK_END)
    file.seek(0)
    try:
        yield from (_listed if file.read(len(MAGIC)) == MAGIC else _in_stream)(file, end)
    except (ValueError, KeyError, struct.error) as error:
        raise InputError(
            f"{name}: damaged, truncated or of an unknown kind ({error}); save it again"
        ) from error


def _listed(file: BinaryIO, end: int) -> Iterator[Batch]:
    """The batches that the list at the end of a file names."""
    file.seek(end - len(MAGIC) - 4)
    size = int.from_bytes(file.read(4), "little", signed=True)
    if not 0 < size <= min(MOST_MESSAGE, end):
        raise ValueError(f"a list of batches of {size:,} bytes")
    file.seek(end - len(MAGIC) - 4 - size)
    footer = _Table.of(file.read(size))
    _check_order(footer.table(1))
    for start, head, body in footer.vector(3, 3).tolist():
        if not 0 <= start < end:
            raise ValueError(f"a batch at byte {start:,} of {end:,}")
        file.seek(start)
        message = _message(file, end)
        if message is None or message.number(1, "B") != BATCH:
            raise ValueError("a batch that is none")
        first = start + (head & 0xFFFFFFFF)
        yield _batch(message.table(2), first, _checked_end(first, body, end))


def _in_stream(file: BinaryIO, end: int) -> Iterator[Batch]:
    """The batches of a stream, message by message."""
    file.seek(0)
    while (message := _message(file, end)) is not None:
        kind, start = message.number(1, "B"), file.tell()
        stop = _checked_end(start, message.number(3, "q"), end)
        if kind == SCHEMA:
            _check_order(message.table(2))
        elif kind == BATCH:
            yield _batch(message.table(2), start, stop)
        elif kind != DICTIONARY:
            raise ValueError(f"a message of kind {kind}, which is no table")
        file.seek(stop)


def _check_order(schema: _Table) -> None:
    if schema.number(0, "h"):
        raise ValueError("numbers in big-endian order")


def _checked_end(start: int, size: int, end: int) -> int:
    """Where a body ends that fits into the file."""
    if size < 0 or start + size > end:
        raise ValueError(f"a message of {size:,} bytes where {end - start:,} are left")
    return start + size


def _message(file: BinaryIO, end: int) -> _Table | None:
    """The next message; None at the end."""
    if file.tell() >= end:
        return None
    head = file.read(4)
    if head == CONTINUES:
        head = file.read(4)
    size = int.from_bytes(head, "little", signed=True)
    if size == 0 and len(head) == 4:
        return None
    if not 0 < size <= min(MOST_MESSAGE, end - file.tell()):
        raise ValueError(f"a message of {size:,} bytes")
    return _Table.of(file.read(size))


def _batch(table: _Table, start: int, end: int) -> Batch:
    nodes, buffers = table.vector(1, 2), table.vector(2, 2)
    compressed = table.at(3)
    codec = None if compressed is None else CODECS[table.table(3).number(0, "b")]
    n_rows = table.number(0, "q")
    low, sizes = buffers.T
    if n_rows < 0 or (nodes < -1).any() or (buffers < 0).any() or (sizes > end - start - low).any():
        raise ValueError("buffers outside of their message")
    placed = buffers + np.array([start, 0])
    return Batch(n_rows, nodes, placed, table.vector(4, 1)[:, 0], codec)


@dataclass(frozen=True)
class _Table:
    """A table of FlatBuffers: numbered fields, each of which may be left out."""

    content: bytes
    place: int

    @staticmethod
    def of(content: bytes) -> _Table:
        return _Table(content, struct.unpack_from("<I", content)[0])

    def at(self, field: int) -> int | None:
        """Where a field is."""
        fields = self.place - self._get("i", self.place)
        if 4 + 2 * field >= self._get("H", fields):
            return None
        offset = self._get("H", fields + 4 + 2 * field)
        return self.place + offset if offset else None

    def number(self, field: int, kind: str) -> int:
        """A number, 0 where it is left out."""
        at = self.at(field)
        return 0 if at is None else self._get(kind, at)

    def table(self, field: int) -> _Table:
        at = self.at(field)
        if at is None:
            raise ValueError("a message without its content")
        return _Table(self.content, at + self._get("I", at))

    def vector(self, field: int, width: int) -> IntArray:
        """``(n, width)`` long integers; none where they are left out."""
        at = self.at(field)
        if at is None:
            return np.empty((0, width), np.int64)
        start = at + self._get("I", at)
        n = width * self._get("I", start)
        found = np.frombuffer(self.content, "<i8", n, start + 4)
        return found.astype(np.int64).reshape(-1, width)

    def _get(self, kind: str, at: int) -> int:
        if at < 0:
            raise ValueError("a field outside of its message")
        found: int = struct.unpack_from(f"<{kind}", self.content, at)[0]
        return found
