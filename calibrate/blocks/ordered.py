"""Confidences in order, rows of equal confidence taken as one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from calibrate.arrays import Float64
from calibrate.blocks.bins import BinTable, bin_index


@dataclass(frozen=True)
class Ordered:
    """The distinct confidences with the weight and the correct weight at each.

    Attributes:
        confidence: ``(m,)`` distinct, ascending.
        weight: ``(..., m)``; leading axes are bootstrap samples.
        correct: ``(..., m)`` the weight of the correct rows.
        rows_per_weight: as in ``BinTable``.
    """

    confidence: Float64
    weight: Float64
    correct: Float64
    rows_per_weight: float = 1.0

    @staticmethod
    def of(
        confidence: Float64,
        correct: Float64,
        weight: Float64,
        rows_per_weight: float = 1.0,
    ) -> Ordered:
        """Sort ``(n,)`` confidences and correctness, with weights ``(..., n)``."""
        order = np.argsort(confidence, kind="stable")
        ordered, w = confidence[order], weight[..., order]
        a = w * correct[order]
        new = np.concatenate([[True], ordered[1:] > ordered[:-1]])
        if not new.all():
            starts = np.flatnonzero(new)
            ordered = ordered[starts]
            w, a = np.add.reduceat(w, starts, axis=-1), np.add.reduceat(a, starts, axis=-1)
        return Ordered(ordered, w, a, rows_per_weight)

    @property
    def residual(self) -> Float64:
        """confidence - correctness, weighted, of each level, ``(..., m)``."""
        return self.weight * self.confidence - self.correct

    @property
    def total(self) -> Float64:
        """The total weight, ``(...)``."""
        total: Float64 = self.weight.sum(axis=-1)
        return total

    @cached_property
    def refinement(self) -> Float64:
        """``sum w (iso - correct)²``, iso the isotonic regression of correctness, ``(...)``."""
        from scipy.optimize import isotonic_regression

        left = np.empty(self.weight.shape[:-1])
        samples = self.weight.reshape(-1, self.weight.shape[-1])
        for i, (w, a) in enumerate(zip(samples, self.correct.reshape(samples.shape), strict=True)):
            some = w > 0
            w, a = w[some], a[some]
            iso = isotonic_regression(a / w, weights=w).x
            left.flat[i] = np.sum(w * iso**2 - 2 * iso * a + a)  # correctness is 0 or 1
        return left

    def risk_coverage(self, points: int) -> tuple[Float64, Float64]:
        """Coverage and the error rate within it, from the most confident rows on.

        ``(<= points,)`` each, evenly spread over coverage; the last one is all rows. Rows of equal
        confidence are covered together. For levels without leading axes.
        """
        covered = np.cumsum(self.weight[::-1])
        wrong = np.cumsum((self.weight - self.correct)[::-1])
        share = covered / covered[-1]
        chosen = np.searchsorted(share, np.linspace(0, 1, points + 1)[1:] * (1 - 1e-12))
        chosen = np.unique(np.minimum(chosen, len(share) - 1))
        chosen = chosen[covered[chosen] > 0]
        return share[chosen], wrong[chosen] / covered[chosen]

    def binned(self, edges: Float64) -> BinTable:
        """The table over ``edges``; levels are sorted, so bins are runs of them."""
        index = bin_index(self.confidence, edges)
        starts = np.flatnonzero(np.concatenate([[True], index[1:] > index[:-1]]))
        shape = (*self.weight.shape[:-1], len(edges) - 1)

        def total(values: Float64) -> Float64:
            table = np.zeros(shape)
            table[..., index[starts]] = np.add.reduceat(values, starts, axis=-1)
            return table

        return BinTable(
            edges,
            total(self.weight),
            total(self.weight * self.confidence),
            total(self.correct),
            self.rows_per_weight,
        )
