"""Arrays one behind the other, or side by side, read as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from calibrate.arrays import AnyArray, Index
from calibrate.data.file_array import FileArray


class Stacked:
    """The rows of several arrays, one behind the other; or, with ``axis=1``, their columns.

    Attributes:
        shape, dtype: of the whole.
    """

    def __init__(self, parts: Sequence[AnyArray | FileArray], *, axis: int = 0) -> None:
        """Join one array or more, of the same dtype and of shapes that differ along ``axis``."""
        self._parts, self._axis = parts, axis
        self._starts: Index = np.cumsum([0, *(part.shape[axis] for part in parts)])
        shape = [*parts[0].shape]
        shape[axis] = int(self._starts[-1])
        self.shape: tuple[int, ...] = tuple(shape)
        self.dtype: np.dtype[Any] = parts[0].dtype

    def __getitem__(self, rows: slice) -> AnyArray:
        """The rows of a range."""
        if self._axis:
            return np.concatenate([part[rows] for part in self._parts], axis=1)
        start, stop, _ = rows.indices(self.shape[0])
        first, last = np.searchsorted(self._starts, (start, max(start, stop - 1)), "right") - 1
        found = [
            self._parts[i][max(0, start - self._starts[i]) : max(0, stop - self._starts[i])]
            for i in range(first, min(last, len(self._parts) - 1) + 1)
        ]
        return found[0] if len(found) == 1 else self._together(found)

    def take(self, rows: Index) -> AnyArray:
        """The rows of these ascending numbers."""
        if self._axis:
            return np.concatenate([_taken(part, rows) for part in self._parts], axis=1)
        ends = np.searchsorted(rows, self._starts)
        return self._together(
            [
                _taken(self._parts[i], rows[ends[i] : ends[i + 1]] - self._starts[i])
                for i in np.flatnonzero(np.diff(ends)).tolist()
            ]
        )

    def _together(self, found: list[AnyArray]) -> AnyArray:
        return np.concatenate([np.empty((0, *self.shape[1:]), self.dtype), *found])


def _taken(part: AnyArray | FileArray, rows: Index) -> AnyArray:
    return part[rows] if isinstance(part, np.ndarray) else part.take(rows)
