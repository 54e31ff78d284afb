"""Look at arrays of any kind: what their values are, block by block, in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from heapq import nsmallest
from math import inf, prod
from pathlib import Path
from typing import Any

import numpy as np

from calibrate.arrays import AnyArray
from calibrate.blocks.passes import map_reduce
from calibrate.blocks.sums import GREATEST, LEAST, Sums
from calibrate.data.column import Column, Flat
from calibrate.data.labels import HUGE, SUM_TOLERANCE
from calibrate.data.readers.answers import pair_among
from calibrate.data.readers.csv import is_number
from calibrate.data.readers.open import keys_held, open_as
from calibrate.data.readers.registry import TABLES, Address
from calibrate.data.scan import row_sum_tolerance
from calibrate.errors import InputError
from calibrate.results.inspection import ArrayFound, ArrayKind, Count, Counts, FileFound
from calibrate.results.json import LARGEST

BLOCK = 4 << 20  # bytes that are looked at at once
MOST_ROW = 256 << 20  # bytes of one of the first axis, of which no less can be read
MOST_DIFFERENT = 1 << 16  # values that are counted one by one
MOST_SHOWN = 10  # values that are listed
MANY = 100  # rows among which classes come back
MOST_ARRAYS = 50  # of a file that are looked at
ROLES = ("logits", "labels")
SCORES = (ArrayKind.logits, ArrayKind.probabilities, ArrayKind.log_probabilities, ArrayKind.chances)
LABELS = (ArrayKind.classes, ArrayKind.yes_no, ArrayKind.one_hot, ArrayKind.names)

Counted = dict[Any, int]


@dataclass(frozen=True)
class Tally:
    """How often each value is there; None: they are too many, or not whole."""

    counts: Counted | None = field(default_factory=dict)

    def __add__(self, other: Tally) -> Tally:
        if self.counts is None or other.counts is None:
            return Tally(None)
        few, many = sorted((self.counts, other.counts), key=len)
        both = dict(many)
        for value, count in few.items():
            both[value] = both.get(value, 0) + count
        return Tally(both if len(both) <= MOST_DIFFERENT else None)


@dataclass(frozen=True)
class ValuesSeen(Sums):
    """What the values of a block, or of all blocks added up, look like.

    Attributes:
        n: how many.
        low, high: the smallest and largest finite one.
        nan, infinite, masked: NaN, +inf, -inf.
        fractions: blocks in which not all finite ones are whole.
        sum_error: how far a row is from summing to 1; inf where a value is outside of [0, 1].
        log_error: the same of their exponentials; inf where a value is above 0.
        tally: of whole numbers, or of texts.
    """

    n: int = 0
    low: float = field(default=inf, metadata=LEAST)
    high: float = field(default=-inf, metadata=GREATEST)
    nan: int = 0
    infinite: int = 0
    masked: int = 0
    fractions: int = 0
    sum_error: float = field(default=0.0, metadata=GREATEST)
    log_error: float = field(default=0.0, metadata=GREATEST)
    tally: Tally = field(default_factory=Tally)


@dataclass(frozen=True)
class _Rows:
    """The rows of a column: numbers along the last axis where there are several."""

    flat: Flat
    n_rows: int
    block_rows: int

    def read(self, start: int, stop: int) -> AnyArray:
        return self.flat.read(slice(start, stop))


def look(block: AnyArray) -> ValuesSeen:
    """Look at ``(n,)`` or ``(n, K)`` real numbers or texts."""
    if block.dtype.kind in "US":
        return ValuesSeen(block.size, tally=_tally(block))
    tolerance = row_sum_tolerance(block.dtype)
    if block.dtype.kind == "b":
        block = block.view(np.uint8)
    native = block.dtype.newbyteorder("=")
    z = np.ascontiguousarray(block, np.float32 if native == np.float16 else native)
    real = z.dtype.kind == "f"
    finite = np.isfinite(z) if real else np.ones(1, bool)
    kept = z if finite.all() else z[finite]
    low, high = (float(kept.min()), float(kept.max())) if kept.size else (inf, -inf)
    nan = infinite = masked = 0
    if kept is not z:
        nan, infinite, masked = (
            int(np.count_nonzero(odd(z))) for odd in (np.isnan, np.isposinf, np.isneginf)
        )
    few = kept.reshape(-1)[:1024]  # these tell most arrays of fractions
    whole = not real or bool((few == np.floor(few)).all() and (kept == np.floor(kept)).all())
    sum_error = log_error = inf
    if kept is z and low >= 0 and high <= 1 + tolerance:
        sums = z.sum(axis=1, dtype=np.float64) if z.ndim == 2 else np.ones(1)
        sum_error = float(np.abs(sums - 1).max())
    elif real and z.ndim == 2 and not nan and not infinite and high <= tolerance:
        with np.errstate(under="ignore"):
            log_error = float(np.abs(np.exp(z).sum(axis=1, dtype=np.float64) - 1).max())
    tally = Tally({} if whole else None)
    if whole and (z.ndim == 1 or z.shape[1] == 1 or not real):  # not rows of scores
        tally = _tally(kept)
    return ValuesSeen(
        z.size, low, high, nan, infinite, masked, int(not whole), sum_error, log_error, tally
    )


def _tally(values: AnyArray) -> Tally:
    different, rows = np.unique(values, return_counts=True)
    few = len(different) <= MOST_DIFFERENT
    return Tally(dict(zip(different.tolist(), rows.tolist(), strict=True)) if few else None)


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
    seen = map_reduce(_Rows(Flat(column, width), n_rows, max(1, BLOCK // bytes_each)), look)
    low, high, tally, dtype = seen.low, seen.high, seen.tally, found.dtype
    if column.is_text:
        if column.categories is not None and tally.counts is not None:
            tally = Tally({column.categories[code]: n for code, n in tally.counts.items()})
        low, high, looks = inf, -inf, ArrayKind.names
        numbers = _numbers(tally)
        if numbers:
            low, high, tally = min(numbers), max(numbers), Tally(numbers)
            whole = all(value == int(value) for value in numbers)
            looks, dtype = _of_single(low, high, whole=whole, exact=False), "numbers"
    else:
        looks = kind_of(column, seen)
    if looks is ArrayKind.classes and (
        tally.counts is None or (seen.n >= MANY and 2 * len(tally.counts) > seen.n)
    ):  # numbers of rows, say
        looks = ArrayKind.whole
    some = low <= high
    counted = looks in (*LABELS, ArrayKind.whole)
    return replace(
        found,
        dtype=dtype,
        kind=looks,
        low=max(-LARGEST, low) if some else None,
        high=min(LARGEST, high) if some else None,
        nan=seen.nan / seen.n,
        infinite=seen.infinite / seen.n,
        masked=seen.masked / seen.n,
        sum_error=seen.sum_error if seen.sum_error < inf and not column.is_text else None,
        labels=_counts(tally.counts) if counted else None,
    )


def kind_of(column: Column, seen: ValuesSeen) -> ArrayKind:
    """What numbers look like."""
    whole, exact = not seen.fractions, column.dtype.kind != "f"
    if len(column.shape) == 1 or column.shape[-1] == 1:
        return _of_single(seen.low, seen.high, whole=whole, exact=exact)
    inside, tolerance = seen.sum_error < inf, row_sum_tolerance(column.dtype)
    if whole and (inside or exact):
        if seen.low < 0 or seen.high > 1:
            return ArrayKind.whole
        return ArrayKind.yes_no if seen.sum_error else ArrayKind.one_hot
    if inside:
        return ArrayKind.probabilities if seen.sum_error <= tolerance else ArrayKind.chances
    return ArrayKind.log_probabilities if seen.log_error <= tolerance else ArrayKind.logits


def _of_single(low: float, high: float, *, whole: bool, exact: bool) -> ArrayKind:
    """Of one number per row; ``exact``: of integers, which are no scores."""
    if low > high:
        return ArrayKind.nothing
    if whole and (exact or max(-low, high) < HUGE):
        return ArrayKind.yes_no if low >= 0 and high <= 1 else ArrayKind.classes
    return ArrayKind.chances if low >= 0 and high <= 1 + SUM_TOLERANCE else ArrayKind.logits


def _numbers(tally: Tally) -> Counted | None:
    """Texts as the numbers that they are; None where some are none."""
    found: Counted = {}
    for text, rows in (tally.counts or {}).items():
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
