"""Intervals of the ECE: a sum of absolute gaps, which chance pushes up.

With x_b the gap of bin b, s_b its standard error and share_b its weight, a bin whose true gap is
m adds ``share_b (E|N(m, s_b)| - |m|)`` too much. The true gaps are not known, so neither is this
bias: it is least where they are as large as they look, and most where those that may be noise (up
to 1.5 standard errors) are none. The interval runs from ``value - most - t se`` to ``value -
least + t se``, with the standard error of the linearised figure, to which a row adds
``sign(x_b) (a - c)``. Both errors come from the spread between independent parts of the rows, so
they follow the noise that weights, soft labels and rows that belong together really have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibrate.arrays import Float64
from calibrate.blocks.sums import effective, jackknife, leave_out, product, student_95
from calibrate.metrics.classes import ClassTable
from calibrate.metrics.totals import PartGaps
from calibrate.results.measurement import Measurement
from calibrate.results.report import Test

NOISE = 1.5  # standard errors up to which a gap may be noise; see docs/statistics.md for its effect


@dataclass(frozen=True)
class Gaps:
    """A sum of absolute gaps, and the least and the most that chance may have added to it."""

    value: float
    least: float
    most: float

    @staticmethod
    def from_bins(gap: Float64, error: Float64) -> Gaps:
        """From the gaps of the bins and their standard errors.

        The figure is the sum of ``|gap|``. A gap of up to ``NOISE`` standard errors may be none.
        """
        some = error > 0
        size, spread = np.abs(gap)[some], error[some]
        real = np.where(size > NOISE * spread, size, 0.0)
        least, most = (float(folding(mean, spread).sum()) for mean in (size, real))
        return Gaps(float(np.abs(gap).sum()), least, most)


def folding(mean: Float64, error: Float64) -> Float64:
    """``E|N(mean, error)| - mean``, for means from 0 up."""
    from scipy.special import ndtr

    z = mean / error
    density = np.sqrt(2 / np.pi) * np.exp(-0.5 * z * z)
    return np.asarray(error * density - 2 * mean * ndtr(-z))


def gap_intervals(sides: Sequence[Gaps], widths: Sequence[float]) -> list[Measurement]:
    """Before, after and change, given half the width of the interval of each linearised figure."""
    found = [
        _around(g.value, max(0.0, g.value - g.most - width), g.value - g.least + width)
        for g, width in zip(sides, widths, strict=False)
    ]
    if len(sides) == 2:
        before, after = sides
        value = after.value - before.value
        low = value - (after.most - before.least) - widths[-1]
        found.append(_around(value, low, value - (after.least - before.most) + widths[-1]))
    return found


def _around(value: float, low: float, high: float) -> Measurement:
    return Measurement(float(value), float(min(value, low)), float(max(value, high)))


def bare(sides: Sequence[Gaps]) -> list[Measurement]:
    """Before, after and change without intervals."""
    values = [side.value for side in sides]
    return [Measurement(float(value)) for value in (*values, *np.diff(values))]


def gap_measurements(tables: Sequence[PartGaps], *, drawn: float) -> list[Measurement]:
    """Before, after and change of the sum of absolute gaps over the bins of each table.

    ``drawn`` is the share of the noise of one hard label that each label has: 1 for these, 1/n for
    the mean of n votes, 0 for exact shares. What it makes of right confidences is a lower bound of
    the noise: bins in which nobody was wrong yet seem to be free of it.
    """
    weight = tables[0].weight
    total, n_parts = float(weight.sum()), int(np.count_nonzero(weight))
    sides, slopes = [], []
    for table in tables:
        gap, noise = table.total, table.noise
        variance = np.square(noise).sum(axis=0) * n_parts / max(n_parts - 1, 1)
        variance = np.maximum(variance, drawn * table.chance)
        sides.append(Gaps.from_bins(gap / total, np.sqrt(variance) / total))
        slopes.append(product(table.by_part, np.sign(gap)))
    if n_parts < 2:
        return bare(sides)
    if len(slopes) == 2:
        slopes.append(slopes[1] - slopes[0])
    return gap_intervals(sides, [_half_width(each, weight) for each in slopes])


def _half_width(slopes: Float64, weight: Float64) -> float:
    """Half of the 95 % interval of ``sum slopes / sum weight``, both by part."""
    residual = slopes - weight * (slopes.sum() / weight.sum())
    error = jackknife(leave_out(residual, weight), int(np.count_nonzero(weight)))
    return student_95(effective(weight)) * float(error)


# The test of the classwise ECE: a sum of absolute gaps, one per class and bin.
#
# Most of these cells hold few labels, and chance adds up over all of them: a calibrated model of
# 100 classes shows an ECE far from 0. With B the number of labels of a class in a bin of n rows
# and mean probability p, chance makes ``|B - n p|`` on average ``E|B - n p|`` of the binomial, in
# closed form. An interval from it would hold the truth 99.6 to 100 times in 100, and tell little.


@dataclass(frozen=True)
class ClasswiseChance:
    """The classwise ECE, and its mean and standard deviation if every probability were right."""

    value: float
    mean: float
    deviation: float

    @staticmethod
    def from_table(table: ClassTable) -> ClasswiseChance:
        """Of a table of rows that are independent, of equal weight, with hard labels."""
        _, probability, inside = table.sums
        rows_per_weight = table.n_rows / table.weight
        rows = np.rint(inside * rows_per_weight)
        some = rows > 0
        rows = rows[some]
        p = np.clip(probability[some] * rows_per_weight / rows, 0.0, 1.0)
        each = mean_deviation(rows, p)
        variance = np.maximum(rows * p * (1 - p) - each**2, 0.0)
        terms = rows_per_weight * table.weight * table.shape[0]
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
