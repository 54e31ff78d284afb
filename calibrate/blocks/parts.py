"""Independent parts of the rows: every standard error comes from the spread between them.

Rows that belong together, such as the labels of one example or the tokens of one text, form a
unit. Units are dealt out to at most ``PARTS`` parts, each whole unit to one of them; a pass adds up
its sums by part. Whatever the rows of a unit have to do with each other, parts are independent, so
the spread between their sums is that of the total: cluster-robust where a unit has many rows, the
usual one where each row is a unit, and nothing has to remember where a unit began.

Reference: Wolter (2007), Introduction to variance estimation, chapter 2 (random groups).
"""

from __future__ import annotations

import numpy as np

from calibrate.arrays import Float64, Index

PARTS = 1024


def part_of(units: Index) -> Index:
    """The part of each unit, by its number from 0: the first 1 024 have one each."""
    numbers = np.asarray(units, dtype=np.uint64)
    mixed = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)  # splitmix64
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return np.where(numbers < PARTS, numbers, mixed % np.uint64(PARTS)).astype(np.intp)


def sum_by_part(values: Float64, part: Index, n_parts: int = PARTS) -> Float64:
    """``(..., n)`` values summed over the rows of each part, ``(..., n_parts)``."""
    rows = values.reshape(-1, values.shape[-1])
    sums = np.empty((len(rows), n_parts))
    for one, row in zip(sums, rows, strict=True):
        one[:] = np.bincount(part, row, minlength=n_parts)
    return sums.reshape(*values.shape[:-1], n_parts)
