"""Intervals of the ECE: a sum of absolute gaps, which chance pushes up.

With x_b the gap of bin b, s_b its standard error and share_b its weight, a bin whose true gap is
m adds ``share_b (E|N(m, s_b)| - |m|)`` too much. The true gaps are not known, so neither is this
bias: it is least where they are as large as they look, and most where those that may be noise (up
to 1.5 standard errors) are none. The interval runs from ``value - most - 1.96 se`` to ``value -
least + 1.96 se``, with the standard error of the linearised figure, to which a row adds
``sign(x_b) (a - c)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibrate.arrays import Float64
from calibrate.blocks.bins import BinTable, bin_index
from calibrate.blocks.block import sum_by_example
from calibrate.metrics.intervals.normal import NORMAL_95
from calibrate.metrics.totals import KeptRows
from calibrate.results.measurement import Measurement

NOISE = 1.5  # standard errors up to which a gap may be noise; see docs/statistics.md for its effect


@dataclass(frozen=True)
class Gaps:
    """A sum of absolute gaps, and the least and the most that chance may have added to it."""

    value: float
    least: float
    most: float

    @staticmethod
    def of(label: Float64, probability: Float64, rows: Float64, noise: float = NOISE) -> Gaps:
        """From the sums of label (or correctness) and probability over the rows of each bin.

        The figure is the sum of ``|label - probability|``; all three count rows. A gap of up to
        ``noise`` standard errors may be none: the more bins, the larger it should be.
        """
        filled = rows > 0
        size = np.where(filled, rows, 1.0)
        # one row more of the bin's own probability, so that no bin seems to be free of noise
        hits = (label + probability / size) / (size + 1)
        error = np.sqrt(np.maximum(rows * hits * (1 - hits), 1e-12))
        gap = np.abs(label - probability)
        real = np.where(gap > noise * error, gap, 0.0)
        least, most = (float(folding(mean, error)[filled].sum()) for mean in (gap, real))
        return Gaps(float(gap[filled].sum()), least, most)

    def over(self, total: float) -> Gaps:
        """The same divided by ``total``."""
        return Gaps(self.value / total, self.least / total, self.most / total)


def folding(mean: Float64, error: Float64) -> Float64:
    """``E|N(mean, error)| - mean``, for means from 0 up."""
    from scipy.special import ndtr

    z = mean / error
    density = np.sqrt(2 / np.pi) * np.exp(-0.5 * z * z)
    return np.asarray(error * density - 2 * mean * ndtr(-z))


def gap_intervals(sides: Sequence[Gaps], widths: Sequence[float]) -> list[Measurement]:
    """Before, after and change, given 1.96 standard errors of each linearised figure."""
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


def gap_measurements(
    kept: KeptRows, tables: Sequence[BinTable], rows_per_kept: float
) -> list[Measurement]:
    """Before, after and change of the sum of absolute gaps over the bins of each table.

    Args:
        kept: rows of both sides, all or evenly spread ones.
        tables: one per side, over all rows or over those of ``kept``.
        rows_per_kept: how many rows each one kept stands for.
    """
    rows = kept.rows_per_weight * float(kept.weight.sum()) * rows_per_kept
    sides, slopes = [], []
    for table, confidence, correct in zip(tables, kept.confidences, kept.corrects, strict=True):
        unit = rows / float(table.weight.sum())
        sums = (table.correct_sum * unit, table.confidence_sum * unit, table.weight * unit)
        sides.append(Gaps.of(*sums).over(rows))
        slopes.append(
            np.sign(table.gap)[bin_index(confidence, table.edges)] * (correct - confidence)
        )
    if len(kept.weight) < 2:
        return bare(sides)
    if len(slopes) == 2:
        slopes.append(slopes[1] - slopes[0])
    return gap_intervals(sides, [_width(each, kept, rows_per_kept) for each in slopes])


def _width(slope: Float64, kept: KeptRows, rows_per_kept: float) -> float:
    """1.96 standard errors of the weighted mean of the slopes."""
    weight, total = kept.weight, float(kept.weight.sum())
    centred = slope - float(np.sum(weight * slope)) / total
    n = kept.n_examples
    spread = float(np.square(sum_by_example(weight * centred, kept.examples)).sum())
    return float(NORMAL_95 * np.sqrt(spread * n / max(n - 1, 1) / rows_per_kept) / total)
