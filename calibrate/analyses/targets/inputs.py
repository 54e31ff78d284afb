"""What labels and amounts of smoothing must look like to become training targets."""

from __future__ import annotations

import numpy as np

from calibrate.blocks.block import AnyArray, IntArray
from calibrate.data.label_checks import inspect_labels
from calibrate.errors import InputError


def class_indices(raw: AnyArray, offset: int) -> IntArray:
    """Checked labels, ``(n,)`` or ``(n, 1)``, as ``(n,)`` int64 counted from 0."""
    indices: IntArray = raw.reshape(-1).astype(np.int64)
    return indices - offset


def check_labels(labels: AnyArray, n_classes: int, offset: int, name: str) -> None:
    """Raise InputError unless these are class indices, one per row, from ``offset`` up."""
    if n_classes < 2:
        raise InputError(f"number of classes: expected at least 2, got {n_classes}")
    if labels.dtype.kind not in "biuf":
        raise InputError(f"{name}: expected labels as whole numbers, found dtype {labels.dtype}")
    if labels.ndim != 1 and not (labels.ndim == 2 and labels.shape[1] == 1):
        raise InputError(
            f"{name}: expected one class index per row, shape (rows,), found {labels.dtype} of "
            f"shape {labels.shape}; give the logits of a teacher as --teacher"
        )
    if not len(labels):
        raise InputError(f"{name}: expected at least one label, found none")
    found = inspect_labels(labels.reshape(-1), 0)
    for place in (found.unusable, found.fractions):
        if place.count:
            raise InputError(
                f"{name}: expected whole class indices, found a value that is not whole in row "
                f"{place.row} ({place.count:,} in all)"
            )
    low, high = int(found.low), int(found.high)
    if low < offset or high >= n_classes + offset:
        raise InputError(
            f"{name}: expected labels from {offset} to {n_classes - 1 + offset}, found {low} to "
            f"{high}{_range_hint(low, high, n_classes, offset)}"
        )


def _range_hint(low: int, high: int, n_classes: int, offset: int) -> str:
    if offset == 0 and low >= 1 and high == n_classes:
        return "; if they count from 1, pass --label-offset 1"
    if low == -100:
        return "; leave out the rows with label -100, which marks rows to ignore"
    if high >= n_classes + offset:
        return f"; is {n_classes:,} the number of classes?"
    return ""


def check_amount(amount: float) -> None:
    """Raise InputError unless an amount of smoothing is in [0, 1)."""
    if not 0 <= amount < 1:
        raise InputError(f"smoothing: expected an amount from 0 up to, not including, 1, "
                         f"got {amount:g}")  # fmt: skip


def check_amounts(amounts: AnyArray, rows: int, name: str) -> None:
    """Raise InputError unless these are amounts of smoothing, one per row."""
    if amounts.dtype.kind not in "biuf":
        raise InputError(f"{name}: expected amounts as real numbers, found dtype {amounts.dtype}")
    if amounts.shape not in ((rows,), (rows, 1)):
        raise InputError(
            f"{name}: expected {rows:,} amounts of smoothing, one per label, found shape "
            f"{amounts.shape}"
        )
    bad = ~((amounts >= 0) & (amounts < 1)).reshape(-1)  # NaN is neither
    if bad.any():
        row = int(bad.argmax())
        raise InputError(
            f"{name}: expected amounts from 0 up to, not including, 1, found "
            f"{float(amounts.reshape(-1)[row]):g} in row {row} ({int(bad.sum()):,} in all)"
        )


def check_mix(mix: float | None, labelled: bool) -> None:
    """Raise InputError unless the share of the teacher is in [0, 1], and labels fill the rest."""
    if mix is None:
        return
    if not 0 <= mix <= 1:
        raise InputError(f"mix: expected the share of the teacher, from 0 to 1, got {mix:g}")
    if not labelled:
        raise InputError("mix: expected labels to mix the teacher with; pass --labels LABELS")
