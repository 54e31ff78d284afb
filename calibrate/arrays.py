"""The types of arrays, named once."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

AnyArray = npt.NDArray[Any]
FloatArray = npt.NDArray[np.floating[Any]]
Float64 = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Index = npt.NDArray[np.intp]
Values = npt.ArrayLike  # what users pass: arrays of any library, frames, lists
Labels = npt.NDArray[np.int64] | npt.NDArray[np.float64]


class Shaped(Protocol):
    """Anything with a shape and a dtype."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> np.dtype[Any]: ...


def described(array: Shaped) -> str:
    """``float32 of shape (5000, 10)``"""
    return f"{array.dtype} of shape {array.shape}"
