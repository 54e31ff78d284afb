"""One scan of values, block by block: what they look like, and whether they can be used.

The states of blocks add up, so that a verdict such as "these rows are probabilities" is always
about the whole file, never about a part of it. Nothing is raised before all values are known.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import inf
from typing import Any

import numpy as np

from calibrate.arrays import AnyArray, FloatArray, Index
from calibrate.blocks.passes import rows_per_block
from calibrate.blocks.scores import Zeros, working_dtype
from calibrate.blocks.sums import GREATEST, LEAST, NO_ERROR, NOWHERE, FirstSeen, Sums, Worst
from calibrate.data.column import Flat
from calibrate.data.confidences import NOT_SAID, Ends, Said, check_confidences, check_order
from calibrate.data.layout import Layout, Selection
from calibrate.data.reading import Reading
from calibrate.data.row_digests import NO_ROWS, Smallest, digests_of
from calibrate.errors import InputError
from calibrate.tasks import Task

ROW_SUM_TOLERANCE = {2: 1e-2, 4: 1e-4, 8: 1e-5}  # by bytes per score: softmax rounding, with room
SUM_TOLERANCE = 1e-3  # of soft labels: votes and float16 teachers are rounded
MOST_SCORE = 1e300  # of labelled rows: sums of scores stay finite, and so does the NLL
HUGE = 1e15  # beyond, no number of a class is written out
MOST_DIFFERENT = 1 << 16  # values that are counted one by one
FEW = 1 << 10  # values that tell most arrays of fractions


def row_sum_tolerance(dtype: np.dtype[np.generic]) -> float:
    """How far the probabilities of a row may be from summing to 1."""
    return ROW_SUM_TOLERANCE[min(8, max(2, dtype.itemsize))]


Counted = dict[Any, int]


def _added(a: Counted | None, b: Counted | None) -> Counted | None:
    if a is None or b is None:
        return None
    few, many = sorted((a, b), key=len)
    both = many | {value: many.get(value, 0) + count for value, count in few.items()}
    return both if len(both) <= MOST_DIFFERENT else None


def _tally(values: AnyArray) -> Counted | None:
    different, rows = np.unique(values, return_counts=True)
    few = len(different) <= MOST_DIFFERENT
    return dict(zip(different.tolist(), rows.tolist(), strict=True)) if few else None


@dataclass(frozen=True)
class Scan(Sums):
    """What the values of a block, or of all blocks added up, look like.

    Attributes:
        n: how many.
        low, high, least: the smallest, the largest and the smallest positive finite one.
        nan, infinite, masked, huge: NaN, +inf, -inf, finite ones above ``MOST_SCORE``.
        all_masked: rows that are -inf throughout.
        fractions: values that are not whole; of scores some of them.
        many: of labels, rows of several whole numbers that do not sum to 1, as in multi-label data.
        sum_error: how far a row is from summing to 1; of scores inf where one is out of [0, 1].
        log_error: the same of their exponentials; inf where a value is above 0.
        tally: how often each whole number or text is there, of arrays of which nothing is known;
            None: they are too many, or not whole.
    """

    n: int = 0
    low: float = field(default=inf, metadata=LEAST)
    high: float = field(default=-inf, metadata=GREATEST)
    least: float = field(default=inf, metadata=LEAST)
    nan: FirstSeen = NOWHERE
    infinite: FirstSeen = NOWHERE
    masked: FirstSeen = NOWHERE
    huge: FirstSeen = NOWHERE
    all_masked: FirstSeen = NOWHERE
    fractions: FirstSeen = NOWHERE
    many: FirstSeen = NOWHERE
    sum_error: Worst = NO_ERROR
    log_error: Worst = NO_ERROR
    tally: Counted | None = field(default_factory=dict, metadata={"merge": _added})

    @property
    def lowest(self) -> float:
        """The smallest value, which may be -inf."""
        return -inf if self.masked.count else self.low

    @property
    def magnitude(self) -> float:
        """The largest absolute value."""
        return max(abs(self.lowest), abs(self.high))

    @property
    def unusable(self) -> FirstSeen:
        """NaN and infinities."""
        each = [seen for seen in (self.nan, self.infinite, self.masked) if seen.count]
        first = min(each, key=lambda seen: (seen.row, seen.column), default=NOWHERE)
        return replace(first, count=sum(seen.count for seen in each))

    @property
    def hard(self) -> bool:
        """Whether every label is one class: indices, one-hot rows, or 0 and 1."""
        return not self.fractions.count

    def error_of(self, reading: Reading) -> Worst:
        """How far a row is from summing to 1, of scores that are read so."""
        return self.log_error if reading.scores == "log-probabilities" else self.sum_error

    def moved(self, numbers: Index | None, per_row: int) -> Scan:
        """The same with places in the numbering of the file, with ``per_row`` decisions a row."""
        places = {
            name: getattr(self, name).moved(numbers, per_row)
            for name, value in vars(self).items()
            if isinstance(value, (FirstSeen, Worst))
        }
        return replace(self, **places)


def _scan(raw: AnyArray, start: int) -> tuple[AnyArray, Scan]:
    """Numbers as such that can be worked with, and what a scan of any finds in them: how many,
    their range, and what is not finite.
    """
    values = raw.view(np.uint8) if raw.dtype.kind == "b" else raw
    native = values.dtype.newbyteorder("=")
    z = np.ascontiguousarray(values, np.float32 if native == np.float16 else native)
    low, high = float(z.min()), float(z.max())  # nan if there is one
    found = Scan(z.size, low, high)
    if not (np.isfinite(low) and np.isfinite(high)):
        finite = z[np.isfinite(z)]
        found = Scan(
            z.size,
            float(finite.min(initial=inf)),
            float(finite.max(initial=-inf)),
            nan=FirstSeen.in_mask(np.isnan(z), start),
            infinite=FirstSeen.in_mask(np.isposinf(z), start),
            masked=FirstSeen.in_mask(np.isneginf(z), start),
        )
    return z, found


def scan_labels(raw: AnyArray, start: int = 0) -> Scan:
    """Scan ``(n,)`` class indices or shares of yes, or ``(n, K)`` shares, from row ``start`` on."""
    z, found = _scan(raw, start)
    if found.unusable.count:
        return found
    fractions = NOWHERE
    if z.dtype.kind == "f":
        fractions = FirstSeen.in_mask(z != np.floor(z), start)
    if z.ndim == 1:
        return replace(found, fractions=fractions)
    errors = np.abs(z.sum(axis=1, dtype=np.float64) - 1)
    whole = (z == np.floor(z)).all(axis=1) if fractions.count else np.ones(len(z), bool)
    many = FirstSeen.in_mask(whole & (errors > SUM_TOLERANCE), start)
    return replace(found, fractions=fractions, many=many, sum_error=_worst(errors, start))


def scan_scores(raw: AnyArray, start: int = 0, scores: str | None = None) -> Scan:
    """Scan ``(n, K)`` or ``(n,)`` scores from row ``start`` on, which are said to be of a kind."""
    z, found = _scan(raw.astype(working_dtype(raw.dtype), copy=False), start)
    tolerance, low, high = row_sum_tolerance(raw.dtype), found.lowest, found.high
    least, huge, all_masked = low, NOWHERE, NOWHERE
    if found.infinite.count:
        high = inf
    if low == 0:
        positive = z[z > 0]
        least = float(positive.min()) if positive.size else inf
    if not (low >= -MOST_SCORE and high <= MOST_SCORE):
        huge = FirstSeen.in_mask((z > most_score(z.dtype)) & ~np.isposinf(z), start)
        if found.masked.count and z.ndim == 2:
            all_masked = FirstSeen.in_mask(np.isneginf(z.max(axis=1)), start)
    sum_error = log_error = Worst(inf, start)
    if scores == "log-probabilities":
        log_error = _log_error(z, high, tolerance, start)
    elif low >= 0 and high <= 1 + tolerance:
        sum_error = _sum_error(z, start)
    elif scores == "probabilities":
        per_row = z.reshape(len(z), -1)
        wrong = ((per_row < 0) | (per_row > 1 + tolerance)).any(axis=1)
        sum_error = Worst(inf, start + int(wrong.argmax()))
    return replace(
        found,
        least=least,
        huge=huge,
        all_masked=all_masked,
        sum_error=sum_error,
        log_error=log_error,
    )


def scan_any(raw: AnyArray) -> Scan:
    """Scan ``(n,)`` or ``(n, K)`` values of which nothing is known: numbers or texts."""
    if raw.dtype.kind in "US":
        return Scan(raw.size, tally=_tally(raw))
    z, found = _scan(raw, 0)
    tolerance, unusable = row_sum_tolerance(raw.dtype), found.unusable.count
    kept = (z[np.isfinite(z)] if unusable else z).reshape(-1)
    fractions = z.dtype.kind == "f" and any(
        bool((some != np.floor(some)).any()) for some in (kept[:FEW], kept)
    )
    sum_error = log_error = Worst(inf)
    if found.lowest >= 0 and found.high <= 1 + tolerance and not unusable:
        sum_error = _sum_error(z, 0)
    elif z.dtype.kind == "f" and z.ndim == 2 and unusable == found.masked.count:
        log_error = _log_error(z, found.high, tolerance, 0)
    counted = z.ndim == 1 or z.shape[1] == 1 or z.dtype.kind in "iu"  # not rows of scores
    tally: Counted | None = None if fractions else {}
    if counted and not fractions:
        tally = _tally(kept)
    return replace(
        found,
        fractions=FirstSeen(int(fractions)),
        sum_error=sum_error,
        log_error=log_error,
        tally=tally,
    )


def _worst(errors: FloatArray, start: int) -> Worst:
    worst = int(errors.argmax())
    return Worst(float(errors[worst]), start + worst)


def _sum_error(z: AnyArray, start: int) -> Worst:
    """The row that is farthest from summing to 1; a single number is one of yes and no."""
    if z.ndim == 1:
        return Worst(0.0, start)
    return _worst(np.abs(z.sum(axis=1, dtype=np.float64) - 1), start)


def _log_error(z: AnyArray, high: float, tolerance: float, start: int) -> Worst:
    """The same of the exponentials."""
    if high > tolerance:
        return Worst(inf, start + int(z.reshape(len(z), -1).max(axis=1).argmax()))
    if z.ndim == 1:
        return Worst(0.0, start)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        return _worst(np.abs(np.exp(z).sum(axis=1, dtype=np.float64) - 1), start)


NO_SCAN = Scan()


# Scores with their labels.


@dataclass(frozen=True)
class Findings(Sums):
    """What rows look like.

    Attributes:
        scores, labels: each on its own.
        ruled_out: labels whose class has the score -inf, or the probability 0.
        precise: whether rows that do not quite sum to 1 have more digits than half precision.
        digests: of the rows with labels.
        said: how confidences in answers were said.
    """

    scores: Scan
    labels: Scan = NO_SCAN
    ruled_out: FirstSeen = NOWHERE
    precise: bool = field(default=False, metadata=GREATEST)
    digests: Smallest = NO_ROWS
    said: Said = NOT_SAID

    def in_file(self, selection: Selection, per_row: int) -> Findings:
        """The same with places in the numbering of the file, with ``per_row`` decisions a row."""
        numbers = selection.numbers
        return replace(
            self,
            scores=self.scores.moved(numbers, per_row),
            labels=self.labels.moved(numbers, per_row),
            ruled_out=self.ruled_out.moved(numbers, per_row),
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
class ScanStep:
    """The step that looks at the values of a block."""

    reading: Reading

    def __call__(self, block: RawBlock) -> Findings:
        z, start, offset = block.scores, block.start, self.reading.label_offset
        scores = scan_scores(z, start, self.reading.scores)
        wrong = row_sum_tolerance(z.dtype) < scores.error_of(self.reading).value < inf
        found = Findings(
            scores,
            precise=wrong and not in_half_precision(z),
            said=Said.of(z, start) if self.reading.of_answers else NOT_SAID,
        )
        if block.labels is None:
            return found
        shift = offset if z.ndim == 1 else 0  # of yes and no
        labels = scan_labels(
            block.labels.astype(np.float64) - shift if shift else block.labels, start
        )
        return replace(
            found,
            labels=labels,
            ruled_out=self._ruled_out(z, labels, block.labels, start),
            digests=Smallest.of(digests_of(z, block.labels, offset)),
        )

    def _ruled_out(self, z: AnyArray, found: Scan, raw: AnyArray, start: int) -> FirstSeen:
        """Labels whose class the scores rule out: by -inf, or the lowest number of float64."""
        probabilities = self.reading.scores == "probabilities"
        if found.unusable.count:
            return NOWHERE
        least = 0.0 if probabilities else -most_score(z.dtype)
        if z.ndim == 1:
            certain = (z >= 1) & (raw < 1) if probabilities else np.zeros(len(z), bool)
            return FirstSeen.in_mask(((z <= least) & (raw > 0)) | certain, start)
        if raw.ndim == 2:
            return FirstSeen.in_mask((z <= least) & (raw > 0), start)
        index = raw.astype(np.float64) - self.reading.label_offset
        if found.fractions.count or index.min() < 0 or index.max() >= z.shape[1]:
            return NOWHERE
        return FirstSeen.in_mask(z[np.arange(len(z)), index.astype(np.intp)] <= least, start)


def in_half_precision(values: AnyArray) -> bool:
    """Whether all were rounded to bfloat16 or float16 before they were saved as something wider."""
    single = values.astype(np.float32)
    if not np.array_equal(single, values):
        return False
    bits = np.ascontiguousarray(single).view(np.uint32)
    return not (bits & 0xFFFF).any() or np.array_equal(single.astype(np.float16), single)


def most_score(dtype: np.dtype[np.generic]) -> float:
    """``MOST_SCORE`` where a dtype holds such numbers, else infinity."""
    return MOST_SCORE if dtype.itemsize == 8 else np.inf


def raise_if_bad(
    found: Findings, rows: RawRows, layout: Layout, reading: Reading, stored: np.dtype[Any]
) -> Zeros:
    """Raise InputError for values that cannot be used; returns what zeros are read as.

    ``stored`` is the dtype of the scores as they were given.
    """
    name, what, seen = rows.scores.column.name, reading.scores or "logits", found.scores
    for place, value in ((seen.nan, "NaN"), (seen.infinite, "+inf")):
        if place.count:
            raise InputError(
                f"{name}: expected finite {what}, found {value} at row {place.row}, "
                f"column {place.column} ({place.count:,} in all)"
            )
    if seen.huge.count and what == "logits" and rows.labels is not None:
        raise InputError(
            f"{name}: expected logits of at most {MOST_SCORE:g}, found a larger one at row "
            f"{seen.huge.row}, column {seen.huge.column} ({seen.huge.count:,} in all); divide "
            "all of them by the same number, which T makes up for"
        )
    if seen.all_masked.count and reading.scores is None:
        raise InputError(
            f"{name}: row {seen.all_masked.row} is -inf in every class "
            f"({seen.all_masked.count:,} such rows); at least one class must be possible"
        )
    dtype = rows.scores.column.dtype
    tolerance = row_sum_tolerance(dtype if found.precise else np.dtype(np.float16))
    if reading.of_answers:
        check_confidences(found.said, seen.lowest, seen.high, rows.n_rows, reading, name)
    _raise_if_wrong_scores(seen.error_of(reading), tolerance, layout, reading, name)
    masked = found.ruled_out
    zeros = Zeros.reading(seen.least, stored, masked.count if what == "probabilities" else 0)
    if reading.of_answers:
        zeros = Ends.among(found.said, zeros, percent=reading.percent)
    if rows.labels is None:
        return zeros
    labels = rows.labels.column.name
    if layout.task is not Task.multiclass:
        check_yes_no(found.labels, labels)
    elif layout.shares:
        check_shares(found.labels, labels)
    else:
        check_class_indices(found.labels, layout.n_classes, reading.label_offset, labels)
    if isinstance(zeros, Ends):
        check_order(found.said, found.labels.hard, name, labels)
    if masked.count and what != "probabilities":
        value = "-inf" if seen.masked.count else f"less than {-MOST_SCORE:g}"
        raise InputError(
            f"{name}: row {masked.row} has {value} at its own label "
            f"({masked.count:,} such rows): the true class cannot be masked"
        )
    return zeros


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


# Labels.


def check_class_indices(found: Scan, n_classes: int, offset: int, name: str) -> None:
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


def check_shares(found: Scan, name: str) -> None:
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


def check_yes_no(found: Scan, name: str) -> None:
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
