"""All thresholds that tell rows apart, what each decides, and which is best for a goal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibrate.arrays import Float64
from calibrate.errors import InputError
from calibrate.results.thresholds import Goal

ROUNDING = 1e-12  # figures this near to each other, relatively, count as equal


@dataclass(frozen=True)
class ThresholdCurve:
    """What each threshold t accepts, deciding p >= t; from the highest threshold to the lowest.

    A threshold lies halfway between the p of the last row it accepts and the first it rejects.
    The lowest is 0 and accepts every row. The highest is 1 and accepts none; it is left out where
    a p is 1, as no threshold up to 1 rejects that row. Rows of equal p are never split.

    Attributes:
        thresholds: ``(m,)`` strictly falling, in [0, 1].
        true_positives, false_positives: ``(m,)`` the weight of the accepted rows.
        positives, negatives: the weight of all rows.
    """

    thresholds: Float64
    true_positives: Float64
    false_positives: Float64
    positives: float
    negatives: float

    @staticmethod
    def from_rows(probabilities: Float64, labels: Float64, weights: Float64) -> ThresholdCurve:
        """The curve of ``(n,)`` rows, of which each counts y as positive and 1 - y as negative.

        Args:
            probabilities: in [0, 1].
            labels: in [0, 1].
            weights: positive.
        """
        order = np.argsort(-probabilities, kind="stable")
        p = probabilities[order]
        last = np.flatnonzero(np.append(p[1:] != p[:-1], True))  # the last row of each level
        tp = np.cumsum(weights[order] * labels[order])[last]
        fp = np.cumsum(weights[order] * (1 - labels[order]))[last]
        thresholds = np.append(between(p[last]), 0.0)
        if p[0] < 1:
            thresholds = np.append(1.0, thresholds)
            tp, fp = np.append(0.0, tp), np.append(0.0, fp)
        return ThresholdCurve(thresholds, tp, fp, float(tp[-1]), float(fp[-1]))

    @property
    def precision(self) -> Float64:
        """TP / (TP + FP); NaN where nothing is accepted."""
        return ratio(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> Float64:
        """TP / (TP + FN)."""
        return ratio(self.true_positives, np.full_like(self.true_positives, self.positives))

    @property
    def f1(self) -> Float64:
        """2 TP / (2 TP + FP + FN)."""
        tp, fp = self.true_positives, self.false_positives
        return ratio(2 * tp, tp + fp + self.positives)

    def cost(self, costs: tuple[float, float]) -> Float64:
        """The mean cost per row, (FP · cost of one + FN · cost of one) / all rows."""
        missed = self.positives - self.true_positives
        total = costs[0] * self.false_positives + costs[1] * missed
        return total / (self.positives + self.negatives)

    def best(self, goal: Goal) -> float:
        """The best threshold; of equally good ones the largest.

        Raises:
            InputError: no threshold meets the goal; says what is the most that can be reached.
        """
        if not self.positives > 0:
            raise InputError("no row is positive")
        if not self.negatives > 0:
            raise InputError("every row is positive")
        if goal.costs is not None:
            return float(self.thresholds[_first_largest(-self.cost(goal.costs))])
        if goal.name == "f1":
            return float(self.thresholds[_first_largest(self.f1)])
        limited, wanted = self.precision, self.recall
        if goal.name == "recall":
            limited, wanted = wanted, limited
        met = limited >= (goal.minimum or 0.0) * (1 - ROUNDING)  # False where NaN
        if not met.any():  # a recall of 1 is always reached: only a precision can be too high
            best = np.nanmax(limited)
            at = int(np.flatnonzero(limited >= best * (1 - ROUNDING))[-1])  # with the most recall
            reached = np.floor(limited[at] * 1e4) / 1e4  # asked for as printed, it is met
            raise InputError(
                f"the best precision is {reached:.4g} (recall {self.recall[at]:.4g}) "
                f"at the threshold {self.thresholds[at]:.4g}"
            )
        return float(self.thresholds[_first_largest(np.where(met, wanted, np.nan))])


def ratio(part: Float64, whole: Float64) -> Float64:
    """part / whole, NaN where whole is 0."""
    undefined = np.full(np.shape(part), np.nan)
    return np.asarray(np.divide(part, whole, out=undefined, where=whole > 0))


def between(levels: Float64) -> Float64:
    """Thresholds that accept one level and reject the next, for falling levels."""
    accepted, rejected = levels[:-1], levels[1:]
    halfway = rejected + (accepted - rejected) / 2
    return np.where(halfway > rejected, halfway, accepted)  # nothing lies between neighbours


def _first_largest(values: Float64) -> int:
    best = np.nanmax(values)
    return int(np.flatnonzero(values >= best - ROUNDING * abs(best))[0])
