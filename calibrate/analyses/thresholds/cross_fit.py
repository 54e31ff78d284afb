"""Decisions about each row by a threshold that the row did not choose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from calibrate.analyses.thresholds.figures import Decided, spanned, within
from calibrate.arrays import Float64, Index
from calibrate.errors import InputError
from calibrate.results.measurement import Metrics

FOLDS = 10


@dataclass(frozen=True)
class LabelRows:
    """The rows of one label: ``(n,)`` each.

    Attributes:
        probabilities: in [0, 1].
        labels: in [0, 1].
        weights: positive.
    """

    probabilities: Float64
    labels: Float64
    weights: Float64

    def take(self, rows: Index) -> LabelRows:
        """Some of the rows."""
        return LabelRows(self.probabilities[rows], self.labels[rows], self.weights[rows])

    def decided(self, thresholds: Float64 | float) -> Decided:
        """p >= threshold, one for all or one for each."""
        accepted = (self.probabilities >= thresholds).astype(np.float64)
        return Decided(accepted, self.labels, self.weights)


Costs = tuple[float, float] | None
Chooser = Callable[[LabelRows], float]


def deal(labels: Float64, n_folds: int, seed: int) -> Index:
    """A fold for each row, so that all have nearly as many rows and as many positives.

    Args:
        labels: ``(n,)`` in [0, 1].
        n_folds: positive.
        seed: of the random order of alike rows.
    """
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    order = shuffled[np.argsort(labels[shuffled], kind="stable")]
    folds = np.empty(len(labels), dtype=np.int64)
    folds[order] = np.arange(len(labels)) % n_folds
    return folds


@dataclass(frozen=True)
class CrossFit:
    """Rows with the threshold that the other folds chose for each.

    Attributes:
        rows: those of the folds for which the others found a threshold.
        thresholds: ``(n,)`` of each of these rows.
        without: how many folds are left out.
    """

    rows: LabelRows
    thresholds: Float64
    without: int

    @staticmethod
    def of(rows: LabelRows, choose: Chooser, seed: int) -> CrossFit:
        """Choose on all folds but one, ten times; ``choose`` raises InputError where it cannot."""
        folds = deal(rows.labels, FOLDS, seed)
        thresholds = np.full(len(folds), np.nan)
        without = 0
        for fold in range(FOLDS):
            mine = folds == fold
            if not mine.any():
                continue
            if mine.all():
                return CrossFit(rows.take(np.flatnonzero(~mine)), np.empty(0), FOLDS)
            try:
                thresholds[mine] = choose(rows.take(np.flatnonzero(~mine)))
            except InputError:
                without += 1
        kept = np.flatnonzero(np.isfinite(thresholds))
        return CrossFit(rows.take(kept), thresholds[kept], without)

    @property
    def decided(self) -> Decided:
        """The rows with the decisions of these thresholds."""
        return self.rows.decided(self.thresholds)

    def figures(self, rows: LabelRows, threshold: float, costs: Costs) -> Metrics:
        """The cross-fitted figures, with intervals for the threshold that all ``rows`` chose."""
        chosen = rows.decided(threshold).figures(costs)
        return within(spanned(self.decided.figures(costs), chosen), costs)
