"""Means over rows with their normal intervals, from sums that add up over blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibrate.blocks.block import Index, sum_by_example
from calibrate.blocks.softmax import Float64
from calibrate.results.report import Measurement

NORMAL_95 = 1.959963984540054


@dataclass(frozen=True)
class RowSums:
    """Sums over rows of m values x with weights w.

    Rows that belong together, as the labels of one example do, are added up first: the squares
    are of their sums, so that the intervals know of their dependence.

    Attributes:
        rows: how many rows, or clusters of them, weigh anything.
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
    def of(
        columns: list[Float64], weights: Float64 | None, clusters: Index | None = None
    ) -> RowSums:
        """Add up m columns of ``(n,)`` values each."""
        x = np.stack(columns)
        each = np.ones(x.shape[1]) if weights is None else weights
        w = sum_by_example(each, clusters)
        with np.errstate(over="ignore"):  # squares of huge values: no interval then
            wx = sum_by_example(x * each, clusters)
            return RowSums(
                rows=int(np.count_nonzero(w)),
                weight=float(w.sum()),
                weight_square=float(np.square(w).sum()),
                values=wx.sum(axis=1),
                squares=np.square(wx).sum(axis=1),
                crosses=(wx * w).sum(axis=1),
            )

    def __add__(self, other: RowSums) -> RowSums:
        return RowSums(
            self.rows + other.rows,
            self.weight + other.weight,
            self.weight_square + other.weight_square,
            self.values + other.values,
            self.squares + other.squares,
            self.crosses + other.crosses,
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
            spread = self._spread(mean)
        return np.asarray(np.sqrt(np.maximum(spread, 0.0)) / self.weight)

    def _spread(self, mean: Float64) -> Float64:
        spread = self.squares - 2 * mean * self.crosses + mean**2 * self.weight_square
        spread *= self.rows / (self.rows - 1)
        return spread

    def measurements(self, bounds: list[tuple[float, float]]) -> list[Measurement]:
        """Each mean with its normal 95 % interval, cut off at the bounds of the figure."""
        means, errors = self.means.tolist(), self.errors
        if errors is None:
            return [Measurement(mean) for mean in means]
        return [
            Measurement(mean, max(low, mean - NORMAL_95 * e), min(high, mean + NORMAL_95 * e))
            if np.isfinite(e)
            else Measurement(mean)
            for mean, e, (low, high) in zip(means, errors.tolist(), bounds, strict=True)
        ]
