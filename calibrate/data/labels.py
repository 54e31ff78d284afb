"""Labels as they were saved -> classes, or shares of them."""

from __future__ import annotations

import numpy as np

from calibrate.arrays import AnyArray, Labels


def as_labels(raw: AnyArray, offset: int, *, hard: bool) -> Labels:
    """``(n,)`` classes from 0 of hard labels, else ``(n, K)`` shares that sum to 1.

    Args:
        raw: ``(n,)`` class indices or shares of yes, or ``(n, K)`` shares.
        offset: the number of the first class.
        hard: whether each label is one class.
    """
    if raw.ndim == 2 and hard:
        return np.asarray(raw.argmax(axis=1), dtype=np.int64)
    if raw.ndim == 2:
        shares = raw.astype(np.float64)
        shares /= shares.sum(axis=1, keepdims=True)
        return shares
    if hard:
        return np.asarray(raw.astype(np.int64) - offset)
    yes = raw.astype(np.float64) - offset
    return np.stack([1 - yes, yes], axis=1)
