"""A digest that tells whether rows are the same ones again."""

from __future__ import annotations

import hashlib

import numpy as np

from calibrate.data.dataset import Dataset

ROWS = 64


def fingerprint(dataset: Dataset) -> str:
    """A digest of the shape, and of some scores and all labels of some rows."""
    few = dataset.sample(ROWS)
    block = few.read(0, min(ROWS, few.n_rows))
    digest = hashlib.sha256(repr((dataset.n_rows, dataset.n_classes)).encode())
    corner = block.logits[:, :ROWS]
    digest.update(np.ascontiguousarray(corner, dtype=np.float64).tobytes())
    if block.labels is not None:
        digest.update(np.ascontiguousarray(block.labels).tobytes())
    return digest.hexdigest()[:32]
