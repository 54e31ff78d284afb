"""A digest that tells whether rows are the same ones again."""

from __future__ import annotations

import hashlib

import numpy as np

from calibrate.data.dataset import Dataset
from calibrate.data.top_labels import TopLabels

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


def fingerprint_of_top_labels(rows: TopLabels) -> str:
    """A digest of all predictions: whether each was right, and how sure it was."""
    digest = hashlib.sha256(repr((rows.n_rows, rows.n_classes)).encode())
    for column in (rows.correct, rows.confidence):
        digest.update(np.ascontiguousarray(column, dtype=np.float64).tobytes())
    return digest.hexdigest()[:32]
