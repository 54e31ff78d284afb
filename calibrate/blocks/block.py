"""Rows in memory, ready for arithmetic.

``data/layout.py`` checks dtypes and shapes, ``data/scan.py`` the values. Behind these two,
nothing is validated again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calibrate.arrays import Float64, FloatArray, Index, Labels
from calibrate.errors import InputError, check_known

SMOOTHING_OVER = ("all", "others")


@dataclass(frozen=True)
class Smoothing:
    """Label smoothing: targets ``(1 - eps) q + eps u``, u even over classes.

    Attributes:
        epsilon: in [0, 1).
        over: ``"all"``: u = 1/K for every class (Szegedy et al. 2016, PyTorch); ``"others"``: u is
            0 for the label and 1/(K-1) for the others, ``(1 - q)/(K-1)`` for a soft label.

    Raises:
        InputError: epsilon is out of range, or ``over`` is neither.
    """

    epsilon: float
    over: str = "all"

    def __post_init__(self) -> None:
        check_smoothing(self.epsilon)
        check_known("`smoothing_over`", [self.over], SMOOTHING_OVER)

    def factors(self, n_classes: int) -> tuple[float, float]:
        """a and b of the smoothed target ``a q + b`` of a class."""
        if self.over == "all":
            return 1 - self.epsilon, self.epsilon / n_classes
        rest = self.epsilon / (n_classes - 1)
        return 1 - self.epsilon - rest, rest

    def __str__(self) -> str:
        over = "all classes" if self.over == "all" else "the other classes"
        return f"{self.epsilon:g} over {over}"


def check_smoothing(amount: float, name: str = "label_smoothing") -> None:
    """Raise InputError unless an amount of label smoothing, an argument, is in [0, 1)."""
    if not 0 <= amount < 1:
        raise InputError(
            f"`{name}`: expected an amount from 0 up to, not including, 1, got {amount:g}"
        )


@dataclass(frozen=True)
class Block:
    """A block of rows.

    Attributes:
        logits: ``(n, K)`` C-ordered float32 or float64; ``-inf`` masks a class.
        labels: ``(n,)`` class indices in ``0..K-1``, ``(n, K)`` float64 shares that sum to 1, or
            None.
        weights: ``(n,)`` float64, non-negative, or None for equal weights.
        folds: ``(n,)`` the cross-fitting fold of each row, or None.
        columns: ``(n,)`` which label of a multi-label model each row is about, or None.
        units: ``(n,)`` which unit each row belongs to, as a label to its example; None where every
            row stands for itself.
        smoothing: what softens the labels further, or None.
        said: ``(n,)`` the confidence in each answer as it was said, of the task confidence: its
            decisions are always yes, the answer is right; None of other tasks.
        start: the number of the first row in its dataset.
    """

    logits: FloatArray
    labels: Labels | None = None
    weights: Float64 | None = None
    folds: npt.NDArray[np.int16] | None = None
    columns: Index | None = None
    units: Index | None = None
    smoothing: Smoothing | None = None
    said: Float64 | None = None
    start: int = 0

    def __len__(self) -> int:
        return len(self.logits)

    @property
    def weight(self) -> Float64:
        """The row weights; ones where there are none."""
        return np.ones(len(self)) if self.weights is None else self.weights

    @property
    def part(self) -> Index:
        """Which independent part of the rows each is in, ``(n,)``; see ``parts``."""
        own = self.start + np.arange(len(self)) if self.units is None else self.units
        return part_of(own)

    @property
    def target(self) -> Labels:
        """The labels.

        Raises:
            ValueError: there are none.
        """
        if self.labels is None:
            raise ValueError("these rows have no labels")
        return self.labels

    @property
    def yes(self) -> Float64:
        """Of yes-no decisions, the share of yes in each label, ``(n,)``."""
        labels = self.target
        return np.asarray(labels if labels.ndim == 1 else labels[:, 1], dtype=np.float64)

    def entries(self) -> tuple[Index, Index, Float64]:
        """Rows, classes and shares of the labels: what is not 0 in the ``(n, K)`` targets."""
        labels = self.target
        if labels.ndim == 2:
            rows, classes = np.nonzero(labels)
            return rows, classes, labels[rows, classes].astype(np.float64)
        return np.arange(len(self)), labels.astype(np.intp), np.ones(len(self))


# Independent parts of the rows: every standard error comes from the spread between them.
#
# Rows that belong together, such as the labels of one example or the tokens of one text, form a
# unit. Units are dealt out to at most ``PARTS`` parts, each whole unit to one of them; a pass adds
# up its sums by part. Whatever the rows of a unit have to do with each other, parts are
# independent, so the spread between their sums is that of the total: cluster-robust where a unit
# has many rows, the usual one where each row is a unit, and nothing has to remember where a unit
# began.
#
# Reference: Wolter (2007), Introduction to variance estimation, chapter 2 (random groups).


PARTS = 1024


def part_of(units: Index) -> Index:
    """The part of each unit, by its number from 0: the first 1 024 have one each."""
    numbers = np.asarray(units, dtype=np.uint64)
    return np.where(numbers < PARTS, numbers, hashed(numbers) % np.uint64(PARTS)).astype(np.intp)


def hashed(numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Mix the bits of numbers, as SplitMix64 does at its end (Steele et al. 2014)."""
    mixed: npt.NDArray[np.uint64] = numbers ^ (numbers >> np.uint64(30))
    mixed = mixed * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed


def sum_by_part(values: Float64, part: Index, n_parts: int = PARTS) -> Float64:
    """``(..., n)`` values summed over the rows of each part, ``(..., n_parts)``."""
    rows = values.reshape(-1, values.shape[-1])
    sums = np.empty((len(rows), n_parts))
    for one, row in zip(sums, rows, strict=True):
        one[:] = np.bincount(part, row, minlength=n_parts)
    return sums.reshape(*values.shape[:-1], n_parts)
