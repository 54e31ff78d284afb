"""Sums over many cells of which each block of rows touches few."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibrate.arrays import Float64, Index


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
