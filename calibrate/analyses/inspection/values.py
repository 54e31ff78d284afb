"""Look at the values of an array of any kind, block by block, in one pass."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf, prod
from typing import Any

import numpy as np

from calibrate.arrays import AnyArray, FloatArray
from calibrate.blocks.passes import map_reduce
from calibrate.blocks.sums import GREATEST, LEAST, Sums
from calibrate.data.columns import Column, Flat
from calibrate.data.row_sums import row_sum_tolerance

BLOCK = 4 << 20  # bytes that are looked at at once
MOST_ROW = 256 << 20  # bytes of one of the first axis, of which no less can be read
MOST_DIFFERENT = 1 << 16  # values that are counted one by one
FEW = 1 << 10  # values that tell most arrays of fractions
REAL, TEXT = "biuf", "US"


@dataclass(frozen=True)
class Tally:
    """How often each value is there; None: they are too many, or not whole."""

    counts: dict[Any, int] | None = field(default_factory=dict)

    def __add__(self, other: Tally) -> Tally:
        if self.counts is None or other.counts is None:
            return Tally(None)
        few, many = sorted((self.counts, other.counts), key=len)
        both = dict(many)
        for value, count in few.items():
            both[value] = both.get(value, 0) + count
        return Tally(both if len(both) <= MOST_DIFFERENT else None)

    @staticmethod
    def of(values: AnyArray) -> Tally:
        """Of whole numbers or texts."""
        ordered = np.sort(values, axis=None)
        starts = np.r_[0, np.flatnonzero(ordered[1:] != ordered[:-1]) + 1]
        if not len(ordered):
            return Tally()
        if len(starts) > MOST_DIFFERENT:
            return Tally(None)
        rows = np.diff(np.r_[starts, len(ordered)])
        return Tally(dict(zip(ordered[starts].tolist(), rows.tolist(), strict=True)))


@dataclass(frozen=True)
class Values(Sums):
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


def readable(column: Column) -> bool:
    """Whether the values of a column can be looked at, a few at a time."""
    each = column.dtype.itemsize * prod(column.shape[1:])
    return bool(column.shape) and prod(column.shape) > 0 and each <= MOST_ROW


def values_of(column: Column) -> Values:
    """Look at the values of a ``readable`` column of real numbers or texts, in one pass."""
    shape = column.shape
    width = None if len(shape) == 1 else shape[-1]
    n_rows = shape[0] if width is None else prod(shape) // width
    size = column.dtype.itemsize * (width or 1)
    rows = _Rows(Flat(column, width), n_rows, max(1, BLOCK // size))
    return map_reduce(rows, look)


def look(block: AnyArray) -> Values:
    """Look at ``(n,)`` or ``(n, K)`` values."""
    if block.dtype.kind in TEXT:
        return Values(block.size, tally=Tally.of(block))
    values = block.view(np.uint8) if block.dtype.kind == "b" else block
    native = values.dtype.newbyteorder("=")
    z = np.ascontiguousarray(values, np.float32 if native == np.float16 else native)
    finite = np.isfinite(z) if z.dtype.kind == "f" else np.ones(1, bool)
    return _of_finite(z, block.dtype) if finite.all() else _of_some(z, finite, block.dtype)


def _of_some(z: FloatArray, finite: AnyArray, dtype: np.dtype[Any]) -> Values:
    """Look at values of which not all are finite."""
    nan, infinite, masked = (
        int(np.count_nonzero(each(z))) for each in (np.isnan, np.isposinf, np.isneginf)
    )
    kept = z[finite]
    low, high = float(kept.min(initial=inf)), float(kept.max(initial=-inf))
    whole = bool((kept == np.floor(kept)).all())
    counted = whole and _may_be_labels(z)
    return Values(
        z.size,
        low,
        high,
        nan,
        infinite,
        masked,
        fractions=int(not whole),
        sum_error=inf,
        log_error=inf if nan or infinite else _log_error(z, high, dtype),
        tally=Tally.of(kept) if counted else Tally({} if whole else None),
    )


def _of_finite(z: AnyArray, dtype: np.dtype[Any]) -> Values:
    """Look at finite values, of which most arrays are made."""
    low, high = float(z.min()), float(z.max())
    whole = z.dtype.kind != "f" or _whole(z)
    sum_error, log_error = inf, inf
    if low >= 0 and high <= 1 + row_sum_tolerance(dtype):
        sums = z.sum(axis=1, dtype=np.float64) if z.ndim == 2 else np.ones(1)
        sum_error = float(np.abs(sums - 1).max())
    elif z.dtype.kind == "f":
        log_error = _log_error(z, high, dtype)
    counted = whole and _may_be_labels(z)
    tally = Tally.of(z) if counted else Tally({} if whole else None)
    return Values(
        z.size,
        low,
        high,
        fractions=int(not whole),
        sum_error=sum_error,
        log_error=log_error,
        tally=tally,
    )


def _whole(z: FloatArray) -> bool:
    """Whether all are whole numbers; the first few tell most that are not."""
    few = z.reshape(-1)[:FEW]
    return bool((few == np.floor(few)).all()) and bool((z == np.floor(z)).all())


def _may_be_labels(z: AnyArray) -> bool:
    """Whether values are counted one by one: not those of rows of scores."""
    return z.ndim == 1 or z.shape[1] == 1 or z.dtype.kind in "iu"


def _log_error(z: FloatArray, high: float, dtype: np.dtype[Any]) -> float:
    """How far the exponentials of a row are from summing to 1."""
    if z.ndim == 1 or high > row_sum_tolerance(dtype):
        return inf
    with np.errstate(under="ignore"):
        return float(np.abs(np.exp(z).sum(axis=1, dtype=np.float64) - 1).max())
