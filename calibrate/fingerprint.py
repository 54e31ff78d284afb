"""A digest that tells whether rows are the same ones again."""

from __future__ import annotations

import hashlib

import numpy as np

from calibrate.source import Source

ROWS = 64


def fingerprint(source: Source) -> str:
    """A digest of the shape, and of some scores and all labels of some rows."""
    few = source.sample(ROWS)
    batch = few.read(0, min(ROWS, few.n_rows))
    digest = hashlib.sha256(repr((source.n_rows, source.n_classes)).encode())
    corner = batch.logits[:, :ROWS]
    digest.update(np.ascontiguousarray(corner, dtype=np.float64).tobytes())
    if batch.labels is not None:
        digest.update(np.ascontiguousarray(batch.labels).tobytes())
    return digest.hexdigest()[:32]
