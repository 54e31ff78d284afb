"""Look at the values of labels: class indices, shares of classes, or yes and no."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from calibrate.arrays import AnyArray, Index
from calibrate.blocks.sums import GREATEST, LEAST, Sums
from calibrate.data.first_seen import NO_ERROR, NOWHERE, FirstSeen, Worst
from calibrate.errors import InputError

HUGE = 1e15  # beyond, no number of a class is written out
SUM_TOLERANCE = 1e-3  # of soft labels: votes and float16 teachers are rounded


@dataclass(frozen=True)
class LabelFindings(Sums):
    """What the labels of a block, or of all blocks added up, look like.

    Attributes:
        low, high: the smallest and largest value.
        unusable: NaN and infinite ones.
        fractions: values that are not whole.
        many: rows of several whole numbers that do not sum to 1, as in multi-label data.
        sum_error: how far the shares of a row are from summing to 1.
        masked: labels whose class has the score -inf, or the probability 0.
    """

    low: float = field(default=np.inf, metadata=LEAST)
    high: float = field(default=-np.inf, metadata=GREATEST)
    unusable: FirstSeen = NOWHERE
    fractions: FirstSeen = NOWHERE
    many: FirstSeen = NOWHERE
    sum_error: Worst = NO_ERROR
    masked: FirstSeen = NOWHERE

    def moved(self, numbers: Index | None, per_row: int) -> LabelFindings:
        """The same with places in the numbering of the file."""
        return replace(
            self,
            unusable=self.unusable.moved(numbers, per_row),
            fractions=self.fractions.moved(numbers, per_row),
            many=self.many.moved(numbers, per_row),
            sum_error=self.sum_error.moved(numbers, per_row),
            masked=self.masked.moved(numbers, per_row),
        )

    @property
    def hard(self) -> bool:
        """Whether every label is one class: indices, one-hot rows, or 0 and 1."""
        return not self.fractions.count


NO_LABELS = LabelFindings()


def inspect_labels(raw: AnyArray, start: int) -> LabelFindings:
    """Look at ``(n,)`` or ``(n, K)`` labels whose first row is row ``start``."""
    unusable = fractions = NOWHERE
    if raw.dtype.kind == "f":
        unusable = FirstSeen.of(~np.isfinite(raw), start)
        if unusable.count:
            return LabelFindings(unusable=unusable)
        fractions = FirstSeen.of(raw != np.floor(raw), start)
    low, high = float(raw.min()), float(raw.max())
    if raw.ndim == 1:
        return LabelFindings(low, high, fractions=fractions)
    errors = np.abs(raw.sum(axis=1, dtype=np.float64) - 1)
    worst = int(errors.argmax())
    whole = (raw == np.floor(raw)).all(axis=1) if fractions.count else np.ones(len(raw), bool)
    return LabelFindings(
        low,
        high,
        fractions=fractions,
        many=FirstSeen.of(whole & (errors > SUM_TOLERANCE), start),
        sum_error=Worst(float(errors[worst]), start + worst),
    )


def check_class_indices(found: LabelFindings, n_classes: int, offset: int, name: str) -> None:
    """Raise InputError unless these are class indices ``offset .. offset + K - 1``."""
    for place in (found.unusable, found.fractions):
        if place.count:
            raise InputError(
                f"{name}: expected whole class indices, found a value that is not whole in row "
                f"{place.row} ({place.count:,} in all)"
            )
    if not abs(found.low) + abs(found.high) < HUGE:
        raise InputError(
            f"{name}: expected labels from {offset} to {n_classes - 1 + offset}, found "
            f"{found.low:g} to {found.high:g}"
        )
    low, high = int(found.low), int(found.high)
    if low < offset or high >= n_classes + offset:
        raise InputError(
            f"{name}: expected labels from {offset} to {n_classes - 1 + offset}, found {low} to "
            f"{high}{_range_hint(low, high, n_classes, offset)}"
        )


def _range_hint(low: int, high: int, n_classes: int, offset: int) -> str:
    """What such labels may be, as the end of a message."""
    if offset == 0 and low >= 1 and high == n_classes:
        return "; if they count from 1, pass `label_offset=1`"
    if low == -1 and high == 1 and n_classes == 2:
        return (
            "; if these are no and yes, save (labels + 1) // 2; if -1 marks rows to leave out, "
            "pass `ignore_label=-1`"
        )
    if low in (-1, -100, -255):
        return (
            f"; if {low} marks rows to leave out, pass `ignore_label={low}`, or leave them out of "
            "both files"
        )
    if high >= n_classes and high == 255:
        return "; if 255 marks rows to leave out, pass `ignore_label=255`"
    return f"; there are {n_classes:,} classes" if high >= n_classes else ""


def check_shares(found: LabelFindings, name: str) -> None:
    """Raise InputError unless these are shares of classes: from 0 up, summing to 1 in each row."""
    if found.unusable.count:
        raise InputError(
            f"{name}: expected shares of classes, found NaN or infinity in row "
            f"{found.unusable.row}, column {found.unusable.column} ({found.unusable.count:,} in "
            'all); for multi-label data pass `task="multilabel"`'
        )
    if found.many.count and found.low >= 0 and found.high <= 1:
        raise InputError(
            f"{name}: expected one class per row, but row {found.many.row} has none or several "
            f'({found.many.count:,} such rows); pass `task="multilabel"` if each column is a label '
            'of its own, `task="binary"` if each score is a yes or no'
        )
    if found.low < 0:
        raise InputError(
            f"{name}: expected shares of classes from 0 to 1, found {found.low:g}; "
            "negative shares cannot be labels"
        )
    if found.sum_error.value > SUM_TOLERANCE:
        raise InputError(
            f"{name}: expected shares of classes that sum to 1 in every row, but in row "
            f"{found.sum_error.row} the sum is off by {found.sum_error.value:.3g}; divide votes by "
            "their number"
        )


def check_yes_no(found: LabelFindings, name: str) -> None:
    """Raise InputError unless these are 0 and 1, or shares of yes between."""
    if found.unusable.count:
        raise InputError(
            f"{name}: expected labels 0 and 1, found NaN or infinity in row {found.unusable.row} "
            f"({found.unusable.count:,} in all)"
        )
    if found.low >= 0 and found.high <= 1:
        return
    message = f"{name}: expected labels 0 and 1 (or shares between), "
    message += f"found {found.low:g} to {found.high:g}"
    if found.low == -1 and found.high == 1:
        message += "; if these are no and yes, save (labels + 1) / 2; if -1 marks rows to leave "
        message += "out, pass `ignore_label=-1`"
    elif found.hard and (found.low < 0 or found.high == 255):
        mark = found.low if found.low < 0 else found.high
        message += f"; if {mark:g} marks rows to leave out, pass `ignore_label={mark:g}`"
    elif found.hard:
        message += "; these scores are read as a yes or no each (binary or multi-label)"
    else:
        message += "; are the files of logits and labels swapped?"
    raise InputError(message)
