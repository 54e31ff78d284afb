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

from calibrate.bins import BinTable, bin_index
from calibrate.bootstrap import Pairs
from calibrate.metrics import Over, ece
from calibrate.report import Measurement
from calibrate.row_sums import NORMAL_95
from calibrate.softmax import Float64

SUMS_OF_GAPS = {"ece": Over.BINS, "ece_equal_mass": Over.MASS_BINS}
NOISE = 1.5  # standard errors up to which a gap may be noise; see docs/statistics.md for its effect


@dataclass(frozen=True)
class _Gaps:
    """The figure of one side, how much chance may have added, and what each row added."""

    value: float
    least: float
    most: float
    slope: Float64

    @staticmethod
    def of(pairs: Pairs, side: int, table: BinTable, rows_per_weight: float) -> _Gaps:
        gap, rows = table.gap, table.weight * rows_per_weight
        filled = rows > 0
        # one row more of the bin's own confidence, so that no bin seems to be free of noise
        hits = (table.accuracy * rows + table.confidence) / (rows + 1)
        error = np.sqrt(np.maximum(hits * (1 - hits), 1e-12) / np.where(filled, rows, 1.0))
        real = np.where(np.abs(gap) > NOISE * error, gap, 0.0)
        signs = np.sign(gap)[bin_index(pairs.confidences[side], table.edges)]
        share = np.where(filled, table.share, 0.0)
        return _Gaps(
            value=float(ece(table)),
            least=float(np.sum(share * _folding(np.abs(gap), error))),
            most=float(np.sum(share * _folding(np.abs(real), error))),
            slope=signs * (pairs.corrects[side] - pairs.confidences[side]),
        )


def _folding(mean: Float64, error: Float64) -> Float64:
    """``E|N(mean, error)| - mean``, for means from 0 up."""
    from scipy.special import ndtr

    z = mean / error
    density = np.sqrt(2 / np.pi) * np.exp(-0.5 * z * z)
    return np.asarray(error * density - 2 * mean * ndtr(-z))


def gap_measurements(
    pairs: Pairs, tables: Sequence[BinTable], rows_per_pair: float
) -> list[Measurement]:
    """Before, after and change of the sum of absolute gaps over the bins of each table.

    Args:
        pairs: rows of both sides, all or evenly spread ones.
        tables: one per side, over all rows or over those of ``pairs``.
        rows_per_pair: how many rows each one kept stands for.
    """
    kept = pairs.rows_per_weight * pairs.weight.sum()
    sides = [
        _Gaps.of(pairs, side, table, kept * rows_per_pair / float(table.weight.sum()))
        for side, table in enumerate(tables)
    ]
    if len(pairs.weight) < 2:
        return [Measurement(side.value) for side in sides] * (2 * len(sides) - 1)
    found = []
    for gaps in sides:
        low = gaps.value - gaps.most - (width := _width(gaps.slope, pairs.weight, rows_per_pair))
        found.append(_around(gaps.value, max(0.0, low), gaps.value - gaps.least + width))
    if len(sides) == 2:
        before, after = sides
        value = after.value - before.value
        width = _width(after.slope - before.slope, pairs.weight, rows_per_pair)
        low = value - (after.most - before.least) - width
        found.append(_around(value, low, value - (after.least - before.most) + width))
    return found


def _width(slope: Float64, weight: Float64, rows_per_pair: float) -> float:
    """1.96 standard errors of the weighted mean of the slopes."""
    n, total = np.count_nonzero(weight), float(weight.sum())
    centred = slope - float(np.sum(weight * slope)) / total
    spread = float(np.square(weight * centred).sum()) * n / max(n - 1, 1)
    return float(NORMAL_95 * np.sqrt(spread / rows_per_pair) / total)


def _around(value: float, low: float, high: float) -> Measurement:
    return Measurement(value, min(value, low), max(value, high))
