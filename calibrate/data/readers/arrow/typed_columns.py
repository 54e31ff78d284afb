"""Tables whose columns have types, as in Arrow and Parquet: which hold scores, which labels."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from pyarrow import types

from calibrate.arrays import AnyArray
from calibrate.data.columns import Opened
from calibrate.data.readers.json import SCORES
from calibrate.data.readers.label_column import label_key, nearest, score_columns
from calibrate.data.readers.registry import About, Asked
from calibrate.data.readers.table import WholeColumns
from calibrate.data.spool import CodedArray, Coder
from calibrate.errors import InputError
from calibrate.text import brief, cut, listed

LISTS = (types.is_list, types.is_large_list, types.is_fixed_size_list)
TEXTS = (types.is_string, types.is_large_string, types.is_string_view)
MOST_WIDE = 1 << 24  # classes
ROWS_AT_ONCE = 16 << 20  # bytes of rows that are decoded at once


@dataclass(frozen=True)
class Head:
    """What the schema of a table says.

    Attributes:
        schema: names and types.
        name: of the file, as the user wrote it.
        features: of a Hugging Face dataset, by column, where they are known.
    """

    schema: pa.Schema
    name: str
    features: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        twice, times = Counter(self.schema.names or [""]).most_common(1)[0]
        if times > 1:
            raise InputError(
                f"{self.name}: {times} columns are named {brief(twice)}; name each of them "
                "otherwise"
            )

    @cached_property
    def index(self) -> tuple[str, ...]:
        """The columns that pandas wrote of an index."""
        found = _object(self.schema.metadata, b"pandas").get("index_columns")
        held = found if isinstance(found, list) else []
        return tuple(name for name in held if isinstance(name, str) and name in self.schema.names)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        return tuple(name for name in self.schema.names if name not in self.index)

    def type(self, column: str) -> pa.DataType:
        return self.schema.field(column).type

    def labels(self, asked: Asked) -> str | None:
        """The column of the labels, if there is one."""
        return label_key(self.columns, asked.label_column, self.name)

    def scores(self, asked: Asked) -> str | tuple[str, ...] | None:
        """The column of lists of scores, else those of a number per class, if there are any."""
        labels, columns = self.labels(asked), self.columns
        several = (name for name in SCORES if name in columns and name != labels)
        one = next((name for name in several if not _is_number(self.type(name))), None)
        rest = score_columns(columns, labels, asked.leave_out)
        found = tuple(each for each in rest if _is_number(self.type(each)))
        return one or found or None

    def keys(self, asked: Asked) -> list[str]:
        """``logits`` and ``labels``, as far as they are there, and each column."""
        found = [] if self.scores(asked) is None else ["logits"]
        found += [] if self.labels(asked) is None else ["labels"]
        return list(dict.fromkeys([*found, *self.schema.names]))

    def about(self, key: str | None, asked: Asked) -> About:
        """The names of the classes, and which columns were left out."""
        scores, labels = self.scores(asked), self.labels(asked)
        if key != "logits" or (key in self.columns and scores != key):
            return About()
        if isinstance(scores, str) or scores is None:
            return About(None if labels is None else self._class_label(labels))
        known = (*scores, labels, *asked.leave_out)
        left = [name for name in self.columns if name not in known]
        notes = [f"{self.name}: left out, as they hold no numbers: {listed(left)}"] if left else []
        if self.index:
            notes.append(f"{self.name}: left out, as the index of pandas: {listed(self.index)}")
        return About(scores, tuple(notes))

    def wanted(self, key: str | None, asked: Asked) -> str | tuple[str, ...]:
        """The columns behind a key.

        Raises:
            InputError: there are none.
        """
        held: str | tuple[str, ...] | None = key
        if key not in self.schema.names and key in ("logits", "labels"):
            held = self.scores(asked) if key == "logits" else self.labels(asked)
        if held is None or (isinstance(held, str) and held not in self.schema.names):
            names = self.schema.names
            raise InputError(f"{self.name}: no column {brief(key)}{nearest(key or '', names)}")
        return held

    def _class_label(self, column: str) -> tuple[str, ...] | None:
        """The names of the classes of a column of type ClassLabel."""
        features = self.features or _object(self.schema.metadata, b"huggingface").get("info")
        if not self.features and isinstance(features, dict):
            features = features.get("features")
        found = features.get(column) if isinstance(features, Mapping) else None
        names = found.get("names") if isinstance(found, dict) else None
        if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
            return None
        return tuple(names) or None

    def dtype(self, column: str) -> np.dtype[Any]:
        """Of the numbers in a column, single ones or those of its lists.

        Raises:
            InputError: it holds something else.
        """
        kind = self.type(column)
        inner = kind.value_type if _any(LISTS, kind) else kind
        if not (_is_number(inner) or types.is_boolean(inner)):
            raise InputError(
                f"{self.name}: column {brief(column)}: expected numbers, or lists of numbers, "
                f"found {cut(str(kind))}; cast it to float32 or name another column"
            )
        found: np.dtype[Any] = np.dtype(inner.to_pandas_dtype())
        return found

    def is_list(self, column: str) -> bool:
        return _any(LISTS, self.type(column))

    def is_text(self, column: str) -> bool:
        kind = self.type(column)
        return _any(TEXTS, kind.value_type if types.is_dictionary(kind) else kind)


class Table(Protocol):
    """An open file.

    Attributes:
        head: what it holds.
    """

    @property
    def head(self) -> Head: ...

    def numbers(self, wanted: str | tuple[str, ...], guess: WholeColumns | None) -> Opened:
        """One column, ``(n,)`` or ``(n, K)``, or several side by side, which ``guess`` looks at."""

    def texts(self, column: str) -> Iterator[pa.Array]:
        """A column of texts, some rows at a time."""


def values_of(table: Table, key: str | None, asked: Asked) -> Opened:
    """The columns behind a key, ``(n, K)`` or ``(n,)``, as numbers or as text.

    Raises:
        InputError: there are none, or they hold something else.
    """
    head = table.head
    wanted = head.wanted(key, asked)
    if isinstance(wanted, str) and asked.text and head.is_text(wanted):
        return _coded(table, wanted)
    if isinstance(wanted, str) and types.is_dictionary(head.type(wanted)):
        raise InputError(
            f"{head.name}: column {brief(wanted)}: expected numbers, found "
            f"{cut(str(head.type(wanted)))}; save the values that it stands for"
        )
    guess = None if isinstance(wanted, str) else WholeColumns.of(head.labels(asked), asked)
    return table.numbers(wanted, guess)


def _coded(table: Table, column: str) -> CodedArray:
    name, coder = table.head.name, Coder(table.head.name)
    for found in table.texts(column):
        found.validate(full=True)
        texts = found.cast(pa.large_string())
        if texts.null_count:
            row = coder.n_rows + first_false(texts.is_valid())
            raise null_in(name, column, row)
        coder.add(texts.to_pylist())
    if not coder.n_rows:
        raise no_rows(name)
    return coder.array()


def first_false(found: pa.Array | AnyArray) -> int:
    return int(np.argmin(np.asarray(found, np.bool_)))


def null_in(name: str, column: str, row: int) -> InputError:
    return InputError(
        f"{name}: column {brief(column)}, row {row:,}: expected a value, found nothing (null); "
        "drop such rows or fill them"
    )


def ragged(name: str, column: str, row: int, expected: int, found: int) -> InputError:
    return InputError(
        f"{name}: column {brief(column)}, row {row:,}: expected {expected:,} numbers, as in the "
        f"first row, found {found:,}"
    )


def no_rows(name: str) -> InputError:
    return InputError(f"{name}: expected at least one row, found none")


@contextmanager
def undamaged(name: str, saver: str) -> Iterator[None]:
    """Whatever a damaged file makes the library stumble over, in one line."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # pyarrow raises ValueError, OSError, KeyError and more
        if isinstance(error, MemoryError) and not isinstance(error, pa.ArrowException):
            raise  # that of pyarrow is about sizes that cannot be
        raise InputError(
            f"{name}: damaged, truncated or of an unknown kind ({cut(str(error))}); save it again "
            f"with {saver}"
        ) from error


def check_width(width: int, name: str, column: str) -> None:
    """Raise InputError for lists of no scores, or of more than anybody has."""
    if not 0 < width <= MOST_WIDE:
        raise InputError(
            f"{name}: column {brief(column)}: expected lists of 1 to {MOST_WIDE:,} numbers, found "
            f"{width:,} in each row"
        )


def side_by_side(
    columns: Iterable[AnyArray], shape: tuple[int, int], dtype: np.dtype[Any]
) -> AnyArray:
    """``(rows, K)`` of K columns."""
    together = np.empty(shape, dtype)
    for i, each in enumerate(columns):
        together[:, i] = each
    return together


def _any(tests: Iterable[Any], kind: pa.DataType) -> bool:
    return any(test(kind) for test in tests)


def _is_number(kind: pa.DataType) -> bool:
    return bool(types.is_integer(kind) or types.is_floating(kind))


def _object(metadata: Mapping[bytes, bytes] | None, key: bytes) -> dict[str, Any]:
    """The JSON object under a key of the metadata of a schema; empty where there is none."""
    try:
        found = json.loads((metadata or {}).get(key, b"{}"))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
