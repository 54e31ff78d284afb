"""Where something was first seen, and how often."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calibrate.arrays import Index


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
    def of(bad: npt.NDArray[np.bool_], start: int) -> FirstSeen:
        """The first True of a ``(n,)`` or ``(n, K)`` mask whose row 0 is row ``start``."""
        count = int(np.count_nonzero(bad))
        if not count:
            return NOWHERE
        index = np.unravel_index(int(bad.argmax()), bad.shape)
        return FirstSeen(count, start + int(index[0]), int(index[1]) if bad.ndim > 1 else 0)

    def moved(self, numbers: Index | None, per_row: int) -> FirstSeen:
        """The place in the file: ``numbers`` are those of rows, with ``per_row`` in each of its."""
        if not self.count:
            return self
        row = self.row if numbers is None else int(numbers[self.row])
        if per_row == 1:
            return FirstSeen(self.count, row, self.column)
        return FirstSeen(self.count, row // per_row, row % per_row)


NOWHERE = FirstSeen()


@dataclass(frozen=True)
class Worst:
    """The largest value seen, and its row; the first of equal ones."""

    value: float
    row: int = -1

    def __add__(self, other: Worst) -> Worst:
        return self if self.value >= other.value else other

    def moved(self, numbers: Index | None, per_row: int) -> Worst:
        """The same with the row in the numbering of the file."""
        row = self.row if numbers is None else int(numbers[self.row])
        return Worst(self.value, row // per_row)


NO_ERROR, NO_SUM = Worst(0.0), Worst(np.inf)
