"""Which rows stand and fall together."""

from __future__ import annotations

from calibrate.arrays import Index
from calibrate.metrics.totals import KeptRows

PARTS = 1024  # units of rows that belong together are dealt out to so many parts


def part_of(kept: KeptRows) -> Index | None:
    """Below ``PARTS``, the same for rows that belong together; None where no rows do.

    The sums of parts are independent, as are those of the units that make them up.
    """
    return None if kept.examples is None else kept.examples % PARTS
