"""The .arrow and .feather formats: batches of typed columns, read in place where that can be."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import ipc

from calibrate.arrays import AnyArray
from calibrate.data.columns import Opened
from calibrate.data.file_array import FileArray, Stacked
from calibrate.data.readers.arrow.buffers import (
    BYTES,
    Numbers,
    Place,
    at_once,
    places,
    ranges,
    unpacked,
)
from calibrate.data.readers.arrow.messages import MAGIC, Batch, batches
from calibrate.data.readers.arrow.typed_columns import (
    Head,
    no_rows,
    ragged,
    side_by_side,
    undamaged,
)
from calibrate.data.readers.table import WholeColumns
from calibrate.data.spool import Spool
from calibrate.errors import InputError
from calibrate.files import reading

SAVER = "pyarrow.feather.write_feather"
OTHERS = {b"FEA1": "Feather of version 1", b"PAR1": "a Parquet file", b"ORC": "an ORC file"}


@dataclass(frozen=True)
class Arrow:
    """Open files of the same columns, one behind the other."""

    head: Head
    files: tuple[tuple[BinaryIO, str], ...]

    def numbers(self, wanted: str | tuple[str, ...], guess: WholeColumns | None) -> Opened:
        """One column, ``(n,)`` or ``(n, K)``, or several side by side."""
        several = (wanted,) if isinstance(wanted, str) else wanted
        dtype = np.result_type(*(self.head.dtype(each) for each in several))
        pieces = [piece for file, name in self.files for piece in _pieces(file, name)]
        if not pieces:
            raise no_rows(self.head.name)
        packed = any(piece.batch.codec for piece in pieces)
        if isinstance(wanted, str) and not packed and dtype != np.bool_:
            return self._in_place(wanted, pieces)
        return self._spooled(wanted, pieces, dtype, guess)

    def _in_place(self, wanted: str, pieces: list[Piece]) -> Opened:
        found: list[FileArray] = []
        shape: tuple[int, ...] | None = None
        for (column,), content in self._columns((wanted,), pieces):
            shape = self._shape(column, shape)
            part = content.part(column.start, (column.batch.n_rows, *shape), column.dtype)
            found.append(part)
        return found[0] if len(found) == 1 else Stacked(found)

    def _spooled(
        self,
        wanted: str | tuple[str, ...],
        pieces: list[Piece],
        dtype: np.dtype[Any],
        guess: WholeColumns | None,
    ) -> Opened:
        several = (wanted,) if isinstance(wanted, str) else wanted
        spool: Spool | None = None
        shape: tuple[int, ...] | None = None if isinstance(wanted, str) else (len(wanted),)
        n_rows = sum(piece.batch.n_rows for piece in pieces)
        for columns, _ in self._columns(several, pieces):
            if isinstance(wanted, str):
                shape = self._shape(columns[0], shape)
            else:
                for column in columns:
                    column.width()
            if spool is None:
                spool = Spool(self.head.name, shape or (), dtype, n_rows)
            for start, stop in ranges(columns[0].batch.n_rows, prod(shape or ()), dtype):
                if isinstance(wanted, str):
                    values = columns[0].rows(start, stop, *(shape or (None,)))
                else:
                    held = (column.rows(start, stop, None) for column in columns)
                    values = side_by_side(held, (stop - start, len(wanted)), dtype)
                if guess is not None:
                    guess.add(values)
                spool.add(values)
        if guess is not None:
            guess.check(several, self.head.name)
        return np.empty((0, *(shape or ())), dtype) if spool is None else spool.array()

    def _shape(self, column: Numbers, before: tuple[int, ...] | None) -> tuple[int, ...]:
        """Of a row, which is that of the rows before."""
        width = column.width()
        if before is not None and width is not None and before != (width,):
            raise ragged(self.head.name, column.column, column.row, before[0], width)
        return () if width is None else (width,)

    def _columns(
        self, wanted: tuple[str, ...], pieces: list[Piece]
    ) -> Iterator[tuple[list[Numbers], FileArray]]:
        """The wanted columns of each batch, and the file that it is in."""
        schema, name, row = self.head.schema, self.head.name, 0
        kinds = [(each, schema.field(each).type, self.head.dtype(each)) for each in wanted]
        known: dict[object, dict[str, Place]] = {}
        for piece in pieces:
            batch, content = piece.batch, piece.content
            layout = len(batch.nodes), len(batch.buffers), *batch.variadic.tolist()
            if layout not in known:
                known[layout] = places(schema, batch, piece.name)
            at = known[layout]

            def found(
                content: AnyArray | FileArray,
                batch: Batch,
                at: dict[str, Place] = at,
                row: int = row,
            ) -> list[Numbers]:
                return [
                    Numbers(content, batch, at[each], kind, dtype, name, each, row)
                    for each, kind, dtype in kinds
                ]

            columns = found(content, batch)
            buffers = [i for each in columns for i in each.buffers]
            if batch.codec is not None:
                columns = found(*unpacked(content, batch, buffers, name))
            elif len(wanted) > 1:
                columns = found(*at_once(content, batch, buffers))
            yield columns, content
            row += batch.n_rows

    def texts(self, column: str) -> Iterator[pa.Array]:
        """A column of texts, batch by batch."""
        for file, _ in self.files:
            for batch in _reader(file, self.head.schema.get_field_index(column)):
                yield batch.column(0)


class Piece(NamedTuple):
    """A batch that has rows, the bytes of its file, and the name of that."""

    batch: Batch
    content: FileArray
    name: str


def _pieces(file: BinaryIO, name: str) -> list[Piece]:
    found = [batch for batch in batches(file, name) if batch.n_rows]
    file.seek(0)
    size = (os.fstat(file.fileno()).st_size,)
    content = FileArray(file, size, BYTES, fortran=False, name=name)
    return [Piece(batch, content, name) for batch in found]


def _reader(file: BinaryIO, column: int | None = None) -> Iterator[pa.RecordBatch]:
    """The batches of a file or a stream, with one column alone."""
    only = ipc.IpcReadOptions(included_fields=None if column is None else [column])
    file.seek(0)
    start = file.read(len(MAGIC))
    file.seek(0)
    source = pa.PythonFile(file, "r")
    if start != MAGIC:
        yield from ipc.open_stream(source, options=only)
        return
    reader = ipc.open_file(source, options=only)
    for i in range(reader.num_record_batches):
        yield reader.get_batch(i)


def schema_of(file: BinaryIO, name: str) -> pa.Schema:
    """The columns of a file or a stream, and their types.

    Raises:
        InputError: it is neither.
    """
    start = file.read(8)
    if not start:
        raise InputError(f"{name}: expected an Arrow file, found an empty file")
    other = next((kind for mark, kind in OTHERS.items() if start.startswith(mark)), None)
    if other is not None:
        raise InputError(f"{name}: expected an Arrow file, found {other}; save it with {SAVER}")
    file.seek(0)
    source = pa.PythonFile(file, "r")
    with undamaged(name, SAVER):
        opened = ipc.open_file if start.startswith(MAGIC) else ipc.open_stream
        return opened(source).schema


@contextmanager
def joined(
    paths: Mapping[Path, str], name: str, features: Mapping[str, Any] | None = None
) -> Iterator[Arrow]:
    """The rows of several files, one behind the other, by what each is called.

    Raises:
        InputError: they are no whole Arrow files of the same columns.
    """
    with ExitStack() as stack:
        files = tuple(
            (stack.enter_context(reading(path, each)), each) for path, each in paths.items()
        )
        schemas = [schema_of(file, each) for file, each in files]
        for schema, (_, each) in zip(schemas, files, strict=True):
            if not schema.equals(schemas[0]):
                raise InputError(f"{each}: expected the columns and types of {files[0][1]}")
        with undamaged(name, SAVER):
            yield Arrow(Head(schemas[0], name, features or {}), files)


def opened(path: Path, name: str) -> AbstractContextManager[Arrow]:
    """The file at a path."""
    return joined({path: name}, name)
