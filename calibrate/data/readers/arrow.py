"""The .parquet, .arrow and .feather formats, and folders of saved datasets: typed columns."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import chain, islice
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import ipc, parquet, types

from calibrate.arrays import AnyArray
from calibrate.data.column import Column
from calibrate.data.decoded import decoded, decoded_texts
from calibrate.data.readers.contents import check_unpacked, undamaged
from calibrate.data.readers.registry import Format, Request
from calibrate.data.readers.table import (
    SCORES,
    WholeColumns,
    check_once,
    label_key,
    nearest,
    score_columns,
)
from calibrate.errors import InputError
from calibrate.files import check_regular, parsed, read_text, reading
from calibrate.text import brief, cut, listed

FORMATS = (
    Format((".parquet",), words="Parquet table", magic=b"PAR1", extra="arrow", table=True),
    Format((".arrow", ".feather"), words="Arrow table", magic=b"ARROW1", extra="arrow", table=True),
    Format(
        ("dataset/",),
        words="saved dataset",
        extra="arrow",
        table=True,
        marks=("dataset_dict.json", "state.json"),
    ),
)

PARQUET_SAVER, ARROW_SAVER = "pyarrow.parquet.write_table", "pyarrow.feather.write_feather"
OTHERS = {b"FEA1": "Feather of version 1", b"PAR1": "a Parquet file", b"ORC": "an ORC file"}
LISTS = (types.is_list, types.is_large_list, types.is_fixed_size_list)
TEXTS = (types.is_string, types.is_large_string, types.is_string_view)
MOST_WIDE = 1 << 24  # numbers in a list
AT_ONCE = 4 << 20  # bytes of rows that are decoded at once
BESIDE = 64  # columns of a Parquet file that are decoded side by side
MOST_ROWS = 1 << 16  # the same, where rows are short
PAGE = 1 << 16  # bytes of a column of a Parquet file that are read at once
SPLITS, STATE, INFO = "dataset_dict.json", "state.json", "dataset_info.json"
FILE_NAME = re.compile(r"(?!\.)[^/\\:\0]+")  # without a folder


def keys(path: Path, request: Request) -> list[str]:
    """``logits`` and ``labels``, as far as they are there, and each column."""
    with _opened(path, request) as table:
        found = [] if table.scores(request) is None else ["logits"]
        found += [] if table.labels(request) is None else ["labels"]
        return list(dict.fromkeys([*found, *table.schema.names]))


def open(path: Path, key: str | None, request: Request) -> Column:
    """All scores, ``(n, K)``, or one column, ``(n,)`` or ``(n, K)``, as numbers or as text.

    Raises:
        InputError: the file is damaged, or has no such column of numbers or texts.
    """
    with _opened(path, request) as table:
        wanted: str | tuple[str, ...] | None = key
        if key not in table.schema.names and key in ("logits", "labels"):
            wanted = table.scores(request) if key == "logits" else table.labels(request)
        if wanted is None or (isinstance(wanted, str) and wanted not in table.schema.names):
            near = nearest(key or "", table.schema.names)
            raise InputError(f"{table.name}: no column {brief(key)}{near}")
        if not isinstance(wanted, str):
            column = table.side_by_side(wanted, WholeColumns(table.labels(request), request))
        elif request.text and table.is_text(wanted):
            column = decoded_texts(table.name, table.texts(wanted))
        else:
            column = table.numbers(wanted)
        if not column.shape[0]:
            raise InputError(f"{table.name}: expected at least one row, found none")
        return table.named(column, key, request)


@dataclass(frozen=True)
class ArrowTable:
    """Open files of the same columns, one behind the other.

    Attributes:
        name: of all of them, as the user wrote it.
        schema: names and types of the columns.
        files: what each is called.
        is_parquet: whether they are of that format.
        features: of a Hugging Face dataset, by column, where they are known.
    """

    name: str
    schema: pa.Schema
    files: Mapping[Path, str]
    is_parquet: bool
    features: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def index(self) -> tuple[str, ...]:
        """The columns that pandas wrote of an index."""
        found = _metadata(self.schema, b"pandas").get("index_columns")
        held = found if isinstance(found, list) else []
        return tuple(name for name in held if isinstance(name, str) and name in self.schema.names)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        return tuple(name for name in self.schema.names if name not in self.index)

    def labels(self, request: Request) -> str | None:
        """The column of the labels, if there is one."""
        return label_key(self.columns, request.label_column, self.name)

    def scores(self, request: Request) -> str | tuple[str, ...] | None:
        """The column of lists of scores, else those of a number per class, if there are any."""
        labels, columns = self.labels(request), self.columns
        several = (name for name in SCORES if name in columns and name != labels)
        one = next((name for name in several if not _is_number(self._type(name))), None)
        rest = score_columns(columns, labels, request.leave_out)
        found = tuple(each for each in rest if _is_number(self._type(each)))
        return one or found or None

    def named(self, column: Column, key: str | None, request: Request) -> Column:
        """A column with the names of the classes, and which other columns were left out."""
        scores, labels = self.scores(request), self.labels(request)
        if key != "logits" or (key in self.columns and scores != key):
            return column
        if isinstance(scores, str) or scores is None:
            found = None if labels is None else self._class_label(labels)
            return replace(column, class_names=found)
        known = (*scores, labels, *request.leave_out)
        left = [name for name in self.columns if name not in known]
        notes = [f"{self.name}: left out, as they hold no numbers: {listed(left)}"] if left else []
        if self.index:
            notes.append(f"{self.name}: left out, as the index of pandas: {listed(self.index)}")
        return replace(column, class_names=scores, notes=tuple(notes))

    def _class_label(self, column: str) -> tuple[str, ...] | None:
        """The names of the classes of a column of type ClassLabel."""
        features = self.features or _metadata(self.schema, b"huggingface").get("info")
        if not self.features and isinstance(features, dict):
            features = features.get("features")
        found = features.get(column) if isinstance(features, Mapping) else None
        names = found.get("names") if isinstance(found, dict) else None
        if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
            return None
        return tuple(names) or None

    def _type(self, column: str) -> pa.DataType:
        return self.schema.field(column).type

    def is_text(self, column: str) -> bool:
        kind = self._type(column)
        return _any(TEXTS, kind.value_type if types.is_dictionary(kind) else kind)

    def _dtype(self, column: str) -> np.dtype[Any]:
        """Of the numbers in a column, single ones or those of its lists.

        Raises:
            InputError: it holds something else.
        """
        kind = self._type(column)
        inner = kind.value_type if _any(LISTS, kind) else kind
        if types.is_dictionary(kind):
            todo = "save the values that it stands for"
        elif not (_is_number(inner) or types.is_boolean(inner)):
            todo = "cast it to float32 or name another column"
        else:
            return _dtype_of(inner)
        raise InputError(
            f"{self.name}: column {brief(column)}: expected numbers, or lists of numbers, found "
            f"{cut(str(kind))}; {todo}"
        )

    def numbers(self, column: str) -> Column:
        """One column, ``(n,)`` or ``(n, K)``."""
        dtype, is_list = self._dtype(column), _any(LISTS, self._type(column))

        def blocks() -> Iterator[AnyArray]:
            row, width = 0, 0
            for batch in self._batches([column]):
                values = _values(batch.column(0), self.name, column, row)
                width = width or prod(values.shape[1:])
                if is_list and values.shape[1] != width:
                    raise _ragged(self.name, column, row, width, values.shape[1])
                row += len(values)
                yield values

        found = blocks()
        first = next(found, np.empty(0, dtype))
        return decoded(self.name, chain([first], found), first.shape[1:], dtype)

    def side_by_side(self, columns: tuple[str, ...], guess: WholeColumns) -> Column:
        """Columns of a number per row, ``(n, K)``.

        Of a Parquet file a few at a time, as each that is read takes up memory of its own.
        """
        dtype = np.result_type(*map(self._dtype, columns))
        beside = BESIDE if self.is_parquet else len(columns)
        parts = [
            decoded(self.name, self._blocks(some, dtype), (len(some),), dtype)
            for some in (columns[at : at + beside] for at in range(0, len(columns), beside))
        ]
        n_rows = parts[0].shape[0]
        if any(part.shape[0] != n_rows for part in parts):
            raise ValueError("columns of various lengths")
        column = parts[0]
        if len(parts) > 1:
            read = partial(_beside, tuple(part.read for part in parts))
            column = replace(column, shape=(n_rows, len(columns)), read=read)
        step = max(1, AT_ONCE // (len(columns) * dtype.itemsize))
        for start in range(0, n_rows, step):
            guess.add(column.read(start, start + step))
            if not guess.open:
                break
        guess.check(columns, self.name)
        return column

    def _blocks(self, columns: Sequence[str], dtype: np.dtype[Any]) -> Iterator[AnyArray]:
        row = 0
        for batch in self._batches(columns):
            found = np.empty((batch.num_rows, len(columns)), dtype)
            for i, each in enumerate(columns):
                found[:, i] = _values(batch.column(each), self.name, each, row)
            row += len(found)
            yield found

    def texts(self, column: str) -> Iterator[list[str]]:
        """A column of texts, some rows at a time."""
        row = 0
        for batch in self._batches([column]):
            found = batch.column(0).cast(pa.large_string())  # a category may be null, too
            if found.null_count:
                raise _null(self.name, column, row + _first_false(found.is_valid()))
            row += len(found)
            yield found.to_pylist()

    def _batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Some columns of all rows, as many at once as may be in memory."""
        for path, name in self.files.items():
            size = path.stat().st_size
            if self.is_parquet:
                held = _parquet(path)
                rows, several = self._rows(held, columns, size), len(columns) > 1
                yield from held.iter_batches(rows, columns=[*columns], use_threads=several)
                continue
            only = [self.schema.get_field_index(each) for each in columns]
            for batch in _ipc(path, only)[1]:
                batch.validate(full=True)
                check_unpacked(batch.nbytes, size, name)
                rows = max(1, min(MOST_ROWS, AT_ONCE * batch.num_rows // max(1, batch.nbytes)))
                yield from (batch.slice(at, rows) for at in range(0, batch.num_rows, rows))

    def _rows(self, held: parquet.ParquetFile, columns: Sequence[str], size: int) -> int:
        """How many rows of a Parquet file are decoded at once.

        Raises:
            InputError: its few bytes would fill the disk.
        """
        kinds = [self._type(each) for each in columns]
        each = sum(-(-int(kind.bit_width) // 8) for kind in kinds if _is_number(kind))
        if _any(LISTS, kinds[0]):  # damaged metadata may end the process: the first row says it
            few = islice(held.iter_batches(1, columns=[*columns]), 1)
            each = sum(int(batch.nbytes) for batch in few)
        check_unpacked(held.metadata.num_rows * each, size, self.name)
        return max(1, min(AT_ONCE // max(1, each), MOST_ROWS))


def _beside(reads: Sequence[Callable[[int, int], AnyArray]], start: int, stop: int) -> AnyArray:
    """Rows of several columns side by side."""
    return np.concatenate([read(start, stop) for read in reads], axis=1)


def _values(found: pa.Array, name: str, column: str, row: int) -> AnyArray:
    """``(n,)`` numbers, or ``(n, K)`` of lists that are all as long; ``row`` is the first."""
    if found.null_count:
        raise _null(name, column, row + _first_false(found.is_valid()))
    if not _any(LISTS, found.type):
        return _numpy(found)
    inner, width = found.flatten(), 0
    if types.is_fixed_size_list(found.type):
        width = int(found.type.list_size)
    else:
        lengths = np.diff(_numpy(found.offsets))
        width = int(lengths[0])
        if (lengths != width).any():
            odd = _first_false(lengths == width)
            raise _ragged(name, column, row + odd, width, int(lengths[odd]))
    if not 0 < width <= MOST_WIDE:
        raise InputError(
            f"{name}: column {brief(column)}: expected lists of 1 to {MOST_WIDE:,} numbers, found "
            f"{width:,} in each row"
        )
    if inner.null_count:
        raise _null(name, column, row + _first_false(inner.is_valid()) // width)
    return _numpy(inner).reshape(len(found), width)


def _numpy(found: pa.Array) -> AnyArray:
    """Numbers without nulls in place: ``to_numpy`` imports pandas, which takes a second."""
    dtype, start = _dtype_of(found.type), found.offset
    if not len(found):
        return np.empty(0, dtype)
    if types.is_boolean(found.type):
        bits = np.unpackbits(np.frombuffer(found.buffers()[1], np.uint8), bitorder="little")
        return bits[start : start + len(found)].view(np.bool_)
    return np.frombuffer(found.buffers()[1], dtype, len(found), start * dtype.itemsize)


def _dtype_of(kind: pa.DataType) -> np.dtype[Any]:
    return np.dtype({"halffloat": "f2", "float": "f4", "double": "f8"}.get(str(kind), str(kind)))


def _first_false(found: pa.Array | AnyArray) -> int:
    return int(np.argmin(np.asarray(found, np.bool_)))


def _null(name: str, column: str, row: int) -> InputError:
    return InputError(
        f"{name}: column {brief(column)}, row {row:,}: expected a value, found nothing (null); "
        "drop such rows or fill them"
    )


def _ragged(name: str, column: str, row: int, expected: int, found: int) -> InputError:
    return InputError(
        f"{name}: column {brief(column)}, row {row:,}: expected {expected:,} numbers, as in the "
        f"first row, found {found:,}"
    )


def _any(tests: Iterable[Any], kind: pa.DataType) -> bool:
    return any(test(kind) for test in tests)


def _is_number(kind: pa.DataType) -> bool:
    return bool(types.is_integer(kind) or types.is_floating(kind))


def _metadata(schema: pa.Schema, key: bytes) -> dict[str, Any]:
    """The JSON object under a key of the metadata of a schema; empty where there is none."""
    try:
        found = json.loads((schema.metadata or {}).get(key, b"{}"))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


# The files.


@contextmanager
def _opened(path: Path, request: Request) -> Iterator[ArrowTable]:
    """The columns of a file, or of all files of a folder.

    Raises:
        InputError: it is damaged, or something else.
    """
    name, is_parquet = request.file, request.suffix == ".parquet"
    files, features = _saved(path, name) if path.is_dir() else ({path: name}, {})
    kind, saver = (
        ("a Parquet file", PARQUET_SAVER) if is_parquet else ("an Arrow file", ARROW_SAVER)
    )
    with ExitStack() as stack:
        held = [stack.enter_context(reading(at, each)) for at, each in files.items()]
        first, schemas = next(iter(files.values())), []
        with undamaged(name, kind, saver), _sizes_in_question():
            for file, (at, each) in zip(held, files.items(), strict=True):
                start = file.read(8)
                other = "an empty file" if not start else None
                other = next((OTHERS[mark] for mark in OTHERS if start.startswith(mark)), other)
                if is_parquet:
                    other = other or f"something else (it starts with {start[:4]!r})"
                    other = None if start.startswith(b"PAR1") else other
                if other is not None:
                    raise InputError(
                        f"{each}: expected {kind}, found {other}; save it with {saver}"
                    )
                schemas.append(_parquet(at).schema_arrow if is_parquet else _ipc(at)[0])
                if not schemas[-1].equals(schemas[0]):
                    raise InputError(f"{each}: expected the columns and types of {first}")
            check_once(schemas[0].names, name)
            yield ArrowTable(name, schemas[0], files, is_parquet, features)


@contextmanager
def _sizes_in_question() -> Iterator[None]:
    """A file is damaged where it asks for more memory than there is: rows are never so many."""
    try:
        yield
    except pa.ArrowMemoryError as error:
        raise ValueError(str(error)) from error


def _parquet(path: Path) -> parquet.ParquetFile:
    return parquet.ParquetFile(pa.OSFile(str(path)), buffer_size=PAGE, pre_buffer=False)


def _ipc(
    path: Path, columns: Sequence[int] | None = None
) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """The columns and the batches of an Arrow file or stream.

    It is not mapped: a mapped file that is cut short while it is used ends the process.
    """
    source, options = pa.OSFile(str(path)), ipc.IpcReadOptions(included_fields=columns)
    is_file = source.read(6) == b"ARROW1"
    source.seek(0)
    if not is_file:
        stream = ipc.open_stream(source, options=options)
        return stream.schema, iter(stream)
    held = ipc.open_file(source, options=options)
    return held.schema, map(held.get_batch, range(held.num_record_batches))


def _saved(path: Path, name: str) -> tuple[dict[Path, str], dict[str, Any]]:
    """The files of a folder as ``Dataset.save_to_disk`` writes it, and what their columns are.

    Raises:
        InputError: it holds several splits, or is damaged.
    """
    if (path / SPLITS).is_file() and not (path / STATE).is_file():
        splits = _object(path / SPLITS, f"{name}/{SPLITS}").get("splits")
        found = [str(each) for each in splits] if isinstance(splits, list) else []
        first = found[0] if found else "SPLIT"
        raise InputError(
            f"{name}: expected one dataset, found the splits {listed(found)}; name one as "
            f"{name}/{first}"
        )
    state = _object(path / STATE, f"{name}/{STATE}")
    if state.get("_indices_data_files") or state.get("_indices_files"):
        raise InputError(
            f"{name}: expected rows in the order of its files, found a selection of them; save it "
            "again with Dataset.save_to_disk of today's datasets"
        )
    held, files = state.get("_data_files"), {}
    for entry in held if isinstance(held, list) else ():
        each = entry.get("filename") if isinstance(entry, dict) else None
        if not isinstance(each, str) or not FILE_NAME.fullmatch(each):
            raise InputError(
                f"{name}/{STATE}: expected names of files in the same folder, found "
                f"{brief(each)}; save it again with Dataset.save_to_disk"
            )
        if not (path / each).exists():
            raise InputError(f"{name}/{each}: no such file, though {STATE} names it")
        check_regular(path / each, f"{name}/{each}")
        files[path / each] = f"{name}/{each}"
    if not files:
        raise InputError(f"{name}/{STATE}: expected the names of files of rows, found none")
    info = _object(path / INFO, f"{name}/{INFO}") if (path / INFO).is_file() else {}
    features = info.get("features")
    return files, features if isinstance(features, dict) else {}


def _object(path: Path, name: str) -> dict[str, Any]:
    """The object in a JSON file."""
    check_regular(path, name)
    try:
        found = parsed(read_text(path))
    except InputError:
        raise
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{name}: expected JSON, found something else or a truncated file ({cut(str(error))}); "
            "save it again with Dataset.save_to_disk"
        ) from error
    if not isinstance(found, dict):
        raise InputError(f"{name}: expected a JSON object, found {brief(found)}")
    return found
