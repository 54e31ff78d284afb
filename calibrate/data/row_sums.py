"""How near to 1 the probabilities of a row have to sum, by the precision they were saved in."""

from __future__ import annotations

import numpy as np

from calibrate.arrays import FloatArray

ROW_SUM_TOLERANCE = {2: 1e-2, 4: 1e-4, 8: 1e-5}  # by bytes per score: softmax rounding, with room


def in_half_precision(values: FloatArray) -> bool:
    """Whether all were rounded to bfloat16 or float16 before they were saved as something wider."""
    single = values.astype(np.float32)
    if not np.array_equal(single, values):
        return False
    bits = np.ascontiguousarray(single).view(np.uint32)
    return not (bits & 0xFFFF).any() or np.array_equal(single.astype(np.float16), single)


def row_sum_tolerance(dtype: np.dtype[np.generic]) -> float:
    """How far the probabilities of a row may be from summing to 1."""
    return ROW_SUM_TOLERANCE[min(8, max(2, dtype.itemsize))]
