"""Confidences in answers, as shares of 1, and how finely they were said."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import numpy as np

from calibrate.arrays import AnyArray, Float64, FloatArray
from calibrate.blocks.scores import Zeros
from calibrate.blocks.sums import GREATEST, NOWHERE, FirstSeen, Sums
from calibrate.data.column import Column
from calibrate.data.reading import Reading
from calibrate.errors import InputError
from calibrate.tasks import Task

FEWEST, MOST = 2, 9  # decimals: people and models say whole percents; more are no rounding
FINE = 1e-6  # how near to a whole number of last digits


ROUNDING = 1e-6  # by how much a confidence may be above 1
MEANT = {2: 3, 4: 4}  # by bytes, the decimals of a number that a small dtype cannot say exactly


def said_in(column: Column, reading: Reading) -> Column:
    """Confidences as float64 shares of 1; any other scores, and what is no number, as they are."""
    numbers = column.dtype.kind in "fiu" and column.dtype.itemsize <= 8
    if not (numbers and reading.of_answers):
        return column
    return column.map(partial(_shares, percent=reading.percent))


def _shares(raw: AnyArray, *, percent: bool) -> Float64:
    values = raw.astype(np.float64)
    if raw.dtype.kind == "f" and raw.dtype.itemsize < 8:  # 0.8 is 0.8, not 0.800000012
        meant = np.round(values, MEANT[raw.dtype.itemsize] - 2 * percent)
        with np.errstate(over="ignore"):
            values = np.where(meant.astype(raw.dtype) == raw, meant, values)
    values /= 100.0 if percent else 1.0
    values[(values > 1) & (values <= 1 + ROUNDING)] = 1.0
    return values


def shares_of(raw: AnyArray, reading: Reading) -> Float64 | None:
    """The confidence in each answer, ``(n,)``, of raw scores; None of any other task."""
    if reading.task is not Task.confidence:
        return None
    if reading.scores == "probabilities":
        return raw.astype(np.float64)
    with np.errstate(over="ignore"):
        if reading.scores == "log-probabilities":
            return np.exp(raw.astype(np.float64))
        return np.asarray(1 / (1 + np.exp(-raw.astype(np.float64))))


@dataclass(frozen=True)
class Said(Sums):
    """How the confidences of a block, or of all blocks added up, were said.

    Attributes:
        beyond: those that are no share of 1.
        small: those above 0 and below 1 %.
        between: how many are above 0 and below 1.
        zeros, ones: how many are 0, and 1.
        decimals: that the finest takes, from ``FEWEST``; ``MOST + 1`` where it takes more.
    """

    beyond: FirstSeen = NOWHERE
    small: FirstSeen = NOWHERE
    between: int = 0
    zeros: int = 0
    ones: int = 0
    decimals: int = field(default=FEWEST, metadata=GREATEST)

    @staticmethod
    def of(c: FloatArray, start: int) -> Said:
        """Look at ``(n,)`` shares of 1 whose first row is row ``start``."""
        inside = (c > 0) & (c < 1)
        return Said(
            beyond=FirstSeen.in_mask((c < 0) | (c > 1), start),
            small=FirstSeen.in_mask(inside & (c < 0.01), start),
            between=int(np.count_nonzero(inside)),
            zeros=int(np.count_nonzero(c == 0)),
            ones=int(np.count_nonzero(c == 1)),
            decimals=_decimals(c[inside]),
        )


NOT_SAID = Said()


def _decimals(c: FloatArray) -> int:
    for decimals in range(FEWEST, MOST + 1):
        digits = c * 10.0**decimals
        c = c[np.abs(digits - np.rint(digits)) > FINE]
        if not len(c):
            return decimals
    return MOST + 1


def check_confidences(
    said: Said, low: float, high: float, n_rows: int, reading: Reading, name: str
) -> None:
    """Raise InputError for confidences that are no shares of 1, or no percentages."""
    unit = 100 if reading.percent else 1
    found = f"expected confidences from 0 to {unit}, found {low * unit:g} to {high * unit:g}"
    if said.beyond.count:
        if unit == 1 and low >= 0 and high <= 100 and 2 * said.beyond.count > n_rows:
            raise InputError(f"{name}: {found}; if these are percentages, pass `percent=True`")
        some = unit == 1 and low >= 0 and high <= 100
        hint = "save all as shares of 1, or all as percentages" if some else ""
        hint = hint or 'if these are log-odds, pass `scores="logits"`'
        raise InputError(
            f"{name}: {found}, out of it first in row {said.beyond.row} ({said.beyond.count:,} in "
            f"all); {hint}"
        )
    if reading.percent and 0 < high <= 0.01:
        raise InputError(
            f"{name}: {found}, which look like shares of 1: leave `percent` out; percentages of 1 "
            "and less can be divided by 100"
        )


def like_percent(low: float, high: float, task: Task, reading: Reading) -> tuple[str, ...]:
    """What scores from ``low`` to ``high`` that are read as logits of yes may be in truth."""
    if task is not Task.binary or reading.scores is not None:
        return ()
    if not 0 <= low < high <= 100 or high <= 1:
        return ()
    return (
        f"scores of yes from {low:g} to {high:g}, none below 0: confidences in percent? then say "
        "so, with --percent or percent=True",
    )


def check_order(said: Said, labels_hard: bool, logits: str, labels: str) -> None:
    """Raise InputError where whether answers were right was given as their confidence."""
    if not said.between and not labels_hard:
        raise InputError(
            f"{logits} holds 0 and 1 only and {labels} holds shares between: the two seem to be "
            "swapped; give the confidences, then whether the answers were right"
        )


@dataclass(frozen=True)
class Ends(Zeros):
    """What confidences of exactly 0 and 100 % are read as by whoever takes their log-odds.

    A quarter of the last digit that was said from where they are: 100 % among whole percents is
    read as 99.75 %.

    Attributes:
        said: how the confidences were said.
        percent: whether as percentages.
    """

    said: Said = NOT_SAID
    percent: bool = False

    @staticmethod
    def among(said: Said, zeros: Zeros, *, percent: bool) -> Ends:
        """Of such confidences; ``zeros`` where their digits are no rounding."""
        if said.decimals > MOST:
            return Ends(zeros.read_as, zeros.short, zeros.labels, said, percent)
        quarter = 10.0**-said.decimals / 4
        return Ends(quarter, quarter, zeros.labels, said, percent)

    @property
    def warnings(self) -> tuple[str, ...]:
        found = []
        if self.labels:
            found.append(f"wrong answers said with 100 %, or right ones with 0 %: {self.labels:,}")
        if self.percent and self.said.small.count:
            small = self.said.small
            found.append(
                f"confidences above 0 and below 1 %: {small.count:,}, first in row {small.row}; "
                "are these shares of 1 among percentages?"
            )
        return tuple(found)

    @property
    def notes(self) -> tuple[str, ...]:
        share, found = 100 * (1 - self.short), []
        if self.said.ones:
            near = f"{share:.10g} %" if share < 100 else f"all but {self.short:.2g} of it"
            found.append(f"100 % as of {near}")
        if self.said.zeros:
            found.append(f"0 % as of {100 * self.read_as:.4g} %")
        return (f"log-odds of {', of '.join(found)}",) if found else ()
