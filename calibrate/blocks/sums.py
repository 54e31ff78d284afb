"""What a pass adds up: frozen dataclasses whose fields add up one by one; and products of arrays
that are the same to the last bit on any number of cores.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache, cached_property
from operator import add
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calibrate.arrays import AnyArray, Float64, Index
from calibrate.blocks.block import part_of, sum_by_part

if TYPE_CHECKING:
    from typing_extensions import Self


@dataclass(frozen=True)
class Sums:
    """States of a pass: ``a + b`` adds each field of a to that of b.

    A field that adds up otherwise says so in its metadata: ``field(metadata=LEAST)``.
    """

    def __add__(self, other: Self) -> Self:
        return type(self)(
            **{
                field.name: field.metadata.get("merge", add)(
                    getattr(self, field.name), getattr(other, field.name)
                )
                for field in fields(self)
            }
        )


SAME = {"merge": lambda state, _: state}  # equal in all states
LEAST = {"merge": min}
GREATEST = {"merge": max}
# tuples of states; other tuples are strung together
EACH = {"merge": lambda a, b: tuple(x + y for x, y in zip(a, b, strict=True))}


def product(a: AnyArray, b: AnyArray) -> Float64:
    """Return ``a @ b`` of vectors and matrices, added up in one order, without a BLAS.

    A BLAS wakes threads for vectors of more than some 10 000 numbers, and splits sums between as
    many as there are: ``@``, ``np.dot`` and ``np.vecdot`` give other last digits on another number
    of cores. ``np.einsum`` never calls one.
    """
    if a.ndim == 1:
        return np.asarray(np.einsum("n,n...->...", a, b), dtype=np.float64)
    if b.ndim == 1:
        return np.asarray(np.einsum("mn,n->m", a, b), dtype=np.float64)
    return np.asarray(np.einsum("mn,kn->mk", a, np.ascontiguousarray(b.T)), dtype=np.float64)


PIECE = 4096  # classes that are added up in the precision of the scores


def row_products(a: AnyArray, b: AnyArray) -> Float64:
    """Return the sum of ``a·b`` over the last axis of ``(n, K)`` arrays, without a BLAS."""
    sums = np.zeros(len(a))
    for start in range(0, a.shape[1], PIECE):
        piece = slice(start, start + PIECE)
        sums += np.einsum("nk,nk->n", a[:, piece], b[:, piece])
    return sums


# Means over rows with their standard errors, from sums that add up over blocks.


@dataclass(frozen=True)
class RowSums(Sums):
    """Sums over rows of m values x with weights w, by part.

    Attributes:
        rows: how many rows weigh anything.
        weight_square: sum w², over rows.
        weight: ``(parts,)`` sum w.
        values: ``(m, parts)`` sum w x.
    """

    rows: int
    weight_square: float
    weight: Float64
    values: Float64

    @staticmethod
    def from_columns(columns: list[Float64], weight: Float64, part: Index | None = None) -> RowSums:
        """Add up m columns of ``(n,)`` values each; without parts, each row is on its own."""
        x = np.stack(columns)
        part = part_of(np.arange(len(weight))) if part is None else part
        with np.errstate(over="ignore", invalid="ignore"):  # huge values: no interval then
            return RowSums(
                rows=int(np.count_nonzero(weight)),
                weight_square=float(np.square(weight).sum()),
                weight=sum_by_part(weight, part),
                values=sum_by_part(x * weight, part),
            )

    @cached_property
    def total(self) -> float:
        """sum w."""
        return float(self.weight.sum())

    @property
    def n_parts(self) -> int:
        """How many parts weigh anything: as many as there are units, up to 1 024."""
        return int(np.count_nonzero(self.weight))

    @cached_property
    def means(self) -> Float64:
        """``sum w x / sum w``, ``(m,)``."""
        return np.asarray(self.values.sum(axis=1) / self.total)

    @cached_property
    def influence(self) -> Float64:
        """What each mean would lose without each part, ``(m, parts)``."""
        with np.errstate(over="ignore", invalid="ignore"):
            return leave_out(self.values - self.means[:, None] * self.weight, self.weight)

    @property
    def errors(self) -> Float64 | None:
        """Standard errors of the means, the jackknife's over parts; None for one part."""
        return None if self.n_parts < 2 else jackknife(self.influence, self.n_parts)


def leave_out(residual: Float64, weight: Float64) -> Float64:
    """What leaving out each part takes off a ratio ``sum x / sum w``: ``(x - ratio w)`` of the
    part over the weight of the others.

    Args:
        residual: ``(..., parts)`` the sums of ``x - ratio w`` of each part.
        weight: ``(parts,)`` its w, all of one sign.
    """
    others = weight.sum() - weight
    return np.asarray(np.divide(residual, others, out=np.zeros_like(residual), where=others > 0))


def effective(weight: Float64) -> float:
    """``(sum w)² / sum w²``: how many parts of equal weight would weigh as evenly (Kish 1965)."""
    square = float(np.square(weight).sum())
    return float(weight.sum()) ** 2 / square if square > 0 else 0.0


def jackknife(influence: Float64, n_parts: int) -> Float64:
    """``sqrt((n - 1)/n sum influence²)`` along the last axis.

    Reference: Efron & Stein (1981), The jackknife estimate of variance.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        squares = np.square(influence).sum(axis=-1)
        return np.asarray(np.sqrt(squares * (n_parts - 1) / n_parts))


# Sums over many cells of which each block of rows touches few.


@dataclass(frozen=True)
class CellSums:
    """Values to be summed by cell, kept as a list until that is longer than the cells.

    Attributes:
        n_cells: cells are numbered ``0..n_cells-1``.
        cells: ``(e,)`` the cell of each entry.
        values: ``(m, e)`` m values of each entry.
        summed: ``(m, n_cells)`` what was added up so far, or None.
    """

    n_cells: int
    cells: Index
    values: Float64
    summed: Float64 | None = None

    def __add__(self, other: CellSums) -> CellSums:
        cells = np.concatenate([self.cells, other.cells])
        values = np.concatenate([self.values, other.values], axis=1)
        summed = self.summed if other.summed is None else other.summed
        if self.summed is not None and other.summed is not None:
            summed = self.summed + other.summed
        both = CellSums(self.n_cells, cells, values, summed)
        return both.compact() if len(cells) > self.n_cells else both

    def compact(self) -> CellSums:
        """The same with all entries added up."""
        return CellSums(self.n_cells, self.cells[:0], self.values[:, :0], self.total())

    def total(self) -> Float64:
        """The sums, ``(m, n_cells)``."""
        each = [np.bincount(self.cells, v, self.n_cells) for v in self.values]
        sums = np.stack(each).astype(np.float64, copy=False)
        return sums if self.summed is None else self.summed + sums


# Quantiles of Student's distribution, for standard errors that come from few parts.


NORMAL_95 = 1.959963984540054


@cache
def student_95(parts: float) -> float:
    """The 97.5 % quantile of Student's t with ``parts - 1`` degrees of freedom, at least 1.

    Reference: Student (1908), The probable error of a mean.
    """
    from scipy.special import stdtrit

    if parts > 1e6:
        return NORMAL_95
    return float(stdtrit(max(parts - 1, 1.0), 0.975))


# Where something was first seen, and how often.


@dataclass(frozen=True)
class FirstSeen:
    """Where a bad value was first seen, and how many there are."""

    count: int = 0
    row: int = -1
    column: int = -1

    def __add__(self, other: FirstSeen) -> FirstSeen:
        first = self if self.count else other
        return FirstSeen(self.count + other.count, first.row, first.column)

    @staticmethod
    def in_mask(bad: npt.NDArray[np.bool_], start: int) -> FirstSeen:
        """The first True of a ``(n,)`` or ``(n, K)`` mask whose row 0 is row ``start``."""
        count = int(np.count_nonzero(bad))
        if not count:
            return NOWHERE
        index = np.unravel_index(int(bad.argmax()), bad.shape)
        return FirstSeen(count, start + int(index[0]), int(index[1]) if bad.ndim > 1 else 0)

    def moved(self, numbers: Index | None, per_row: int) -> FirstSeen:
        """The place in the file: ``numbers`` are those of rows, with ``per_row`` in each of its."""
        if not self.count:
            return self
        row = self.row if numbers is None else int(numbers[self.row])
        if per_row == 1:
            return FirstSeen(self.count, row, self.column)
        return FirstSeen(self.count, row // per_row, row % per_row)


NOWHERE = FirstSeen()


@dataclass(frozen=True)
class Worst:
    """The largest value seen, and its row; the first of equal ones."""

    value: float
    row: int = -1

    def __add__(self, other: Worst) -> Worst:
        return self if self.value >= other.value else other

    def moved(self, numbers: Index | None, per_row: int) -> Worst:
        """The same with the row in the numbering of the file."""
        row = self.row if numbers is None else int(numbers[self.row])
        return Worst(self.value, row // per_row)


NO_ERROR, NO_SUM = Worst(0.0), Worst(np.inf)
