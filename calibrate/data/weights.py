"""Row weights."""

from __future__ import annotations

import numpy as np

from calibrate.arrays import AnyArray, Float64, described
from calibrate.data.columns import Column, everything
from calibrate.data.layout import Layout
from calibrate.data.selection import Selection
from calibrate.errors import InputError

MAX_WEIGHT = 1e100  # squares and sums of weights stay finite


def check_weights(weights: AnyArray, rows: int, name: str) -> Float64:
    """Row weights as float64: one per row, finite, non-negative, not all zero."""
    if weights.dtype.kind not in "biuf" or weights.shape != (rows,):
        raise InputError(
            f"{name}: expected {rows:,} weights as real numbers, found {described(weights)}"
        )
    values = weights.astype(np.float64)
    bad = ~((values >= 0) & (values <= MAX_WEIGHT))
    if bad.any():
        row = int(bad.argmax())
        raise InputError(
            f"{name}: expected weights from 0 to {MAX_WEIGHT:g}, "
            f"found {values[row]:g} in row {row} ({int(bad.sum()):,} in all)"
        )
    if not values.any():
        raise InputError(f"{name}: every weight is 0; at least one row must count")
    if values.max() < 1 / MAX_WEIGHT:
        raise InputError(
            f"{name}: expected a largest weight of at least {1 / MAX_WEIGHT:g}, found "
            f"{values.max():g}; multiply all of them, only their ratios count"
        )
    return values


def weights_of(weights: Column, layout: Layout, selection: Selection) -> Float64:
    """Checked weights of the rows that count."""
    given = layout.counting(everything(weights), selection)
    return check_weights(given, selection.n_rows, weights.name)
