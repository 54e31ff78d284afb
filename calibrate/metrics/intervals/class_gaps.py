"""Intervals of one-vs-rest ECEs: sums of absolute gaps, one per class and bin.

The standard error comes from the spread over groups of rows.
"""

from __future__ import annotations

import numpy as np

from calibrate.arrays import Float64
from calibrate.metrics.class_table import GROUPS, ClassTable
from calibrate.metrics.intervals.gaps import NOISE, Gaps, bare, gap_intervals
from calibrate.results.measurement import Measurement

NOISE_OF_MANY = 3.0  # standard errors up to which one of many gaps may be noise
STUDENT_95 = 2.093024054408263  # of 19 degrees of freedom


def class_gap_measurements(
    tables: tuple[ClassTable, ...], classes: slice, rows_per_weight: float
) -> list[Measurement]:
    """Before, after and change of the mean one-vs-rest ECE of some classes."""
    weight = tables[0].weight
    count = len(range(*classes.indices(tables[0].shape[1])))
    terms, noise = weight.sum() * count, NOISE_OF_MANY if count > 1 else NOISE
    sides = [
        Gaps.of(
            table.label[classes] * rows_per_weight,
            table.probability[classes] * rows_per_weight,
            table.inside[classes] * rows_per_weight,
            noise,
        ).over(terms * rows_per_weight)
        for table in tables
    ]
    if np.count_nonzero(weight) < GROUPS:
        return bare(sides)
    slopes = [table.slopes(classes) for table in tables]
    if len(slopes) == 2:
        slopes.append(slopes[1] - slopes[0])
    return gap_intervals(sides, [_width(each, weight) / count for each in slopes])


def _width(slopes: Float64, weight: Float64) -> float:
    """Half of the 95 % interval of ``sum slopes / sum weight``, from groups."""
    centred = slopes - weight * slopes.sum() / weight.sum()
    error = np.sqrt(GROUPS / (GROUPS - 1) * np.square(centred).sum()) / weight.sum()
    return float(STUDENT_95 * error)
