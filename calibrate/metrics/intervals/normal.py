"""Intervals of means over rows, from their standard errors."""

from __future__ import annotations

import numpy as np

from calibrate.blocks.row_sums import RowSums
from calibrate.metrics.metric import METRICS
from calibrate.metrics.totals import Totals
from calibrate.results.measurement import Measurement, Metrics

NORMAL_95 = 1.959963984540054
ANY = (-np.inf, np.inf)


def normal(sums: RowSums, bounds: list[tuple[float, float]]) -> list[Measurement]:
    """Each mean with its normal 95 % interval, cut off at the bounds of the figure."""
    means, errors = sums.means.tolist(), sums.errors
    if errors is None:
        return [Measurement(mean) for mean in means]
    return [
        Measurement(mean, max(low, mean - NORMAL_95 * e), min(high, mean + NORMAL_95 * e))
        if np.isfinite(e)
        else Measurement(mean)
        for mean, e, (low, high) in zip(means, errors.tolist(), bounds, strict=True)
    ]


def means(totals: Totals) -> list[Metrics]:
    """The means over rows: before, after and change."""
    names = totals.names
    bounds = [METRICS[name].bounds for name in names] * totals.n_sides
    rest = totals.rows.values.size - len(bounds)
    flat = normal(totals.rows, bounds + [ANY] * rest)
    starts = range(0, (3 if totals.n_sides == 2 else 1) * len(names), len(names))
    return [dict(zip(names, flat[i : i + len(names)], strict=True)) for i in starts]
