"""Confidence bins: one function decides which bin a number falls into, everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from calibrate.errors import InputError

Float64 = npt.NDArray[np.float64]

DEFAULT_BINS = 15
MAX_BINS = 10_000


def equal_width_edges(n_bins: int) -> Float64:
    """``n_bins + 1`` edges from 0 to 1."""
    if not 1 <= n_bins <= MAX_BINS:
        raise InputError(f"n_bins: expected 1 to {MAX_BINS:,} bins, got {n_bins:,}")
    return np.linspace(0.0, 1.0, n_bins + 1)


def bin_index(
    values: npt.NDArray[Any], edges: Float64, closed: Literal["right", "left"] = "right"
) -> npt.NDArray[np.intp]:
    """The bin of each value, by comparison with the edges.

    ``closed="right"``: bins ``(lo, hi]``, 0 in the first. ``closed="left"``: ``[lo, hi)``, 1 in
    the last. Values ``(n,)`` in [0, 1]; returns ``(n,)`` in ``0..len(edges)-2``.
    """
    side: Literal["left", "right"] = "left" if closed == "right" else "right"
    index = np.searchsorted(edges, values, side=side) - 1
    return np.clip(index, 0, len(edges) - 2)


@dataclass(frozen=True)
class BinTable:
    """Sums per confidence bin; tables over the same edges add with ``+``.

    Attributes:
        edges: ``(b + 1,)``.
        weight: ``(b,)`` the summed row weights.
        confidence_sum, correct_sum: ``(b,)`` weighted sums of confidence and correctness.
    """

    edges: Float64
    weight: Float64
    confidence_sum: Float64
    correct_sum: Float64

    @staticmethod
    def of(
        confidence: Float64, correct: Float64, weights: Float64 | None, edges: Float64
    ) -> BinTable:
        """Count rows of confidence and correctness, ``(n,)`` each, into bins ``(lo, hi]``."""
        index = bin_index(confidence, edges)
        n_bins = len(edges) - 1
        w = np.ones(len(confidence)) if weights is None else weights

        def total(values: Float64) -> Float64:
            return np.bincount(index, values, minlength=n_bins).astype(np.float64)

        return BinTable(edges, total(w), total(w * confidence), total(w * correct))

    def __add__(self, other: BinTable) -> BinTable:
        return BinTable(
            self.edges,
            self.weight + other.weight,
            self.confidence_sum + other.confidence_sum,
            self.correct_sum + other.correct_sum,
        )

    @property
    def filled(self) -> npt.NDArray[np.bool_]:
        """Which bins hold any weight."""
        return self.weight > 0

    @property
    def confidence(self) -> Float64:
        """Mean confidence of the filled bins."""
        filled = self.filled
        return self.confidence_sum[filled] / self.weight[filled]

    @property
    def accuracy(self) -> Float64:
        """Accuracy of the filled bins."""
        filled = self.filled
        return self.correct_sum[filled] / self.weight[filled]

    @property
    def share(self) -> Float64:
        """The share of the total weight in each filled bin."""
        share: Float64 = self.weight[self.filled] / self.weight.sum()
        return share

    @property
    def gap(self) -> Float64:
        """accuracy - confidence of the filled bins."""
        return self.accuracy - self.confidence
