"""The interval of the classwise ECE: a sum of absolute gaps, one per class and bin.

Most of these cells hold few labels, and chance adds up over all of them: a calibrated model of 100
classes shows an ECE far from 0. With B the number of labels of a class in a bin of n rows and mean
probability p, chance makes ``|B - n p|`` on average ``E|B - n p|`` of the binomial, in closed form.
As ``|x + noise| <= |x| + |noise|``, no more than the sum of these can be chance: the interval runs
from the value less that, and from 0 where the value is no more than chance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibrate.arrays import Float64
from calibrate.blocks.student import NORMAL_95
from calibrate.metrics.class_table import GROUPS, ClassTable
from calibrate.results.measurement import Measurement
from calibrate.results.tests import Test

STUDENT_95 = 2.093024054408263  # of 19 degrees of freedom


@dataclass(frozen=True)
class ClasswiseChance:
    """The classwise ECE, and its mean and standard deviation if every probability were right."""

    value: float
    mean: float
    deviation: float

    @staticmethod
    def of(table: ClassTable) -> ClasswiseChance:
        """Of a table of rows that are independent, of equal weight, with hard labels."""
        rows_per_weight = table.n_rows / float(table.weight.sum())
        rows = np.rint(table.inside * rows_per_weight)
        some = rows > 0
        rows = rows[some]
        p = np.clip(table.probability[some] * rows_per_weight / rows, 0.0, 1.0)
        each = mean_deviation(rows, p)
        variance = np.maximum(rows * p * (1 - p) - each**2, 0.0)
        terms = rows_per_weight * float(table.weight.sum()) * table.shape[1]
        return ClasswiseChance(
            float(table.eces().mean()),
            float(each.sum()) / terms,
            float(np.sqrt(variance.sum())) / terms,
        )

    @property
    def test(self) -> Test:
        """How often would probabilities that are right show at least this classwise ECE?

        Normal, as it is a sum over many cells.
        """
        from scipy.special import ndtr

        if not self.deviation > 0:
            return Test(None, None)
        return Test(self.value, float(ndtr(-(self.value - self.mean) / self.deviation)))

    def interval(self, error: float) -> Measurement:
        """The value from what chance may have added, up to what it may hide."""
        spread = max(NORMAL_95 * error, NORMAL_95 * self.deviation)
        low = max(0.0, self.value - self.mean - spread)
        return Measurement(self.value, low, min(1.0, self.value + spread))


def mean_deviation(rows: Float64, p: Float64) -> Float64:
    """``E|B - n p|`` of a binomial B of n rows: ``2 k C(n, k) p^k (1 - p)^(n - k + 1)`` with k the
    least whole number above n p.

    Reference: Diaconis & Zabell (1991), Closed form summation for classical distributions.
    """
    from scipy.special import gammaln, xlog1py, xlogy

    k = np.floor(rows * p) + 1
    ways = gammaln(rows + 1) - gammaln(k + 1) - gammaln(np.maximum(rows - k, 0.0) + 1)
    logs = ways + xlogy(k, p) + xlog1py(rows - k + 1, -p)
    return np.where(k <= rows, 2 * k * np.exp(logs), 0.0)


def classwise_measurements(tables: tuple[ClassTable, ...], *, plain: bool) -> list[Measurement]:
    """Before, after and change of the mean one-vs-rest ECE; intervals only where ``plain``: for
    weights, soft labels or rows that belong together none is known to hold.
    """
    values = [float(table.eces().mean()) for table in tables]
    values += np.diff(values).tolist()
    if not plain or np.count_nonzero(tables[0].weight) < GROUPS:
        return [Measurement(value) for value in values]
    chances = [ClasswiseChance.of(table) for table in tables]
    errors = [_error(table) for table in tables]
    found = [each.interval(error) for each, error in zip(chances, errors, strict=True)]
    return found + [Measurement(value) for value in values[len(tables) :]]


def _error(table: ClassTable) -> float:
    """The standard error of the linearised figure, from groups; stretched as these are few."""
    weight, slopes = table.weight, table.slopes(slice(None))
    centred = slopes - weight * slopes.sum() / weight.sum()
    error = np.sqrt(GROUPS / (GROUPS - 1) * np.square(centred).sum()) / weight.sum()
    return float(error) / table.shape[1] * STUDENT_95 / NORMAL_95
