"""How near to 1 the probabilities of a row have to sum, by the precision they were saved in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from calibrate.arrays import AnyArray, FloatArray
from calibrate.blocks.passes import rows_per_block
from calibrate.blocks.scores import Zeros, working_dtype
from calibrate.blocks.sums import GREATEST, LEAST, NO_SUM, NOWHERE, FirstSeen, Sums, Worst
from calibrate.data.column import Flat
from calibrate.data.confidences import NOT_SAID, Ends, Said, check_confidences, check_order
from calibrate.data.labels import (
    NO_LABELS,
    LabelFindings,
    check_class_indices,
    check_shares,
    check_yes_no,
    inspect_labels,
)
from calibrate.data.layout import Layout, Selection
from calibrate.data.reading import Reading
from calibrate.data.row_digests import NO_ROWS, Smallest, digests_of
from calibrate.errors import InputError
from calibrate.tasks import Task

ROW_SUM_TOLERANCE = {2: 1e-2, 4: 1e-4, 8: 1e-5}  # by bytes per score: softmax rounding, with room


def in_half_precision(values: FloatArray) -> bool:
    """Whether all were rounded to bfloat16 or float16 before they were saved as something wider."""
    single = values.astype(np.float32)
    if not np.array_equal(single, values):
        return False
    bits = np.ascontiguousarray(single).view(np.uint32)
    return not (bits & 0xFFFF).any() or np.array_equal(single.astype(np.float16), single)


def row_sum_tolerance(dtype: np.dtype[np.generic]) -> float:
    """How far the probabilities of a row may be from summing to 1."""
    return ROW_SUM_TOLERANCE[min(8, max(2, dtype.itemsize))]


# Look at the values of rows, block by block, before anything is computed from them.
#
# The ``Findings`` of blocks add up, so that a verdict such as "these rows are probabilities"
# is always about the whole file, never about a part of it.


MOST_SCORE = 1e300  # of labelled rows: sums of scores stay finite, and so does the NLL


@dataclass(frozen=True)
class Findings(Sums):
    """What the values of a block, or of all blocks added up, look like.

    Attributes:
        low, high: the smallest and largest score; low is -inf where classes are masked.
        least: the smallest positive score.
        nan, infinite, huge: NaN, +inf, finite ones above ``MOST_SCORE``.
        all_masked: rows that are -inf throughout.
        sum_error: how far a row of probabilities is from summing to 1, inf if out of [0, 1].
        precise: whether rows that do not quite sum to 1 have more digits than half precision.
        labels: what their labels look like.
        digests: of the rows with labels.
        said: how confidences in answers were said.
    """

    low: float = field(metadata=LEAST)
    high: float = field(metadata=GREATEST)
    least: float = field(metadata=LEAST)
    nan: FirstSeen = NOWHERE
    infinite: FirstSeen = NOWHERE
    huge: FirstSeen = NOWHERE
    all_masked: FirstSeen = NOWHERE
    sum_error: Worst = NO_SUM
    precise: bool = field(default=False, metadata=GREATEST)
    labels: LabelFindings = NO_LABELS
    digests: Smallest = NO_ROWS
    said: Said = NOT_SAID

    @property
    def magnitude(self) -> float:
        """The largest absolute score."""
        return max(abs(self.low), abs(self.high))

    def in_file(self, selection: Selection, per_row: int) -> Findings:
        """The same with places in the numbering of the file, with ``per_row`` decisions a row."""
        numbers = selection.numbers
        return replace(
            self,
            nan=self.nan.moved(numbers, per_row),
            infinite=self.infinite.moved(numbers, per_row),
            huge=self.huge.moved(numbers, per_row),
            all_masked=self.all_masked.moved(numbers, per_row),
            sum_error=self.sum_error.moved(numbers, per_row),
            labels=self.labels.moved(numbers, per_row),
        )


@dataclass(frozen=True)
class RawBlock:
    """Rows as they stand in the file, with the number of the first one."""

    start: int
    scores: AnyArray
    labels: AnyArray | None


@dataclass(frozen=True)
class RawRows:
    """The rows as they stand in the file."""

    scores: Flat
    labels: Flat | None
    selection: Selection

    @property
    def n_rows(self) -> int:
        return self.selection.n_rows

    @property
    def block_rows(self) -> int:
        return rows_per_block(self.scores.width or 1)

    def read(self, start: int, stop: int) -> RawBlock:
        rows = self.selection.in_columns(slice(start, stop))
        labels = None if self.labels is None else self.labels.read(rows)
        return RawBlock(start, self.scores.read(rows), labels)


@dataclass(frozen=True)
class Inspection:
    """The step that looks at the values of a block; nothing is raised before all are known."""

    reading: Reading

    def __call__(self, block: RawBlock) -> Findings:
        z = np.ascontiguousarray(block.scores, dtype=working_dtype(block.scores.dtype))
        low, high = float(z.min()), float(z.max())  # nan if there is one
        nan = infinite = huge = all_masked = NOWHERE
        if not (low >= -MOST_SCORE and high <= MOST_SCORE):
            nan = FirstSeen.in_mask(np.isnan(z), block.start)
            infinite = FirstSeen.in_mask(np.isposinf(z), block.start)
            huge = FirstSeen.in_mask((z > most_score(z.dtype)) & ~np.isposinf(z), block.start)
            if z.ndim == 2:
                all_masked = FirstSeen.in_mask(np.isneginf(z.max(axis=1)), block.start)
            low, high = np.nan_to_num(low, nan=0.0, neginf=-np.inf), np.nan_to_num(high)
        sum_error = self._worst_row_sum(z, block, low, high)
        wrong = row_sum_tolerance(z.dtype) < sum_error.value < np.inf
        labels, digests = NO_LABELS, NO_ROWS
        if block.labels is not None:
            offset = self.reading.label_offset if z.ndim == 1 else 0  # of yes and no
            own = block.labels.astype(np.float64) - offset if offset else block.labels
            labels = inspect_labels(own, block.start)
            digests = Smallest.of(digests_of(block.scores, block.labels, self.reading.label_offset))
            labels = replace(labels, masked=self._masked_labels(z, labels, block))
        said = NOT_SAID
        if self.reading.of_answers:
            said = Said.of(z, block.start)
        least = low
        if low == 0:
            least = float(z.min(where=z > 0, initial=np.inf))
        precise = wrong and not in_half_precision(z)
        return Findings(
            low,
            high,
            least,
            nan,
            infinite,
            huge,
            all_masked,
            sum_error,
            precise,
            labels,
            digests,
            said,
        )

    def _worst_row_sum(self, z: FloatArray, block: RawBlock, low: float, high: float) -> Worst:
        """The row that is least like probabilities; of yes-no scores, whether all lie in [0, 1]."""
        tolerance = row_sum_tolerance(block.scores.dtype)
        per_row = z.reshape(len(z), -1)
        with np.errstate(over="ignore", invalid="ignore"):
            if self.reading.scores == "log-probabilities":
                if high > tolerance:
                    return Worst(np.inf, block.start + int(per_row.max(axis=1).argmax()))
                sums = np.exp(z).sum(axis=1, dtype=np.float64) if z.ndim == 2 else np.ones(1)
            elif low < 0 or high > 1 + tolerance:
                if self.reading.scores != "probabilities":
                    return Worst(np.inf, block.start)
                wrong = (per_row < 0) | (per_row > 1 + tolerance)
                return Worst(np.inf, block.start + int(wrong.any(axis=1).argmax()))
            else:
                sums = z.sum(axis=1, dtype=np.float64) if z.ndim == 2 else np.ones(1)
        errors = np.abs(sums - 1)
        worst = int(errors.argmax())
        return Worst(float(errors[worst]), block.start + worst)

    def _masked_labels(self, z: FloatArray, found: LabelFindings, block: RawBlock) -> FirstSeen:
        """Labels whose class the scores rule out."""
        raw, probabilities = block.labels, self.reading.scores == "probabilities"
        if raw is None or found.unusable.count:
            return NOWHERE

        def impossible(scores: FloatArray) -> AnyArray:
            return np.asarray(scores <= 0 if probabilities else _ruled_out(scores))

        if z.ndim == 1:
            certain = (z >= 1) & (raw < 1) if probabilities else np.zeros(len(z), bool)
            return FirstSeen.in_mask((impossible(z) & (raw > 0)) | certain, block.start)
        if raw.ndim == 2:
            return FirstSeen.in_mask(impossible(z) & (raw > 0), block.start)
        index = raw.astype(np.float64) - self.reading.label_offset
        if found.fractions.count or index.min() < 0 or index.max() >= z.shape[1]:
            return NOWHERE
        own = z[np.arange(len(z)), index.astype(np.intp)]
        return FirstSeen.in_mask(impossible(own), block.start)


def most_score(dtype: np.dtype[np.generic]) -> float:
    """``MOST_SCORE`` where a dtype holds such numbers, else infinity."""
    return MOST_SCORE if dtype.itemsize == 8 else np.inf


def _ruled_out(scores: FloatArray) -> AnyArray:
    """Where a score rules out its class: -inf, or the lowest number of float64 in its place."""
    return np.asarray(scores <= -most_score(scores.dtype))


def raise_if_bad(
    found: Findings, rows: RawRows, layout: Layout, reading: Reading, stored: np.dtype[Any]
) -> Zeros:
    """Raise InputError for values that cannot be used; returns what zeros are read as.

    ``stored`` is the dtype of the scores as they were given.
    """
    name, what = rows.scores.column.name, reading.scores or "logits"
    for place, value in ((found.nan, "NaN"), (found.infinite, "+inf")):
        if place.count:
            raise InputError(
                f"{name}: expected finite {what}, found {value} at row {place.row}, "
                f"column {place.column} ({place.count:,} in all)"
            )
    if found.huge.count and what == "logits" and rows.labels is not None:
        raise InputError(
            f"{name}: expected logits of at most {MOST_SCORE:g}, found a larger one at row "
            f"{found.huge.row}, column {found.huge.column} ({found.huge.count:,} in all); divide "
            "all of them by the same number, which T makes up for"
        )
    if found.all_masked.count and reading.scores is None:
        raise InputError(
            f"{name}: row {found.all_masked.row} is -inf in every class "
            f"({found.all_masked.count:,} such rows); at least one class must be possible"
        )
    dtype = rows.scores.column.dtype
    tolerance = row_sum_tolerance(dtype if found.precise else np.dtype(np.float16))
    if reading.of_answers:
        check_confidences(found.said, found.low, found.high, rows.n_rows, reading, name)
    _raise_if_wrong_scores(found.sum_error, tolerance, layout, reading, name)
    masked = found.labels.masked
    zeros = Zeros.reading(found.least, stored, masked.count if what == "probabilities" else 0)
    if reading.of_answers:
        zeros = Ends.among(found.said, zeros, percent=reading.percent)
    if rows.labels is None:
        return zeros
    _raise_if_bad_labels(found.labels, layout, reading, rows.labels.column.name)
    if isinstance(zeros, Ends):
        check_order(found.said, found.labels.hard, name, rows.labels.column.name)
    if masked.count and what != "probabilities":
        value = "-inf" if np.isneginf(found.low) else f"less than {-MOST_SCORE:g}"
        raise InputError(
            f"{name}: row {masked.row} has {value} at its own label "
            f"({masked.count:,} such rows): the true class cannot be masked"
        )
    return zeros


def _raise_if_bad_labels(found: LabelFindings, layout: Layout, reading: Reading, name: str) -> None:
    if layout.task is not Task.multiclass:
        check_yes_no(found, name)
    elif layout.shares:
        check_shares(found, name)
    else:
        check_class_indices(found, layout.n_classes, reading.label_offset, name)


def _raise_if_wrong_scores(
    worst: Worst, tolerance: float, layout: Layout, reading: Reading, name: str
) -> None:
    scores, yes_no = reading.scores, layout.task is not Task.multiclass
    if scores is None and worst.value <= tolerance:
        like = "rows that are non-negative and sum to 1"
        if yes_no:
            like = "values in [0, 1] only (are the files of logits and labels swapped?)"
        answers = ', `task="confidence"` for confidences in answers' if yes_no else ""
        raise InputError(
            f"{name}: expected logits, found {like}; "
            f'pass `scores="probabilities"`{answers} (or `scores="logits"` to insist)'
        )
    if scores in ("probabilities", "log-probabilities") and not worst.value <= tolerance:
        what, problem = "rows that sum to 1", "it has a value out of range"
        if np.isfinite(worst.value):
            what, problem = f"{what} within {tolerance:g}", f"the sum is off by {worst.value:.3g}"
        what = "of yes, from 0 to 1" if yes_no else what
        raise InputError(
            f"{name}: expected {scores} ({what}), but in row {worst.row} {problem}; "
            'pass `scores="logits"` if these are logits'
        )
