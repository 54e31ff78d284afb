"""Rows as a pass keeps them, from plain arrays."""

from __future__ import annotations

import numpy as np

from calibrate.blocks.block import part_of
from calibrate.metrics.totals import KeptRows


def kept(confidence, correct, weight=None, units=None) -> KeptRows:
    """Of one view; ``units`` says which rows belong together, None for none."""
    n = len(confidence)
    weight = np.ones(n) if weight is None else weight
    part = part_of(np.arange(n) if units is None else units)
    return KeptRows((confidence,), (correct,), (np.zeros(n),), weight, part)
