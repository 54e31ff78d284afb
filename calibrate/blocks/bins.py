"""Confidence bins: one function decides which bin a number falls into, everywhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from calibrate.arrays import AnyArray, Float64, Index
from calibrate.blocks.sums import SAME, Sums
from calibrate.errors import InputError

DEFAULT_BINS = 15
MAX_BINS = 10_000


def equal_width_edges(n_bins: int) -> Float64:
    """``n_bins + 1`` edges from 0 to 1."""
    if not 1 <= n_bins <= MAX_BINS:
        raise InputError(f"`n_bins`: expected 1 to {MAX_BINS:,} bins, got {n_bins:,}")
    return np.linspace(0.0, 1.0, n_bins + 1)


def equal_mass_edges(levels: Float64, weight: Float64, n_bins: int) -> Float64:
    """Edges between ``n_bins`` groups of equal weight; equal levels are never split.

    An edge lies halfway between the last level of a group and the first of the next, as in
    uncertainty-calibration (Kumar et al. 2019); groups that fall together are merged.

    Args:
        levels: ``(m,)`` distinct, ascending, in [0, 1].
        weight: ``(m,)`` of each level.
    """
    total = np.cumsum(weight)
    n = total[-1]
    whole, rest = divmod(n, n_bins) if n >= n_bins else (1.0, 0.0)
    groups = np.arange(1, int(min(n_bins, n)))
    # the sizes of numpy.array_split: the first groups take one row more
    ends = groups * np.floor(whole) + np.minimum(groups, np.floor(rest)) if n >= n_bins else groups
    last = np.searchsorted(total, ends * (1 - 1e-12), side="left")
    first_of_next = np.searchsorted(total, ends * (1 + 1e-12), side="right")
    inner = np.unique((levels[last] + levels[np.minimum(first_of_next, len(levels) - 1)]) / 2)
    return np.concatenate([[0.0], inner[(inner > 0) & (inner < 1)], [1.0]])


def bin_index(values: AnyArray, edges: Float64) -> Index:
    """The bin of each value, by comparison with the edges: ``(lo, hi]``, 0 in the first.

    Values ``(n,)`` in [0, 1]; returns ``(n,)`` in ``0..len(edges)-2``.
    """
    index = np.searchsorted(edges, values, side="left") - 1
    return np.clip(index, 0, len(edges) - 2)


@dataclass(frozen=True)
class BinTable(Sums):
    """Sums per confidence bin; tables over the same edges add with ``+``.

    Attributes:
        edges: ``(b + 1,)``.
        weight: ``(..., b)`` the summed row weights; leading axes are bootstrap samples.
        confidence_sum, correct_sum: ``(..., b)`` weighted sums of confidence and correctness.
        rows_per_weight: how many rows one unit of weight stands for: 1 without weights, else
            ``sum w / sum w²`` (Kish's effective size).
    """

    edges: Float64 = field(metadata=SAME)
    weight: Float64
    confidence_sum: Float64
    correct_sum: Float64
    rows_per_weight: float = field(default=1.0, metadata=SAME)

    @staticmethod
    def from_rows(
        confidence: Float64, correct: Float64, weight: Float64, edges: Float64
    ) -> BinTable:
        """Count rows of confidence and correctness, ``(n,)`` each, into bins ``(lo, hi]``."""
        index = bin_index(confidence, edges)
        n_bins = len(edges) - 1

        def total(values: Float64) -> Float64:
            return np.bincount(index, values, minlength=n_bins).astype(np.float64)

        return BinTable(edges, total(weight), total(weight * confidence), total(weight * correct))

    @property
    def share(self) -> Float64:
        """The share of the total weight in each bin, ``(..., b)``."""
        share: Float64 = self.weight / self.weight.sum(axis=-1, keepdims=True)
        return share

    @property
    def confidence(self) -> Float64:
        """Mean confidence of each bin, 0 in empty ones."""
        return _ratio(self.confidence_sum, self.weight)

    @property
    def accuracy(self) -> Float64:
        """Accuracy of each bin, 0 in empty ones."""
        return _ratio(self.correct_sum, self.weight)

    @property
    def gap(self) -> Float64:
        """accuracy - confidence of each bin, 0 in empty ones."""
        return self.accuracy - self.confidence


def _ratio(sums: Float64, weight: Float64) -> Float64:
    return np.divide(sums, weight, out=np.zeros_like(sums), where=weight > 0)


# Confidences in order, rows of equal confidence taken as one.


@dataclass(frozen=True)
class Levels:
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
    def from_rows(
        confidence: Float64,
        correct: Float64,
        weight: Float64,
        rows_per_weight: float = 1.0,
    ) -> Levels:
        """Sort ``(n,)`` confidences and correctness, with weights ``(..., n)``."""
        order = np.argsort(confidence, kind="stable")
        ordered, w = confidence[order], weight[..., order]
        a = w * correct[order]
        new = np.concatenate([[True], ordered[1:] > ordered[:-1]])
        if not new.all():
            starts = np.flatnonzero(new)
            ordered = ordered[starts]
            w, a = np.add.reduceat(w, starts, axis=-1), np.add.reduceat(a, starts, axis=-1)
        return Levels(ordered, w, a, rows_per_weight)

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
