"""Rows of logits with their targets, and what arrays must look like to become such rows.

Here dtypes and shapes are checked; ``inspection.py`` looks at the values. Behind these two,
nothing is validated again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from calibrate.errors import InputError

FloatArray = npt.NDArray[np.floating[Any]]
IntArray = npt.NDArray[np.int64]
Index = npt.NDArray[np.intp]
AnyArray = npt.NDArray[Any]

MAX_WEIGHT = 1e100  # squares and sums of weights stay finite

Scores = Literal["logits", "probabilities", "log-probabilities"]
SCORES: tuple[str, ...] = get_args(Scores)


@dataclass(frozen=True)
class Batch:
    """A block of rows, ready for arithmetic.

    Attributes:
        logits: ``(n, K)`` C-ordered float32 or float64; ``-inf`` masks a class.
        labels: ``(n,)`` class indices in ``0..K-1``, or None.
        weights: ``(n,)`` float64, non-negative, or None for equal weights.
        folds: ``(n,)`` the cross-fitting fold of each row, or None.
        start: the number of the first row in its source.
    """

    logits: FloatArray
    labels: IntArray | None = None
    weights: npt.NDArray[np.float64] | None = None
    folds: npt.NDArray[np.int16] | None = None
    start: int = 0


def label_entries(batch: Batch) -> tuple[Index, Index, npt.NDArray[np.float64]]:
    """Rows, classes and shares of the labels: what is not 0 in the ``(n, K)`` targets."""
    assert batch.labels is not None
    n = len(batch.logits)
    return np.arange(n), batch.labels.astype(np.intp), np.ones(n)


def as_logits(raw: AnyArray, scores: str) -> FloatArray:
    """Raw scores as C-ordered native float32 or float64 logits (float16 goes up to float32).

    Probabilities become their logarithms; those below the smallest positive normal number
    of their dtype (an underflowed softmax) are read as that number.
    """
    dtype = working_dtype(raw.dtype)
    if scores != "probabilities":
        return np.ascontiguousarray(raw, dtype=dtype)
    positive = np.maximum(raw.astype(dtype), dtype.type(smallest_probability(raw.dtype)))
    return np.ascontiguousarray(np.log(positive))


def smallest_probability(dtype: np.dtype[Any]) -> float:
    """What a probability of 0 is read as: the smallest normal number of its dtype."""
    return float(np.finfo(dtype if dtype.kind == "f" else working_dtype(dtype)).tiny)


def working_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """float64 for 8-byte scores and wide integers, float32 for everything smaller."""
    wide = dtype.itemsize >= (8 if dtype.kind == "f" else 4)
    return np.dtype(np.float64 if wide else np.float32)


def as_labels(raw: AnyArray, offset: int) -> IntArray:
    """Raw labels as int64 class indices counted from 0."""
    return raw.reshape(-1).astype(np.int64) - offset


def check_shapes(
    logits: AnyArray, labels: AnyArray | None, logits_name: str, labels_name: str
) -> None:
    """Raise InputError unless dtypes and shapes fit together."""
    if labels is not None and logits.ndim == 1 and labels.ndim == 2:
        raise InputError(
            f"{logits_name} holds {_described(logits)} and {labels_name} holds "
            f"{_described(labels)}: the two files seem to be swapped; give LOGITS, then LABELS"
        )
    if logits.dtype.kind not in "fiu":
        raise InputError(
            f"{logits_name}: expected logits as real numbers, found dtype {logits.dtype}"
        )
    if logits.dtype.kind == "f" and logits.dtype.itemsize > 8:
        raise InputError(
            f"{logits_name}: expected float16, float32 or float64, found {logits.dtype}; "
            "save them as float64"
        )
    if logits.ndim != 2:
        raise InputError(
            f"{logits_name}: expected logits of shape (rows, classes), found {_described(logits)}; "
            "reshape them to two dimensions"
        )
    rows, classes = logits.shape
    if rows == 0:
        raise InputError(f"{logits_name}: expected at least one row, found {_described(logits)}")
    if classes < 2:
        raise InputError(
            f"{logits_name}: expected at least two classes (columns), found {_described(logits)}"
        )
    if labels is not None:
        _check_label_shape(labels, rows, logits_name, labels_name)


def _check_label_shape(labels: AnyArray, rows: int, logits_name: str, labels_name: str) -> None:
    if labels.dtype.kind not in "biuf":
        raise InputError(
            f"{labels_name}: expected labels as whole numbers, found dtype {labels.dtype}"
        )
    if labels.ndim != 1 and not (labels.ndim == 2 and labels.shape[1] == 1):
        raise InputError(
            f"{labels_name}: expected one class index per row, shape (rows,), "
            f"found {_described(labels)}"
        )
    if len(labels) != rows:
        raise InputError(
            f"{labels_name} holds {len(labels):,} labels but {logits_name} holds {rows:,} rows: "
            "they must be the same rows in the same order"
        )


def check_weights(weights: AnyArray, rows: int, name: str) -> npt.NDArray[np.float64]:
    """Row weights as float64: one per row, finite, non-negative, not all zero."""
    if weights.dtype.kind not in "biuf" or weights.shape != (rows,):
        raise InputError(
            f"{name}: expected {rows:,} weights as real numbers, found {_described(weights)}"
        )
    values = weights.astype(np.float64)
    bad = ~((values >= 0) & (values <= MAX_WEIGHT))
    if bad.any():
        row = int(bad.argmax())
        raise InputError(
            f"{name}: expected weights from 0 to {MAX_WEIGHT:g}, "
            f"found {values[row]:g} in row {row} ({int(bad.sum()):,} in all)"
        )
    if not values.any():
        raise InputError(f"{name}: every weight is 0; at least one row must count")
    return values


def _described(array: AnyArray) -> str:
    return f"{array.dtype} of shape {array.shape}"
