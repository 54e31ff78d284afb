"""Rows of logits with their targets.

``forms.py`` checks dtypes and shapes, ``inspection.py`` the values. Behind these two, nothing is
validated again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from calibrate.errors import InputError, check_known

FloatArray = npt.NDArray[np.floating[Any]]
IntArray = npt.NDArray[np.int64]
Index = npt.NDArray[np.intp]
AnyArray = npt.NDArray[Any]
Labels = npt.NDArray[np.int64] | npt.NDArray[np.float64]

MAX_WEIGHT = 1e100  # squares and sums of weights stay finite

Scores = Literal["logits", "probabilities", "log-probabilities"]
SMOOTHING_OVER = ("all", "others")
SCORES: tuple[str, ...] = get_args(Scores)


@dataclass(frozen=True)
class Smoothing:
    """Label smoothing: targets ``(1 - eps) q + eps u``, u even over classes.

    Attributes:
        epsilon: in [0, 1).
        over: ``"all"``: u = 1/K for every class (Szegedy et al. 2016, PyTorch); ``"others"``: u is
            0 for the label and 1/(K-1) for the others, ``(1 - q)/(K-1)`` for a soft label.

    Raises:
        InputError: epsilon is out of range, or ``over`` is neither.
    """

    epsilon: float
    over: str = "all"

    def __post_init__(self) -> None:
        if not 0 <= self.epsilon < 1:
            raise InputError(
                f"label smoothing: expected epsilon from 0 up to, not including, 1, "
                f"got {self.epsilon!r}"
            )
        check_known("smoothing over", [self.over], SMOOTHING_OVER)

    def factors(self, n_classes: int) -> tuple[float, float]:
        """a and b of the smoothed target ``a q + b`` of a class."""
        if self.over == "all":
            return 1 - self.epsilon, self.epsilon / n_classes
        rest = self.epsilon / (n_classes - 1)
        return 1 - self.epsilon - rest, rest


@dataclass(frozen=True)
class Block:
    """A block of rows, ready for arithmetic.

    Attributes:
        logits: ``(n, K)`` C-ordered float32 or float64; ``-inf`` masks a class.
        labels: ``(n,)`` class indices in ``0..K-1``, ``(n, K)`` float64 shares that sum to 1, or
            None.
        weights: ``(n,)`` float64, non-negative, or None for equal weights.
        folds: ``(n,)`` the cross-fitting fold of each row, or None.
        columns: ``(n,)`` which label of a multi-label model each row is about, or None.
        clusters: ``(n,)`` ascending: rows of equal number belong together, as the labels of one
            example do; None where every row stands for itself.
        smoothing: what softens the labels further, or None.
        start: the number of the first row in its dataset.
    """

    logits: FloatArray
    labels: Labels | None = None
    weights: npt.NDArray[np.float64] | None = None
    folds: npt.NDArray[np.int16] | None = None
    columns: Index | None = None
    clusters: Index | None = None
    smoothing: Smoothing | None = None
    start: int = 0


def sum_by_example(
    values: npt.NDArray[np.float64], clusters: Index | None
) -> npt.NDArray[np.float64]:
    """``(..., n)`` values summed over the rows that belong together, ``(..., clusters)``."""
    if clusters is None or not len(clusters):
        return values
    starts = np.flatnonzero(np.concatenate([[True], clusters[1:] != clusters[:-1]]))
    return np.asarray(np.add.reduceat(values, starts, axis=-1))


def label_entries(block: Block) -> tuple[Index, Index, npt.NDArray[np.float64]]:
    """Rows, classes and shares of the labels: what is not 0 in the ``(n, K)`` targets."""
    assert block.labels is not None
    if block.labels.ndim == 2:
        rows, classes = np.nonzero(block.labels)
        return rows, classes, block.labels[rows, classes].astype(np.float64)
    n = len(block.logits)
    return np.arange(n), block.labels.astype(np.intp), np.ones(n)


def as_logits(raw: AnyArray, scores: str) -> FloatArray:
    """Raw scores as C-ordered native float32 or float64 logits (float16 goes up to float32).

    Probabilities become their logarithms; those below the smallest positive normal number
    of their dtype (an underflowed softmax) are read as that number. Of yes-no decisions, ``(n,)``,
    the logit is ``log p - log(1 - p)``.
    """
    dtype = working_dtype(raw.dtype)
    if raw.ndim == 1 and scores != "logits":
        return _yes_no_logits(raw.astype(dtype), scores, smallest_probability(raw.dtype))
    if scores != "probabilities":
        return np.ascontiguousarray(raw, dtype=dtype)
    positive = np.maximum(raw.astype(dtype), dtype.type(smallest_probability(raw.dtype)))
    return np.ascontiguousarray(np.log(positive))


def _yes_no_logits(scores: FloatArray, kind: str, smallest: float) -> FloatArray:
    with np.errstate(divide="ignore", under="ignore"):
        p = np.exp(scores) if kind == "log-probabilities" else scores
        no = -np.expm1(scores) if kind == "log-probabilities" else 1 - p
        log_p = np.log(np.maximum(p, scores.dtype.type(smallest)))
        logit: FloatArray = log_p - np.log(np.maximum(no, scores.dtype.type(smallest)))
    return logit


def smallest_probability(dtype: np.dtype[Any]) -> float:
    """What a probability of 0 is read as: the smallest normal number of its dtype."""
    return float(np.finfo(dtype if dtype.kind == "f" else working_dtype(dtype)).tiny)


def working_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """float64 for 8-byte scores and wide integers, float32 for everything smaller."""
    wide = dtype.itemsize >= (8 if dtype.kind == "f" else 4)
    return np.dtype(np.float64 if wide else np.float32)


def check_weights(weights: AnyArray, rows: int, name: str) -> npt.NDArray[np.float64]:
    """Row weights as float64: one per row, finite, non-negative, not all zero."""
    if weights.dtype.kind not in "biuf" or weights.shape != (rows,):
        raise InputError(
            f"{name}: expected {rows:,} weights as real numbers, found {described(weights)}"
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


def described(array: AnyArray) -> str:
    return f"{array.dtype} of shape {array.shape}"
