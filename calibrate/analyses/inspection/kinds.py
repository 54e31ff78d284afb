"""What an array looks like: from its shape, its dtype and what one look at its values gave."""

from __future__ import annotations

from heapq import nsmallest
from math import inf

from calibrate.analyses.inspection.values import TEXT, Tally, Values
from calibrate.arrays import Shaped
from calibrate.data.label_checks import HUGE, SUM_TOLERANCE
from calibrate.data.readers.decimals import is_number
from calibrate.data.row_sums import row_sum_tolerance
from calibrate.results.inspection import ArrayFound, Count, Counts, Kind
from calibrate.results.json import LARGEST

MOST_SHOWN = 10  # values that are listed
MANY = 100  # rows among which classes come back
SCORES = (Kind.logits, Kind.probabilities, Kind.log_probabilities, Kind.chances)
LABELS = (Kind.classes, Kind.yes_no, Kind.one_hot, Kind.names)


def with_values(found: ArrayFound, array: Shaped, values: Values) -> ArrayFound:
    """An array with what its values look like."""
    text = array.dtype.kind in TEXT
    numbers = _numbers(values.tally) if text else None
    low, high, tally = values.low, values.high, values.tally
    if numbers is not None and numbers.counts:
        low, high, tally = min(numbers.counts), max(numbers.counts), numbers
    kind = Kind.names
    if not text:
        kind = kind_of(array, values)
    elif numbers is not None:
        kind = _of_single(Values(low=low, high=high, fractions=_fractions(numbers)))
    if kind is Kind.classes and _mostly_different(tally, values.n):
        kind = Kind.whole
    n = max(1, values.n)
    some = low <= high
    return ArrayFound(
        found.key,
        array.shape,
        "numbers" if numbers is not None and kind is not Kind.names else found.dtype,
        kind,
        _bounded(low) if some else None,
        _bounded(high) if some else None,
        values.nan / n,
        values.infinite / n,
        values.masked / n,
        values.sum_error if values.sum_error < inf and not text else None,
        _counts(tally) if kind in (*LABELS, Kind.whole) else None,
    )


def _bounded(value: float) -> float:
    """As JSON may hold it."""
    return max(-LARGEST, min(LARGEST, value))


def _mostly_different(tally: Tally, n: int) -> bool:
    """Whether values are numbers of rows, say, rather than of classes."""
    return tally.counts is None or (n >= MANY and 2 * len(tally.counts) > n)


def kind_of(array: Shaped, values: Values) -> Kind:
    """What numbers look like."""
    shape = array.shape
    if len(shape) == 1 or shape[-1] == 1:
        return _of_single(values, exact=array.dtype.kind != "f")
    inside = values.sum_error < inf
    tolerance = row_sum_tolerance(array.dtype)
    if not values.fractions and array.dtype.kind in "biu":
        if values.low >= 0 and values.high <= 1:
            return Kind.one_hot if not values.sum_error else Kind.yes_no
        return Kind.whole
    if not values.fractions and inside:
        return Kind.one_hot if not values.sum_error else Kind.yes_no
    if inside:
        return Kind.probabilities if values.sum_error <= tolerance else Kind.chances
    if values.log_error <= tolerance:
        return Kind.log_probabilities
    return Kind.logits


def _of_single(values: Values, *, exact: bool = False) -> Kind:
    """Of one number per row; ``exact``: of integers, which are no scores."""
    if values.low > values.high:
        return Kind.nothing
    if not values.fractions and (exact or max(-values.low, values.high) < HUGE):
        return Kind.yes_no if values.low >= 0 and values.high <= 1 else Kind.classes
    inside = values.low >= 0 and values.high <= 1 + SUM_TOLERANCE
    return Kind.chances if inside else Kind.logits


def _numbers(tally: Tally) -> Tally | None:
    """Texts as the numbers that they are; None where some are none."""
    if not tally.counts or not all(is_number(str(text).strip()) for text in tally.counts):
        return None
    found: dict[float, int] = {}
    for text, rows in tally.counts.items():
        value = float(text)
        if not abs(value) < inf:
            return None
        found[value] = found.get(value, 0) + rows
    return Tally(found)


def _fractions(tally: Tally) -> int:
    return sum(value != int(value) for value in tally.counts or ())


def _counts(tally: Tally) -> Counts | None:
    if tally.counts is None:
        return Counts(None)
    if not tally.counts:
        return None
    order = sorted(tally.counts.items(), key=lambda pair: -pair[1])
    most = tuple(Count(_said(value), rows) for value, rows in order[:MOST_SHOWN])
    numbers = [pair for pair in order if isinstance(pair[0], (int, float))]
    least = tuple(Count(_said(value), rows) for value, rows in nsmallest(2, numbers))
    return Counts(len(order), most, least)


def _said(value: object) -> str:
    """A value as text: whole numbers without a point."""
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    whole = isinstance(value, float) and value == int(value)
    return str(int(value)) if isinstance(value, float) and whole else str(value)
