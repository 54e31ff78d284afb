"""Look at the values of an array of any kind, block by block, in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from heapq import nsmallest
from math import inf, prod
from pathlib import Path

import numpy as np

from calibrate.arrays import AnyArray, Shaped
from calibrate.blocks.passes import map_reduce
from calibrate.blocks.sums import FirstSeen
from calibrate.data.column import Column, Flat, in_memory
from calibrate.data.readers.answers import pair_among
from calibrate.data.readers.csv import is_number
from calibrate.data.readers.open import keys_held, open_as
from calibrate.data.readers.registry import TABLES, Address
from calibrate.data.scan import HUGE, SUM_TOLERANCE, Scan, Tally, row_sum_tolerance, scan_any
from calibrate.errors import InputError
from calibrate.results.inspection import ArrayFound, ArrayKind, Count, Counts, FileFound
from calibrate.results.json import LARGEST

BLOCK = 4 << 20  # bytes that are looked at at once
MOST_ROW = 256 << 20  # bytes of one of the first axis, of which no less can be read
REAL, TEXT = "biuf", "US"


@dataclass(frozen=True)
class _Rows:
    """The rows of a column: numbers along the last axis where there are several."""

    flat: Flat
    n_rows: int
    block_rows: int

    def read(self, start: int, stop: int) -> AnyArray:
        return self.flat.read(slice(start, stop))


def readable(column: Column) -> bool:
    """Whether the values of a column can be looked at, a few at a time."""
    each = column.dtype.itemsize * prod(column.shape[1:])
    return bool(column.shape) and prod(column.shape) > 0 and each <= MOST_ROW


def values_of(column: Column) -> Scan:
    """Look at the values of a ``readable`` column of real numbers or texts, in one pass."""
    shape = column.shape
    width = None if len(shape) == 1 else shape[-1]
    n_rows = shape[0] if width is None else prod(shape) // width
    size = column.dtype.itemsize * (width or 1)
    rows = _Rows(Flat(column, width), n_rows, max(1, BLOCK // size))
    return map_reduce(rows, scan_any)


# What an array looks like: from its shape, its dtype and what one look at its values gave.


MOST_SHOWN = 10  # values that are listed
MANY = 100  # rows among which classes come back
SCORES = (ArrayKind.logits, ArrayKind.probabilities, ArrayKind.log_probabilities, ArrayKind.chances)
LABELS = (ArrayKind.classes, ArrayKind.yes_no, ArrayKind.one_hot, ArrayKind.names)


def with_values(found: ArrayFound, array: Column, values: Scan) -> ArrayFound:
    """An array with what its values look like."""
    text = array.is_text
    numbers = _numbers(values.tally) if text else None
    low, high, tally = values.low, values.high, values.tally
    if numbers is not None and numbers.counts:
        low, high, tally = min(numbers.counts), max(numbers.counts), numbers
    kind = ArrayKind.names
    if not text:
        kind = kind_of(array, values)
    elif numbers is not None:
        kind = _of_single(Scan(low=low, high=high, fractions=FirstSeen(_fractions(numbers))))
    if kind is ArrayKind.classes and _mostly_different(tally, values.n):
        kind = ArrayKind.whole
    n = max(1, values.n)
    some = low <= high
    return ArrayFound(
        found.key,
        array.shape,
        "numbers" if numbers is not None and kind is not ArrayKind.names else found.dtype,
        kind,
        _bounded(low) if some else None,
        _bounded(high) if some else None,
        values.nan.count / n,
        values.infinite.count / n,
        values.masked.count / n,
        values.sum_error.value if values.sum_error.value < inf and not text else None,
        _counts(tally) if kind in (*LABELS, ArrayKind.whole) else None,
    )


def _bounded(value: float) -> float:
    """As JSON may hold it."""
    return max(-LARGEST, min(LARGEST, value))


def _mostly_different(tally: Tally, n: int) -> bool:
    """Whether values are numbers of rows, say, rather than of classes."""
    return tally.counts is None or (n >= MANY and 2 * len(tally.counts) > n)


def kind_of(array: Shaped, values: Scan) -> ArrayKind:
    """What numbers look like."""
    shape = array.shape
    if len(shape) == 1 or shape[-1] == 1:
        return _of_single(values, exact=array.dtype.kind != "f")
    inside = values.sum_error.value < inf
    tolerance = row_sum_tolerance(array.dtype)
    if not values.fractions.count and array.dtype.kind in "biu":
        if values.low >= 0 and values.high <= 1:
            return ArrayKind.one_hot if not values.sum_error.value else ArrayKind.yes_no
        return ArrayKind.whole
    if not values.fractions.count and inside:
        return ArrayKind.one_hot if not values.sum_error.value else ArrayKind.yes_no
    if inside:
        return ArrayKind.probabilities if values.sum_error.value <= tolerance else ArrayKind.chances
    if values.log_error.value <= tolerance:
        return ArrayKind.log_probabilities
    return ArrayKind.logits


def _of_single(values: Scan, *, exact: bool = False) -> ArrayKind:
    """Of one number per row; ``exact``: of integers, which are no scores."""
    if values.low > values.high:
        return ArrayKind.nothing
    if not values.fractions.count and (exact or max(-values.low, values.high) < HUGE):
        return ArrayKind.yes_no if values.low >= 0 and values.high <= 1 else ArrayKind.classes
    inside = values.low >= 0 and values.high <= 1 + SUM_TOLERANCE
    return ArrayKind.chances if inside else ArrayKind.logits


def _numbers(tally: Tally) -> Tally | None:
    """Texts as the numbers that they are; None where some are none."""
    if not tally.counts or not all(is_number(str(text).strip()) for text in tally.counts):
        return None
    found: dict[float, int] = {}
    for text, rows in tally.counts.items():
        value = float(text)
        if not abs(value) < inf:
            return None
        found[value] = found.get(value, 0) + rows
    return Tally(found)


def _fractions(tally: Tally) -> int:
    return sum(value != int(value) for value in tally.counts or ())


def _counts(tally: Tally) -> Counts | None:
    if tally.counts is None:
        return Counts(None)
    if not tally.counts:
        return None
    order = sorted(tally.counts.items(), key=lambda pair: -pair[1])
    most = tuple(Count(_said(value), rows) for value, rows in order[:MOST_SHOWN])
    numbers = [pair for pair in order if isinstance(pair[0], (int, float))]
    least = tuple(Count(_said(value), rows) for value, rows in nsmallest(2, numbers))
    return Counts(len(order), most, least)


def _said(value: object) -> str:
    """A value as text: whole numbers without a point."""
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    whole = isinstance(value, float) and value == int(value)
    return str(int(value)) if isinstance(value, float) and whole else str(value)


# A file of arrays: each of them opened, and looked at once.


MOST_ARRAYS = 50  # of a file that are looked at
ROLES = ("logits", "labels")


@dataclass(frozen=True)
class Look:
    """An array that was opened.

    Attributes:
        file, key: where it is; the key is None where there is none, or none is needed.
        column: itself.
        found: what it looks like.
    """

    file: str
    key: str | None
    column: Column
    found: ArrayFound

    @property
    def name(self) -> str:
        """As it is named on a command line."""
        return self.file if self.key is None else f"{self.file}:{self.key}"


def looks_of(file: FileFound, address: Address) -> tuple[FileFound, list[Look]]:
    """The arrays of a file that is read under ``address.suffix``; what is wrong is in the result.

    Raises:
        OSError: the file cannot be read.
    """
    try:
        held = keys_held(address)
    except InputError as error:
        return replace(file, problem=_without(str(error), address)), []
    wanted, others = _chosen(held, address)
    looks, arrays = [], []
    class_names, notes = file.class_names, file.notes
    for key in wanted[:MOST_ARRAYS]:
        found, column = _looked(key, address)
        arrays.append(found)
        if column is not None:
            plain = address.key is None and (key in ROLES or len(wanted) == 1)
            looks.append(Look(address.file, None if plain else key, column, found))
            class_names = class_names or column.class_names
            notes += tuple(_without(note, address) for note in column.notes)
    return replace(
        file,
        arrays=tuple(arrays),
        more=max(0, len(wanted) - MOST_ARRAYS),
        others=others,
        class_names=class_names,
        notes=notes,
    ), looks


def _chosen(held: list[str] | None, address: Address) -> tuple[list[str | None], tuple[str, ...]]:
    """The keys that are looked at, and the others: most columns of a table are in its scores."""
    if address.key is not None:
        return [address.key], ()
    if held is None:
        return [None], ()
    names = list(dict.fromkeys(held))
    others = tuple(name for name in names if name not in ROLES)
    if address.suffix not in TABLES:
        return [*(role for role in ROLES if role in names), *others], ()
    pair = pair_in(names)
    if pair:
        return [*pair], tuple(name for name in names if name not in (*pair, *ROLES))
    roles: list[str | None] = [role for role in ROLES if role in names]
    return (roles, others) if roles else ([*others], ())


def pair_in(names: Sequence[str]) -> list[str]:
    """The columns of the confidence in answers, and of whether they were right; else nothing."""
    try:
        return list(pair_among([name for name in names if name not in ROLES], "") or ())
    except InputError:  # several may be meant
        return []


def is_pair(keys: Sequence[str | None]) -> bool:
    """Whether two keys are those of a pair."""
    names = [key for key in keys if key is not None]
    return bool(names) and pair_in(names) == names


def _looked(key: str | None, address: Address) -> tuple[ArrayFound, Column | None]:
    """One array, and the column itself where it could be read."""
    try:
        column = _opened(key, address)
        return look_at(ArrayFound(key, column.shape, dtype_of(column)), column), column
    except InputError as error:
        message = str(error).removeprefix(f"{address.file}:{key}: ")
        return ArrayFound(key, problem=_without(message, address)), None
    except MemoryError:
        return ArrayFound(key, problem="takes more memory than there is"), None


def _opened(key: str | None, address: Address) -> Column:
    """Labels as text, as the commands read them; other columns of a table as what they are."""
    if key in ROLES or address.suffix not in TABLES:
        return open_as(address, key, text=key != "logits")
    try:
        return open_as(address, key, text=False)
    except InputError:
        return open_as(address, key, text=True)


def look_at(found: ArrayFound, column: Column) -> ArrayFound:
    """An array with what its values look like, where they can be looked at."""
    kind = column.dtype.kind
    if column.categories is not None:
        return with_values(found, column, _coded_values(column))
    if kind not in REAL + TEXT or (column.dtype.itemsize > 8 and kind == "f"):
        return replace(found, kind=ArrayKind.other)
    if not column.shape:
        return replace(found, kind=ArrayKind.number)
    if 0 in column.shape:
        return replace(found, kind=ArrayKind.nothing)
    if not readable(column):
        return replace(found, problem="each of its rows is too large to be looked at")
    return with_values(found, column, values_of(column))


@dataclass(frozen=True)
class _Codes:
    """The codes of texts, by range."""

    column: Column
    block_rows: int = 1 << 20

    @property
    def n_rows(self) -> int:
        return self.column.shape[0]

    def read(self, start: int, stop: int) -> _Counted:
        codes = self.column.read(start, stop)
        return _Counted(np.bincount(codes, minlength=len(self.column.categories or ())))


class _Counted:
    """How many rows have each code."""

    def __init__(self, rows: np.ndarray) -> None:
        self.rows = rows

    def __add__(self, other: _Counted) -> _Counted:
        return _Counted(self.rows + other.rows)


def _itself(counted: _Counted) -> _Counted:
    return counted


def _coded_values(column: Column) -> Scan:
    n = column.shape[0]
    if not n:
        return Scan()
    rows = map_reduce(_Codes(column), _itself).rows
    return Scan(n, tally=Tally(dict(zip(column.categories or (), rows.tolist(), strict=True))))


def dtype_of(column: Column) -> str:
    """In words where numpy's are for programmers."""
    dtype = column.dtype
    if dtype.names is not None:
        return f"fields {', '.join(dtype.names)}"
    return "text" if column.is_text else str(dtype)


def _without(message: str, address: Address) -> str:
    """A message about a file without its name, under which it is shown."""
    for name in (address.name, address.file, str(address.path), str(Path(address.file).absolute())):
        message = message.removeprefix(f"{name}: ")
    return message


def of_array(file: str, key: str, values: np.ndarray) -> Look:
    """An array that was made of a file."""
    column = in_memory(values, f"{file}:{key}")
    found = ArrayFound(key, values.shape, str(values.dtype))
    return Look(file, key, column, look_at(found, column))
