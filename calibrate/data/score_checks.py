"""Look at the values of rows, block by block, before anything is computed from them.

The ``Findings`` of blocks add up, so that a verdict such as "these rows are probabilities"
is always about the whole file, never about a part of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from calibrate.blocks.block import AnyArray, FloatArray, Index, smallest_probability, working_dtype
from calibrate.blocks.passes import rows_per_block
from calibrate.data.first_seen import NOWHERE, FirstSeen
from calibrate.data.label_checks import (
    NO_LABELS,
    LabelFindings,
    check_class_indices,
    check_shares,
    check_yes_no,
    inspect_labels,
)
from calibrate.errors import InputError

ROW_SUM_TOLERANCE = {2: 1e-2, 4: 1e-4, 8: 1e-5}  # by bytes per score: softmax rounding, with room


@dataclass(frozen=True)
class Findings:
    """What the values of a block, or of all blocks added up, look like."""

    low: float  # smallest and largest score; low is -inf where classes are masked
    high: float
    nan: FirstSeen = NOWHERE
    infinite: FirstSeen = NOWHERE  # +inf
    all_masked: FirstSeen = NOWHERE  # rows that are -inf throughout
    sum_error: float = np.inf  # worst |row sum of probabilities - 1|, inf if out of [0, 1]
    sum_row: int = -1
    labels: LabelFindings = NO_LABELS

    @property
    def magnitude(self) -> float:
        """The largest absolute score."""
        return max(abs(self.low), abs(self.high))

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
            labels=self.labels + other.labels,
        )


def in_the_file(found: Findings, kept: Index | None, per_row: int) -> Findings:
    """The same with places in the numbering of the file.

    ``kept`` are its rows that count, None for all; ``per_row`` how many scores of a row are
    decisions of their own.
    """
    row = found.sum_row if kept is None else int(kept[found.sum_row])
    return replace(
        found,
        nan=found.nan.moved(kept, per_row),
        infinite=found.infinite.moved(kept, per_row),
        all_masked=found.all_masked.moved(kept, per_row),
        sum_row=row // per_row,
        labels=found.labels.moved(kept, per_row),
    )


@dataclass(frozen=True)
class RawBlock:
    """Rows as they stand in the file, with the number of the first one."""

    start: int
    logits: AnyArray
    labels: AnyArray | None
    scores: str | None
    label_offset: int


@dataclass(frozen=True)
class RawRows:
    """The rows as they stand in the file, for the inspection at the door."""

    logits: AnyArray
    labels: AnyArray | None
    kept: Index | None
    scores: str | None
    label_offset: int
    on_rows: Callable[[int], None] | None

    @property
    def n_rows(self) -> int:
        return len(self.logits) if self.kept is None else len(self.kept)

    @property
    def block_rows(self) -> int:
        return rows_per_block(self.logits.shape[1] if self.logits.ndim == 2 else 1)

    def read(self, start: int, stop: int) -> RawBlock:
        if self.on_rows:
            self.on_rows(stop - start)
        rows = slice(start, stop) if self.kept is None else self.kept[start:stop]
        labels = None if self.labels is None else self.labels[rows]
        return RawBlock(start, self.logits[rows], labels, self.scores, self.label_offset)


def inspect(block: RawBlock) -> Findings:
    """Look at the values of one block; nothing is raised before all blocks are known."""
    z = np.ascontiguousarray(block.logits, dtype=working_dtype(block.logits.dtype))
    low, high = float(z.min()), float(z.max())  # nan if there is one
    nan = infinite = all_masked = NOWHERE
    if not np.isfinite(low) or not np.isfinite(high):
        nan = FirstSeen.of(np.isnan(z), block.start)
        infinite = FirstSeen.of(np.isposinf(z), block.start)
        if z.ndim == 2:
            all_masked = FirstSeen.of(np.isneginf(z.max(axis=1)), block.start)
        low, high = np.nan_to_num(low, nan=0.0, neginf=-np.inf), np.nan_to_num(high)
    sum_error, sum_row = _worst_row_sum(z, block, low, high)
    labels = NO_LABELS
    if block.labels is not None:
        yes_no = z.ndim == 1 and block.label_offset
        raw = block.labels - block.label_offset if yes_no else block.labels
        labels = inspect_labels(raw, block.start)
        labels = replace(labels, masked=_masked_labels(z, labels, block))
    return Findings(low, high, nan, infinite, all_masked, sum_error, sum_row, labels)


def _worst_row_sum(z: FloatArray, block: RawBlock, low: float, high: float) -> tuple[float, int]:
    """The row that is least like probabilities; of yes-no scores, whether all lie in [0, 1]."""
    tolerance = ROW_SUM_TOLERANCE[min(8, max(2, block.logits.dtype.itemsize))]
    per_row = z.reshape(len(z), -1)
    with np.errstate(over="ignore", invalid="ignore"):
        if block.scores == "log-probabilities":
            if high > tolerance:
                return np.inf, block.start + int(per_row.max(axis=1).argmax())
            sums = np.exp(z).sum(axis=1, dtype=np.float64) if z.ndim == 2 else np.ones(1)
        elif low < 0 or high > 1 + tolerance:
            if block.scores != "probabilities":
                return np.inf, block.start
            wrong = (per_row < 0) | (per_row > 1 + tolerance)
            return np.inf, block.start + int(wrong.any(axis=1).argmax())
        else:
            sums = z.sum(axis=1, dtype=np.float64) if z.ndim == 2 else np.ones(1)
    errors = np.abs(sums - 1)
    worst = int(errors.argmax())
    return float(errors[worst]), block.start + worst


def _masked_labels(z: FloatArray, found: LabelFindings, block: RawBlock) -> FirstSeen:
    """Labels whose class the scores rule out."""
    raw, probabilities = block.labels, block.scores == "probabilities"
    if raw is None or found.unusable.count:
        return NOWHERE

    def impossible(scores: FloatArray) -> npt.NDArray[np.bool_]:
        return np.asarray(scores <= 0 if probabilities else np.isneginf(scores))

    if z.ndim == 1:
        certain = (z >= 1) & (raw < 1) if probabilities else np.zeros(len(z), bool)
        return FirstSeen.of((impossible(z) & (raw > 0)) | certain, block.start)
    if raw.ndim == 2:
        return FirstSeen.of(impossible(z) & (raw > 0), block.start)
    index = raw.astype(np.float64) - block.label_offset
    if found.fractions.count or index.min() < 0 or index.max() >= z.shape[1]:
        return NOWHERE
    own = z[np.arange(len(z)), index.astype(np.intp)]
    return FirstSeen.of(impossible(own), block.start)


def raise_if_bad(
    found: Findings, block: RawBlock, n_classes: int, logits_name: str, labels_name: str
) -> tuple[str, ...]:
    """Raise InputError for values that cannot be used; return warnings for those that can.

    ``block`` tells what ``found`` was found in.
    """
    scores, dtype, labels = block.scores, block.logits.dtype, found.labels
    what = scores or "logits"
    for place, value in ((found.nan, "NaN"), (found.infinite, "+inf")):
        if place.count:
            raise InputError(
                f"{logits_name}: expected finite {what}, found {value} at row {place.row}, "
                f"column {place.column} ({place.count:,} in all)"
            )
    if found.all_masked.count and scores is None:
        raise InputError(
            f"{logits_name}: row {found.all_masked.row} is -inf in every class "
            f"({found.all_masked.count:,} such rows); at least one class must be possible"
        )
    tolerance = ROW_SUM_TOLERANCE[min(8, max(2, dtype.itemsize))]
    _raise_if_wrong_scores(found, scores, tolerance, logits_name, block.logits.ndim)
    if block.labels is not None:
        if block.logits.ndim == 1:
            check_yes_no(labels, labels_name)
        elif block.labels.ndim == 2:
            check_shares(labels, labels_name)
        else:
            check_class_indices(labels, n_classes, block.label_offset, labels_name)
    if labels.masked.count and what != "probabilities":
        raise InputError(
            f"{logits_name}: row {labels.masked.row} has -inf at its own label "
            f"({labels.masked.count:,} such rows): the true class cannot be masked"
        )
    if labels.masked.count:
        return (
            f"labels with probability 0 (underflow), read as {smallest_probability(dtype):.3g}: "
            f"{labels.masked.count:,}",
        )
    return ()


def _raise_if_wrong_scores(
    found: Findings, scores: str | None, tolerance: float, name: str, n_dim: int
) -> None:
    if scores is None and found.sum_error <= tolerance:
        like = "rows that are non-negative and sum to 1"
        if n_dim == 1:
            like = "values in [0, 1] only (are the files of logits and labels swapped?)"
        raise InputError(
            f"{name}: expected logits, found {like}; "
            "pass --scores probabilities (or --scores logits to insist)"
        )
    what = f"rows that sum to 1 within {tolerance:g}" if n_dim == 2 else "of yes, from 0 to 1"
    if scores in ("probabilities", "log-probabilities") and not found.sum_error <= tolerance:
        problem = (
            "it has a value out of range"
            if np.isinf(found.sum_error)
            else f"the sum is off by {found.sum_error:.3g}"
        )
        raise InputError(
            f"{name}: expected {scores} ({what}), but in row "
            f"{found.sum_row} {problem}; pass --scores logits if these are logits"
        )
