"""Rows of logits with their targets: the only place where arrays are validated.

``check_shapes`` looks at dtypes and shapes when a source is opened. ``inspect`` looks at
the values of one block; its ``Findings`` add up over the blocks, so that a verdict such as
"these rows are probabilities" is always about the whole file, never about a part of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from calibrate.errors import InputError

FloatArray = npt.NDArray[np.floating[Any]]
IntArray = npt.NDArray[np.int64]
AnyArray = npt.NDArray[Any]

Scores = Literal["logits", "probabilities", "log-probabilities"]
SCORES: tuple[str, ...] = get_args(Scores)

ROW_SUM_TOLERANCE = {2: 1e-2, 4: 1e-4, 8: 1e-5}  # by bytes per score: softmax rounding, with room


@dataclass(frozen=True)
class Batch:
    """A block of rows, ready for arithmetic.

    Attributes:
        logits: ``(n, K)`` C-ordered float32 or float64; ``-inf`` masks a class.
        labels: ``(n,)`` class indices in ``0..K-1``, or None.
        weights: ``(n,)`` float64, non-negative, or None for equal weights.
        folds: ``(n,)`` the cross-fitting fold of each row, or None.
    """

    logits: FloatArray
    labels: IntArray | None = None
    weights: npt.NDArray[np.float64] | None = None
    folds: npt.NDArray[np.int8] | None = None


def as_logits(raw: AnyArray, scores: str) -> FloatArray:
    """Raw scores as C-ordered native float32 or float64 logits (float16 goes up to float32).

    Probabilities become their logarithms; those below the smallest positive normal number
    of their dtype (an underflowed softmax) are read as that number.
    """
    dtype = working_dtype(raw.dtype)
    if scores != "probabilities":
        return np.ascontiguousarray(raw, dtype=dtype)
    floor = np.finfo(raw.dtype if raw.dtype.kind == "f" else dtype).tiny
    positive = np.maximum(raw.astype(dtype), dtype.type(floor))
    return np.ascontiguousarray(np.log(positive))


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
            f"{_described(labels)}: the two files seem to be swapped; give LOGITS first, then LABELS"
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
    bad = ~(np.isfinite(values) & (values >= 0))
    if bad.any():
        row = int(bad.argmax())
        raise InputError(
            f"{name}: expected finite weights of at least 0, found {values[row]:g} in row {row} "
            f"({int(bad.sum()):,} in all)"
        )
    if not values.any():
        raise InputError(f"{name}: every weight is 0; at least one row must count")
    return values


def _described(array: AnyArray) -> str:
    return f"{array.dtype} of shape {array.shape}"


@dataclass(frozen=True)
class Place:
    """Where a bad value was first seen, and how many there are."""

    count: int = 0
    row: int = -1
    column: int = -1

    def __add__(self, other: Place) -> Place:
        first = self if self.count else other
        return Place(self.count + other.count, first.row, first.column)

    @staticmethod
    def of(bad: npt.NDArray[np.bool_], start: int) -> Place:
        """The first True of a ``(n,)`` or ``(n, K)`` mask whose row 0 is row ``start``."""
        count = int(np.count_nonzero(bad))
        if not count:
            return Place()
        index = np.unravel_index(int(bad.argmax()), bad.shape)
        return Place(count, start + int(index[0]), int(index[-1]))


@dataclass(frozen=True)
class Findings:
    """What the values of a block, or of all blocks added up, look like."""

    low: float  # smallest and largest score; low is -inf where classes are masked
    high: float
    nan: Place = Place()
    infinite: Place = Place()  # +inf
    all_masked: Place = Place()  # rows that are -inf throughout
    sum_error: float = np.inf  # worst |row sum of probabilities - 1|, inf if out of [0, 1]
    sum_row: int = -1
    label_low: int = 0
    label_high: int = 0
    label_fractions: Place = Place()
    masked_labels: Place = Place()  # labels whose score is -inf, or whose probability is 0

    def __add__(self, other: Findings) -> Findings:
        worse = self if self.sum_error >= other.sum_error else other
        return Findings(
            low=min(self.low, other.low),
            high=max(self.high, other.high),
            nan=self.nan + other.nan,
            infinite=self.infinite + other.infinite,
            all_masked=self.all_masked + other.all_masked,
            sum_error=worse.sum_error,
            sum_row=worse.sum_row,
            label_low=min(self.label_low, other.label_low),
            label_high=max(self.label_high, other.label_high),
            label_fractions=self.label_fractions + other.label_fractions,
            masked_labels=self.masked_labels + other.masked_labels,
        )


@dataclass(frozen=True)
class RawBlock:
    """Rows as they stand in the file, with the number of the first one."""

    start: int
    logits: AnyArray
    labels: AnyArray | None
    scores: str | None
    label_offset: int


def inspect(block: RawBlock) -> Findings:
    """Look at the values of one block; nothing is raised before all blocks are known."""
    z = np.ascontiguousarray(block.logits, dtype=working_dtype(block.logits.dtype))
    low, high = float(z.min()), float(z.max())  # nan if there is one
    nan = infinite = all_masked = Place()
    if not np.isfinite(low) or not np.isfinite(high):
        nan = Place.of(np.isnan(z), block.start)
        infinite = Place.of(np.isposinf(z), block.start)
        all_masked = Place.of(np.isneginf(z).all(axis=1), block.start)
        low, high = np.nan_to_num(low, nan=0.0, neginf=-np.inf), np.nan_to_num(high)
    sum_error, sum_row = _worst_row_sum(z, block, low, high)
    label_low, label_high, fractions, masked = _inspect_labels(z, block)
    return Findings(
        low, high, nan, infinite, all_masked, sum_error, sum_row,
        label_low, label_high, fractions, masked,
    )  # fmt: skip


def _worst_row_sum(z: FloatArray, block: RawBlock, low: float, high: float) -> tuple[float, int]:
    tolerance = ROW_SUM_TOLERANCE[min(8, max(2, block.logits.dtype.itemsize))]
    with np.errstate(over="ignore", invalid="ignore"):
        if block.scores == "log-probabilities":
            if high > tolerance:
                return np.inf, block.start + int(z.max(axis=1).argmax())
            sums = np.exp(z).sum(axis=1, dtype=np.float64)
        elif low < 0 or high > 1 + tolerance:
            outside = (z < 0) | (z > 1 + tolerance) if block.scores == "probabilities" else None
            return np.inf, block.start + (0 if outside is None else int(outside.any(1).argmax()))
        else:
            sums = z.sum(axis=1, dtype=np.float64)
    errors = np.abs(sums - 1)
    worst = int(errors.argmax())
    return float(errors[worst]), block.start + worst


def _inspect_labels(z: FloatArray, block: RawBlock) -> tuple[int, int, Place, Place]:
    if block.labels is None:
        return 0, 0, Place(), Place()
    raw = block.labels.reshape(-1)
    fractions = Place()
    if raw.dtype.kind == "f":
        fractions = Place.of(~(raw == np.floor(raw)), block.start)  # NaN counts as a fraction
        fractions += Place.of(np.isinf(raw), block.start)
        if fractions.count:
            return 0, 0, fractions, Place()
    low, high = int(raw.min()) - block.label_offset, int(raw.max()) - block.label_offset
    masked = Place()
    if low >= 0 and high < z.shape[1]:
        target = z[np.arange(len(z)), as_labels(raw, block.label_offset)]
        masked = Place.of(target <= 0 if block.scores == "probabilities" else np.isneginf(target),
                          block.start)  # fmt: skip
    return low, high, fractions, masked


def raise_if_bad(
    found: Findings,
    n_classes: int,
    scores: str | None,
    dtype: np.dtype[Any],
    label_offset: int,
    logits_name: str,
    labels_name: str,
) -> tuple[str, ...]:
    """Raise InputError for values that cannot be used; return warnings for those that can."""
    what = scores or "logits"
    for place, value in ((found.nan, "NaN"), (found.infinite, "+inf")):
        if place.count:
            raise InputError(
                f"{logits_name}: expected finite {what}, found {value} at row {place.row}, "
                f"column {place.column} ({place.count:,} in all)"
            )
    if found.all_masked.count:
        raise InputError(
            f"{logits_name}: row {found.all_masked.row} is -inf in every class "
            f"({found.all_masked.count:,} such rows); at least one class must be possible"
        )
    tolerance = ROW_SUM_TOLERANCE[min(8, max(2, dtype.itemsize))]
    _raise_if_wrong_scores(found, scores, tolerance, logits_name)
    if found.label_fractions.count:
        raise InputError(
            f"{labels_name}: expected whole class indices, found a value that is not whole in row "
            f"{found.label_fractions.row} ({found.label_fractions.count:,} in all)"
        )
    if found.label_low < 0 or found.label_high >= n_classes:
        raise InputError(_label_range_message(found, n_classes, label_offset, labels_name))
    if found.masked_labels.count and what != "probabilities":
        raise InputError(
            f"{logits_name}: row {found.masked_labels.row} has -inf at its own label "
            f"({found.masked_labels.count:,} such rows): the true class cannot be masked"
        )
    if found.masked_labels.count:
        return (
            f"{found.masked_labels.count:,} labels have probability 0 (underflow), read as "
            f"{np.finfo(dtype if dtype.kind == 'f' else np.float32).tiny:.3g}",
        )
    return ()


def _raise_if_wrong_scores(
    found: Findings, scores: str | None, tolerance: float, name: str
) -> None:
    if scores is None and found.sum_error <= tolerance:
        raise InputError(
            f"{name}: expected logits, found rows that are non-negative and sum to 1; "
            "pass --scores probabilities (or --scores logits to insist)"
        )
    if scores in ("probabilities", "log-probabilities") and not found.sum_error <= tolerance:
        problem = (
            "it has a value out of range"
            if np.isinf(found.sum_error)
            else f"the sum is off by {found.sum_error:.3g}"
        )
        raise InputError(
            f"{name}: expected {scores} (rows that sum to 1 within {tolerance:g}), but in row "
            f"{found.sum_row} {problem}; pass --scores logits if these are logits"
        )


def _label_range_message(found: Findings, n_classes: int, offset: int, name: str) -> str:
    low, high = found.label_low + offset, found.label_high + offset
    message = f"{name}: expected labels from {offset} to {n_classes - 1 + offset}, "
    message += f"found {low} to {high}"
    if offset == 0 and low >= 1 and high == n_classes:
        message += "; if they count from 1, pass --label-offset 1"
    elif high >= n_classes:
        message += f"; the logits have {n_classes} classes"
    return message
