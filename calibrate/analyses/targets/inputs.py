"""What labels and amounts of smoothing must look like to become training targets."""

from __future__ import annotations

import numpy as np

from calibrate.arrays import AnyArray, Index, described
from calibrate.data.columns import Column, Flat
from calibrate.data.label_checks import check_class_indices, inspect_labels
from calibrate.errors import InputError


def check_labels(labels: Column, n_classes: int, offset: int, ignored: int | None) -> Index | None:
    """The rows that count; None for all.

    Raises:
        InputError: their labels are not class indices, one per row, from ``offset`` up.
    """
    name, shape = labels.name, labels.shape
    if n_classes < 2:
        raise InputError(f"`n_classes`: expected at least 2, got {n_classes}")
    if labels.dtype.kind not in "biuf":
        raise InputError(f"{name}: expected labels as whole numbers, found dtype {labels.dtype}")
    if len(shape) != 1 and not (len(shape) == 2 and shape[1] == 1):
        raise InputError(
            f"{name}: expected one class index per row, shape (rows,), found {described(labels)}; "
            "are these the logits of a `teacher`?"
        )
    if not shape[0]:
        raise InputError(f"{name}: expected at least one label, found none")
    raw = Flat(labels, None).read(slice(0, shape[0]))
    kept = np.arange(len(raw)) if ignored is None else np.flatnonzero(raw != ignored)
    if not len(kept):
        raise InputError(f"{name}: every label is to be left out; at least one must count")
    found = inspect_labels(raw[kept], 0).moved(kept, 1)
    check_class_indices(found, n_classes, offset, name)
    return None if len(kept) == len(raw) else kept


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
        raise InputError(f"`mix`: expected the share of the teacher, from 0 to 1, got {mix:g}")
    if not labelled:
        raise InputError("`mix`: expected labels to mix the teacher with, found none")
