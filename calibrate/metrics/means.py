"""Intervals of means over rows, from the spread between independent parts."""

from __future__ import annotations

import numpy as np

from calibrate.arrays import Float64
from calibrate.blocks.sums import NORMAL_95, RowSums, effective, student_95
from calibrate.metrics.registry import METRICS, Interval
from calibrate.metrics.totals import Totals
from calibrate.results.measurement import Measurement, Metrics

ANY = (-np.inf, np.inf)


def means_of(sums: RowSums, bounds: list[tuple[float, float]]) -> list[Measurement]:
    """Each mean with its 95 % interval, cut off at the bounds of the figure.

    ``(mean - truth) / error`` follows Student's distribution once its skewness is taken out: the
    NLL of a few confident mistakes would be underestimated without.
    """
    means, errors = sums.means.tolist(), sums.errors
    if errors is None:
        return [Measurement(mean) for mean in means]
    quantile, found = student_95(effective(sums.weight)), []
    skews = skewness(sums.influence)
    for mean, e, skew, (low, high) in zip(means, errors.tolist(), skews, bounds, strict=True):
        if not np.isfinite(e) or not np.isfinite(mean):
            found.append(Measurement(mean))
            continue
        ends = [mean - e * unskewed(q, float(skew)) for q in (quantile, -quantile)]
        found.append(Measurement(mean, max(low, min(mean, ends[0])), min(high, max(mean, ends[1]))))
    return found


def skewness(influence: Float64) -> Float64:
    """The skewness of a sum of independent parts, ``sum x³ / (sum x²)^1.5``, along the last axis;
    0 where nothing varies.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        cubes, squares = (np.power(influence, k).sum(axis=-1) for k in (3, 2))
        return np.asarray(np.nan_to_num(cubes / squares**1.5))


def skewed(z: float, skew: float) -> float:
    """Hall's transformation of a studentised sum, ``z + g z²/3 + g² z³/27 + g/6``: nearer to
    Student's distribution the more the parts are skewed.

    Reference: Hall (1992), On the removal of skewness by transformation.
    """
    return float(z + skew * z**2 / 3 + skew**2 * z**3 / 27 + skew / 6)


def unskewed(y: float, skew: float) -> float:
    """The z that ``skewed`` takes to y."""
    if abs(skew) < 1e-9:
        return y
    return float((np.cbrt(1 + skew * (y - skew / 6)) - 1) * 3 / skew)


def effective_rows(totals: Totals) -> float:
    """How many independent rows of equal weight would tell as much: ``(sum w)² / sum w²``, over
    rows or, where these belong together, at most as many as the spread of the accuracy allows.
    """
    rows = totals.rows
    found = rows.total**2 / rows.weight_square
    if totals.alone:
        return found
    accuracy, errors = float(rows.means[0]), rows.errors
    if errors is None or not 0 < accuracy < 1 or not errors[0] > 0:
        return min(found, effective(rows.weight))
    return max(min(found, accuracy * (1 - accuracy) / float(errors[0]) ** 2), 1.0)


def wilson(totals: Totals, column: int) -> Measurement:
    """A share with its score interval, of the effective number of rows.

    The centre is ``(p + z²/2n) / (1 + z²/n)``; with weights, soft labels or rows that belong
    together, n is ``p (1 - p) / error²`` as these allow, but of hard labels no more than ``(sum
    w)² / sum w²``: that the few wrong rows happen to be light ones is no evidence.
    Reference: Wilson (1927), Probable inference; Korn & Graubard (1998), Confidence intervals for
    proportions, for the effective n.
    """
    rows = totals.rows
    share = float(np.clip(rows.means[column], 0, 1))
    errors = rows.errors
    n, z = float(rows.rows), student_95(np.inf)
    if not totals.plain:
        if errors is None:
            return Measurement(share)
        n, z = effective_rows(totals), student_95(effective(rows.weight))
        error = float(errors[column])
        if error > 0 and 0 < share < 1:
            n = share * (1 - share) / error**2
            n = n if not totals.hard else min(n, rows.total**2 / rows.weight_square)
    return score_interval(share, n, z)


def score_interval(share: float, n: float, z: float = NORMAL_95) -> Measurement:
    """A share of n rows, with all p from which it is at most z standard errors of p away."""
    centre, z2 = (share + z * z / (2 * n)) / (1 + z * z / n), z * z
    half = z * np.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    low, high = max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))
    return Measurement(share, float(low), float(high))


def means(totals: Totals) -> list[Metrics]:
    """The means over rows: before, after and change."""
    names = totals.names
    bounds = [METRICS[name].bounds for name in names] * totals.n_sides
    rest = len(totals.rows.values) - len(bounds)
    flat = means_of(totals.rows, bounds + [ANY] * rest)
    starts = range(0, (3 if totals.n_sides == 2 else 1) * len(names), len(names))
    sides = [dict(zip(names, flat[i : i + len(names)], strict=True)) for i in starts]
    for start, side in zip(starts, sides[: totals.n_sides], strict=False):
        for i, name in enumerate(names):
            if METRICS[name].interval is Interval.SHARE:
                side[name] = wilson(totals, start + i)
    return sides
