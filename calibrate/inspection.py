"""Look at the values of rows, block by block, before anything is computed from them.

The ``Findings`` of blocks add up, so that a verdict such as "these rows are probabilities"
is always about the whole file, never about a part of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from calibrate.batch import AnyArray, FloatArray, as_labels, smallest_probability, working_dtype
from calibrate.errors import InputError

ROW_SUM_TOLERANCE = {2: 1e-2, 4: 1e-4, 8: 1e-5}  # by bytes per score: softmax rounding, with room


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
        all_masked = Place.of(np.isneginf(z.max(axis=1)), block.start)
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
            f"labels with probability 0 (underflow), read as {smallest_probability(dtype):.3g}: "
            f"{found.masked_labels.count:,}",
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
    elif low == -100:
        message += "; leave out the rows with label -100, which marks rows to ignore"
    elif high >= n_classes:
        message += f"; the logits have {n_classes} classes"
    return message
