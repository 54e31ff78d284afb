"""Dealing rows out to folds for cross-fitting."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from calibrate.arrays import Index

Folds = npt.NDArray[np.int16]


def deal(units: Index | None, n_units: int, n_folds: int, seed: int) -> Folds:
    """The fold of each row: each run of ``n_folds`` units is dealt out in random order.

    Rows of a unit stay together; None for rows that are each a unit.
    """
    folds = np.tile(np.arange(n_folds, dtype=np.int16), (-(-n_units // n_folds), 1))
    np.random.default_rng(seed).permuted(folds, axis=1, out=folds)
    dealt = folds.reshape(-1)[:n_units]
    return dealt if units is None else dealt[np.unique(units, return_inverse=True)[1]]
