"""The .parquet format: scores and labels side by side, decoded once, a few rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet, types

from calibrate.arrays import AnyArray
from calibrate.data.columns import Opened
from calibrate.data.file_array import FileArray, Stacked
from calibrate.data.readers.arrow.typed_columns import (
    Head,
    check_width,
    first_false,
    no_rows,
    null_in,
    ragged,
    side_by_side,
    undamaged,
)
from calibrate.data.readers.contents import check_unpacked
from calibrate.data.readers.table import WholeColumns
from calibrate.data.spool import Spool
from calibrate.errors import InputError
from calibrate.files import reading

MAGIC, SAVER = b"PAR1", "pyarrow.parquet.write_table"
AT_ONCE = 8 << 20  # bytes of rows that are decoded at once
BESIDE = 64  # columns that are decoded side by side
PAGE = 1 << 16  # bytes of a column that are read at once
FEW = 1 << 16  # rows of one number each that are decoded at once, at most


@dataclass(frozen=True)
class Parquet:
    """An open file."""

    head: Head
    file: parquet.ParquetFile
    size: int

    def numbers(self, wanted: str | tuple[str, ...], guess: WholeColumns | None) -> Opened:
        """One column, ``(n,)`` or ``(n, K)``, or several side by side."""
        several = (wanted,) if isinstance(wanted, str) else wanted
        dtypes = [self.head.dtype(each) for each in several]
        n_rows = self.file.metadata.num_rows
        if not n_rows:
            raise no_rows(self.head.name)
        width = self._width(wanted) if isinstance(wanted, str) else len(wanted)
        check_unpacked(n_rows * width * dtypes[0].itemsize, self.size, self.head.name)
        if not isinstance(wanted, str):
            return self._columns(wanted, np.result_type(*dtypes), guess)
        spool, row = None, 0
        for batch in self._batches([wanted], dtypes[0].itemsize * width):
            values = _values(batch.column(0), self.head.name, wanted, row)
            if spool is None:
                spool = Spool(self.head.name, values.shape[1:], dtypes[0], n_rows)
            if values.size != len(values) * width:
                raise ragged(self.head.name, wanted, row, width, values.shape[1])
            spool.add(values)
            row += len(values)
        if spool is None:
            raise no_rows(self.head.name)
        return spool.array()

    def _columns(
        self, wanted: tuple[str, ...], dtype: np.dtype[Any], guess: WholeColumns | None
    ) -> Opened:
        """Some columns at a time, as each that is read takes up memory of its own."""
        name, n_rows = self.head.name, self.file.metadata.num_rows
        groups = [wanted[at : at + BESIDE] for at in range(0, len(wanted), BESIDE)]
        spool = Spool(name, (), dtype, n_rows * len(wanted))
        for group in groups:
            row = 0
            for batch in self._batches([*group], dtype.itemsize * len(group)):
                held = (_values(batch.column(each), name, each, row) for each in group)
                spool.add(side_by_side(held, (batch.num_rows, len(group)), dtype).reshape(-1))
                row += batch.num_rows
            if row != n_rows:
                raise ValueError(f"{row:,} rows where its metadata promises {n_rows:,}")
        flat, start = spool.array(), 0
        parts: list[AnyArray | FileArray] = []
        for group in groups:
            size = n_rows * len(group)
            shape = (n_rows, len(group))
            if isinstance(flat, np.ndarray):
                parts.append(flat[start : start + size].reshape(shape))
            else:
                parts.append(flat.part(start * dtype.itemsize, shape, dtype))
            start += size
        found = parts[0] if len(parts) == 1 else Stacked(parts, axis=1)
        if guess is not None:
            step = max(1, AT_ONCE // (len(wanted) * dtype.itemsize))
            for at in range(0, n_rows, step):
                guess.add(found[at : at + step])
                if not guess.open:
                    break
            guess.check(wanted, name)
        return found

    def texts(self, column: str) -> Iterator[pa.Array]:
        """A column of texts, some rows at a time."""
        for batch in self._batches([column], 1):
            yield batch.column(0)

    def _batches(self, columns: list[str], each: int) -> Iterator[pa.RecordBatch]:
        """Rows of ``each`` bytes, as many as may be in memory."""
        rows = max(1, min(AT_ONCE // max(1, each), FEW))
        return iter(self.file.iter_batches(rows, columns=columns))

    def _width(self, column: str) -> int:
        """How many numbers there are in the first row; damaged metadata may end the process."""
        if self.head.is_list(column):
            for batch in self._batches([column], AT_ONCE):
                return int(_values(batch.column(0), self.head.name, column, 0).size)
        return 1


def _values(found: pa.Array, name: str, column: str, row: int) -> AnyArray:
    """``(n,)`` numbers, or ``(n, K)`` of lists that are all as long."""
    if found.null_count:
        raise null_in(name, column, row + first_false(found.is_valid()))
    if types.is_boolean(found.type) or not found.type.num_fields:
        return np.asarray(found.to_numpy(zero_copy_only=False))
    rows, inner = len(found), found.flatten()
    if types.is_fixed_size_list(found.type):
        width = found.type.list_size
    else:
        lengths = found.value_lengths().to_numpy(zero_copy_only=False)
        width = int(lengths[0])
        if (lengths != width).any():
            odd = first_false(lengths == width)
            raise ragged(name, column, row + odd, width, int(lengths[odd]))
    check_width(width, name, column)
    if inner.null_count:
        raise null_in(name, column, row + first_false(inner.is_valid()) // width)
    values = inner.to_numpy(zero_copy_only=False)
    return np.asarray(values).reshape(rows, width)


@contextmanager
def opened(path: Path, name: str) -> Iterator[Parquet]:
    """The file at a path.

    Raises:
        InputError: it is no whole Parquet file.
    """
    with reading(path, name) as file:
        magic = file.read(len(MAGIC))
        if magic != MAGIC:
            found = f"something else (it starts with {magic!r})" if magic else "an empty file"
            raise InputError(
                f"{name}: expected a Parquet file, found {found}; save it with {SAVER}"
            )
        file.seek(0)
        with undamaged(name, SAVER):
            held = parquet.ParquetFile(pa.PythonFile(file, "r"), buffer_size=PAGE, pre_buffer=False)
            yield Parquet(Head(held.schema_arrow, name), held, path.stat().st_size)
