"""Look at arrays of any kind: what their values are, block by block, in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from heapq import nsmallest
from math import inf, prod
from pathlib import Path

from calibrate.arrays import AnyArray
from calibrate.blocks.passes import map_reduce
from calibrate.data.column import Column, Flat
from calibrate.data.readers.answers import pair_among
from calibrate.data.readers.csv import is_number
from calibrate.data.readers.open import keys_held, open_as
from calibrate.data.readers.registry import TABLES, Address
from calibrate.data.scan import (
    HUGE,
    SUM_TOLERANCE,
    Counted,
    Scan,
    row_sum_tolerance,
    scan_any,
)
from calibrate.errors import InputError
from calibrate.results.inspection import ArrayFound, ArrayKind, Count, Counts, FileFound
from calibrate.results.json import LARGEST

BLOCK = 4 << 20  # bytes that are looked at at once
MOST_ROW = 256 << 20  # bytes of one of the first axis, of which no less can be read
MOST_SHOWN = 10  # values that are listed
MANY = 100  # rows among which classes come back
MOST_ARRAYS = 50  # of a file that are looked at
ROLES = ("logits", "labels")
SCORES = (ArrayKind.logits, ArrayKind.probabilities, ArrayKind.log_probabilities, ArrayKind.chances)
LABELS = (ArrayKind.classes, ArrayKind.yes_no, ArrayKind.one_hot, ArrayKind.names)


@dataclass(frozen=True)
class _Rows:
    """The rows of a column: numbers along the last axis where there are several."""

    flat: Flat
    n_rows: int
    block_rows: int

    def read(self, start: int, stop: int) -> AnyArray:
        return self.flat.read(slice(start, stop))


def look_at(found: ArrayFound, column: Column) -> ArrayFound:
    """An array with what its values look like, where they can be looked at."""
    shape, kind, size = column.shape, column.dtype.kind, column.dtype.itemsize
    if kind not in "biufUS" or (size > 8 and kind == "f"):
        return replace(found, kind=ArrayKind.other)
    if not shape:
        return replace(found, kind=ArrayKind.number)
    if 0 in shape:
        return replace(found, kind=ArrayKind.nothing)
    if size * prod(shape[1:]) > MOST_ROW:
        return replace(found, problem="each of its rows is too large to be looked at")
    width = None if len(shape) == 1 else shape[-1]
    n_rows, bytes_each = prod(shape) // (width or 1), size * (width or 1)
    seen = map_reduce(_Rows(Flat(column, width), n_rows, max(1, BLOCK // bytes_each)), scan_any)
    low, high, tally, dtype = seen.low, seen.high, seen.tally, found.dtype
    if column.is_text:
        if column.categories is not None and tally is not None:
            tally = {column.categories[code]: n for code, n in tally.items()}
        low, high, looks = inf, -inf, ArrayKind.names
        numbers = _numbers(tally)
        if numbers:
            low, high, tally = min(numbers), max(numbers), numbers
            whole = all(value == int(value) for value in numbers)
            looks, dtype = _of_single(low, high, whole=whole, exact=False), "numbers"
    else:
        looks = kind_of(column, seen)
    if looks is ArrayKind.classes and (
        tally is None or (seen.n >= MANY and 2 * len(tally) > seen.n)
    ):  # numbers of rows, say
        looks = ArrayKind.whole
    some, error = low <= high, seen.sum_error.value
    counted = looks in (*LABELS, ArrayKind.whole)
    return replace(
        found,
        dtype=dtype,
        kind=looks,
        low=max(-LARGEST, low) if some else None,
        high=min(LARGEST, high) if some else None,
        nan=seen.nan.count / seen.n,
        infinite=seen.infinite.count / seen.n,
        masked=seen.masked.count / seen.n,
        sum_error=error if error < inf and not column.is_text else None,
        labels=_counts(tally) if counted else None,
    )


def kind_of(column: Column, seen: Scan) -> ArrayKind:
    """What numbers look like."""
    whole, exact = not seen.fractions.count, column.dtype.kind != "f"
    if len(column.shape) == 1 or column.shape[-1] == 1:
        return _of_single(seen.low, seen.high, whole=whole, exact=exact)
    error, tolerance = seen.sum_error.value, row_sum_tolerance(column.dtype)
    inside = error < inf
    if whole and (inside or exact):
        if seen.low < 0 or seen.high > 1:
            return ArrayKind.whole
        return ArrayKind.yes_no if error else ArrayKind.one_hot
    if inside:
        return ArrayKind.probabilities if error <= tolerance else ArrayKind.chances
    return ArrayKind.log_probabilities if seen.log_error.value <= tolerance else ArrayKind.logits


def _of_single(low: float, high: float, *, whole: bool, exact: bool) -> ArrayKind:
    """Of one number per row; ``exact``: of integers, which are no scores."""
    if low > high:
        return ArrayKind.nothing
    if whole and (exact or max(-low, high) < HUGE):
        return ArrayKind.yes_no if low >= 0 and high <= 1 else ArrayKind.classes
    return ArrayKind.chances if low >= 0 and high <= 1 + SUM_TOLERANCE else ArrayKind.logits


def _numbers(tally: Counted | None) -> Counted | None:
    """Texts as the numbers that they are; None where some are none."""
    found: Counted = {}
    for text, rows in (tally or {}).items():
        if not is_number(str(text).strip()) or not abs(float(text)) < inf:
            return None
        found[float(text)] = found.get(float(text), 0) + rows
    return found or None


def _counts(counts: Counted | None) -> Counts | None:
    if counts is None:
        return Counts(None)
    if not counts:
        return None
    order = sorted(counts.items(), key=lambda pair: -pair[1])
    numbers = [pair for pair in order if isinstance(pair[0], (int, float))]
    shown = order[:MOST_SHOWN], nsmallest(2, numbers)
    most, least = (tuple(Count(_as_text(v), rows) for v, rows in pairs) for pairs in shown)
    return Counts(len(order), most, least)


def _as_text(value: object) -> str:
    """A value as text: whole numbers without a point."""
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    return str(int(value) if isinstance(value, float) and value == int(value) else value)


# A file of arrays: each of them opened, and looked at once.


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


def look_at_column(file: str, key: str | None, column: Column) -> Look:
    """Look at an array that was opened without a key, or made of a file."""
    found = look_at(ArrayFound(key, column.shape, dtype_of(column)), column)
    return Look(file, None, column, found)


def dtype_of(column: Column) -> str:
    """In words where numpy's are for programmers."""
    if column.dtype.names is not None:
        return f"fields {', '.join(column.dtype.names)}"
    return "text" if column.is_text else str(column.dtype)


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
        try:
            column = _opened(key, address)
            found = look_at(ArrayFound(key, column.shape, dtype_of(column)), column)
        except InputError as error:
            message = _without(str(error).removeprefix(f"{address.file}:{key}: "), address)
            arrays.append(ArrayFound(key, problem=message))
            continue
        except MemoryError:
            arrays.append(ArrayFound(key, problem="takes more memory than there is"))
            continue
        arrays.append(found)
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
    if address.key is not None or held is None:
        return [address.key], ()
    names = list(dict.fromkeys(held))
    others = tuple(name for name in names if name not in ROLES)
    roles: list[str | None] = [role for role in ROLES if role in names]
    if address.suffix not in TABLES:
        return [*roles, *others], ()
    pair = pair_in(names)
    if pair:
        return [*pair], tuple(name for name in others if name not in pair)
    return (roles, others) if roles else ([*others], ())


def pair_in(names: Sequence[str]) -> list[str]:
    """The columns of the confidence in answers, and of whether they were right; else nothing."""
    try:
        return list(pair_among([name for name in names if name not in ROLES], "") or ())
    except InputError:  # several may be meant
        return []


def _opened(key: str | None, address: Address) -> Column:
    """Labels as text, as the commands read them; other columns of a table as what they are."""
    if key in ROLES or address.suffix not in TABLES:
        return open_as(address, key, text=key != "logits")
    try:
        return open_as(address, key, text=False)
    except InputError:
        return open_as(address, key, text=True)


def _without(message: str, address: Address) -> str:
    """A message about a file without its name, under which it is shown."""
    for name in (address.name, address.file, str(address.path), str(Path(address.file).absolute())):
        message = message.removeprefix(f"{name}: ")
    return message
