"""Rows seen before: are these the same ones again, or some of them?"""

from __future__ import annotations

from dataclasses import dataclass

from calibrate.data.dataset import Dataset
from calibrate.data.fingerprint import fingerprint
from calibrate.data.row_digests import RowDigests


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
