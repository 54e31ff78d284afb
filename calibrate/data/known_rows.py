"""Rows seen before: are these the same ones again, or some of them?"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from calibrate.data.dataset import Dataset
from calibrate.data.row_digests import RowDigests
from calibrate.data.top_labels import TopLabels


@dataclass(frozen=True)
class KnownRows:
    """By what rows are recognised.

    Attributes:
        fingerprint: a digest of some of them in their order; None where not known.
        digests: a sample of digests of single rows; None where not known, or of no use.
    """

    fingerprint: str | None = None
    digests: RowDigests | None = None

    @staticmethod
    def of(dataset: Dataset) -> KnownRows:
        """Those of a dataset; nothing of one that leaves out a fold, which nobody asks about."""
        if dataset.left_out is not None:
            return NOBODY
        return KnownRows(fingerprint(dataset), dataset.digests)

    def recognise(self, dataset: Dataset) -> tuple[bool | None, float | None]:
        """Whether a dataset holds the very same rows, in whatever order (None: not known), and
        which share of its rows is among these (None: not known).
        """
        if self.digests is None:
            same = self.fingerprint is not None and self.fingerprint == fingerprint(dataset)
            return (True, 1.0) if same else (None, None)
        if dataset.digests is None:
            return None, None
        seen = self.digests.seen_in(dataset.digests)
        return True if seen.same else None, seen.share


NOBODY = KnownRows()


ROWS = 64  # and classes that a fingerprint looks at


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
