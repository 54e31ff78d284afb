"""Means over rows with their standard errors, from sums that add up over blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibrate.arrays import Float64, Index
from calibrate.blocks.block import sum_by_example
from calibrate.blocks.sums import Sums


@dataclass(frozen=True)
class RowSums(Sums):
    """Sums over rows of m values x with weights w.

    Rows that belong together, as the labels of one example do, are added up first: the squares
    are of their sums, so that the intervals know of their dependence.

    Attributes:
        rows: how many rows, or examples, weigh anything.
        weight, weight_square: sum w, sum w².
        values: ``(m,)`` sum w x.
        squares, crosses: ``(m,)`` sum w² x², sum w² x.
    """

    rows: int
    weight: float
    weight_square: float
    values: Float64
    squares: Float64
    crosses: Float64

    @staticmethod
    def of(columns: list[Float64], weight: Float64, examples: Index | None = None) -> RowSums:
        """Add up m columns of ``(n,)`` values each."""
        x = np.stack(columns)
        w = sum_by_example(weight, examples)
        with np.errstate(over="ignore"):  # squares of huge values: no interval then
            wx = sum_by_example(x * weight, examples)
            return RowSums(
                rows=int(np.count_nonzero(w)),
                weight=float(w.sum()),
                weight_square=float(np.square(w).sum()),
                values=wx.sum(axis=1),
                squares=np.square(wx).sum(axis=1),
                crosses=(wx * w).sum(axis=1),
            )

    @property
    def means(self) -> Float64:
        """``sum w x / sum w``, ``(m,)``."""
        return self.values / self.weight

    @property
    def errors(self) -> Float64 | None:
        """Standard errors of the means, ``sqrt(sum w² (x - mean)²) / W``; None for one row."""
        if self.rows < 2:
            return None
        mean = self.means
        with np.errstate(over="ignore", invalid="ignore"):
            spread = self.squares - 2 * mean * self.crosses + mean**2 * self.weight_square
            spread *= self.rows / (self.rows - 1)
        return np.asarray(np.sqrt(np.maximum(spread, 0.0)) / self.weight)
