"""Where something was first seen, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class FirstSeen:
    """Where a bad value was first seen, and how many there are."""

    count: int = 0
    row: int = -1
    column: int = -1

    def __add__(self, other: FirstSeen) -> FirstSeen:
        first = self if self.count else other
        return FirstSeen(self.count + other.count, first.row, first.column)

    @staticmethod
    def of(bad: npt.NDArray[Any], start: int) -> FirstSeen:
        """The first True of a ``(n,)`` or ``(n, K)`` mask whose row 0 is row ``start``."""
        count = int(np.count_nonzero(bad))
        if not count:
            return FirstSeen()
        index = np.unravel_index(int(bad.argmax()), bad.shape)
        return FirstSeen(count, start + int(index[0]), int(index[1]) if bad.ndim > 1 else 0)

    def moved(self, kept: npt.NDArray[np.intp] | None, per_row: int) -> FirstSeen:
        """The place in the file: ``kept`` are its rows that count, ``per_row`` in each of its."""
        if not self.count:
            return self
        row = self.row if kept is None else int(kept[self.row])
        if per_row == 1:
            return FirstSeen(self.count, row, self.column)
        return FirstSeen(self.count, row // per_row, row % per_row)


NOWHERE = FirstSeen()
