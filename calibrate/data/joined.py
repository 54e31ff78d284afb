"""Arrays one behind the other, read as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from calibrate.arrays import AnyArray, Index
from calibrate.data.file_array import FileArray


class Joined:
    """The rows of several arrays, which are as long and of as many kinds as the user saved them.

    Attributes:
        shape, dtype: of the whole.
    """

    def __init__(self, parts: Sequence[AnyArray | FileArray]) -> None:
        """Join one array or more, of the same dtype and of rows of the same shape."""
        self._parts = parts
        self._starts: Index = np.cumsum([0, *(part.shape[0] for part in parts)])
        self.shape: tuple[int, ...] = (int(self._starts[-1]), *parts[0].shape[1:])
        self.dtype: np.dtype[Any] = parts[0].dtype

    def __getitem__(self, rows: slice) -> AnyArray:
        """The rows of a range."""
        start, stop, _ = rows.indices(self.shape[0])
        first, last = np.searchsorted(self._starts, (start, max(start, stop - 1)), "right") - 1
        found = [
            self._parts[i][max(0, start - self._starts[i]) : max(0, stop - self._starts[i])]
            for i in range(first, min(last, len(self._parts) - 1) + 1)
        ]
        return found[0] if len(found) == 1 else self._together(found)

    def take(self, rows: Index) -> AnyArray:
        """The rows of these ascending numbers."""
        ends = np.searchsorted(rows, self._starts)
        found = []
        for i in np.flatnonzero(np.diff(ends)).tolist():
            part, inside = self._parts[i], rows[ends[i] : ends[i + 1]] - self._starts[i]
            found.append(part[inside] if isinstance(part, np.ndarray) else part.take(inside))
        return self._together(found)

    def _together(self, found: list[AnyArray]) -> AnyArray:
        return np.concatenate([np.empty((0, *self.shape[1:]), self.dtype), *found])
