"""Row weights."""

from __future__ import annotations

import numpy as np

from calibrate.arrays import AnyArray, Float64, described
from calibrate.data.columns import Column, everything
from calibrate.data.layout import Layout
from calibrate.data.selection import Selection
from calibrate.errors import InputError

FAR = 100  # weights whose largest is beyond 2^±100 are brought to scale


def check_weights(weights: AnyArray, rows: int, name: str) -> Float64:
    """Row weights as float64: one per row, finite, non-negative, not all zero.

    Only their ratios matter: where squares and sums of them would overflow or vanish, they are
    divided by a power of two, which changes no ratio. What is then below 2^-500 weighs nothing.
    """
    if weights.dtype.kind not in "biuf" or weights.shape != (rows,):
        raise InputError(
            f"{name}: expected {rows:,} weights as real numbers, found {described(weights)}"
        )
    values = weights.astype(np.float64)
    bad = ~((values >= 0) & (values < np.inf))
    if bad.any():
        row = int(bad.argmax())
        raise InputError(
            f"{name}: expected finite weights from 0, "
            f"found {values[row]:g} in row {row} ({int(bad.sum()):,} in all)"
        )
    if not values.any():
        raise InputError(f"{name}: every weight is 0; at least one row must count")
    exponent = int(np.frexp(values.max())[1])
    if abs(exponent) > FAR:
        values = np.ldexp(values, -exponent)
    values[values < np.ldexp(values.max(), -5 * FAR)] = 0.0
    return values


def weights_of(weights: Column, layout: Layout, selection: Selection) -> Float64:
    """Checked weights of the rows that count."""
    given = layout.counting(everything(weights), selection)
    return check_weights(given, selection.n_rows, weights.name)
