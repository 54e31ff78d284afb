"""Classes and groups of rows, looked at one by one."""

from __future__ import annotations

from dataclasses import dataclass

from calibrate.printable import ShortRepr
from calibrate.results.measurement import Figures


@dataclass(frozen=True)
class Bias:
    """By how much the mean confidence of some rows is off, and how sure that is.

    Attributes:
        rows: the effective number of rows.
        size: mean confidence - accuracy.
        low, high: its 95 % interval, looked at on its own; None for too few rows.
        p_value: how often chance would give as much; None for too few rows.
        off: whether it is beyond chance among all that were looked at (Benjamini & Hochberg 1995,
            a false discovery rate of 5 %).
    """

    rows: float
    size: float
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    off: bool = False

    @property
    def sure(self) -> float:
        """At least how far off, at 97.5 %; below 0 where it may be nothing."""
        if self.low is None or self.high is None:
            return -1.0
        return max(self.low, -self.high)


@dataclass(frozen=True)
class ClassFigures:
    """The rows that are predicted to be of one class: are they as often as they claim?

    Attributes:
        index: the number of the class, from 0.
        name: its name, where known.
        rows: the weight of the rows predicted to be of it.
        accuracy, mean_confidence: over these rows.
        bias: their difference.
        ece: the one-vs-rest ECE of the probability of this class, over all rows; None where only
            predictions are known.
    """

    index: int
    name: str | None
    rows: float
    accuracy: float
    mean_confidence: float
    bias: Bias
    ece: float | None


@dataclass(frozen=True)
class EveryClass:
    """The same of all classes, in the order of their numbers: an array for each figure.

    Attributes:
        rows, accuracy, mean_confidence, ece: as in ``ClassFigures``; accuracy and confidence are
            None where no row is predicted to be of the class.
        low, high, p_value, off: as in ``Bias``.
    """

    rows: tuple[float, ...]
    accuracy: tuple[float | None, ...]
    mean_confidence: tuple[float | None, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]
    p_value: tuple[float | None, ...]
    off: tuple[bool, ...]
    ece: tuple[float, ...]


@dataclass(frozen=True, repr=False)
class Classes(ShortRepr):
    """Classes looked at one by one.

    Attributes:
        listed: those to be shown, the most surely off first.
        tested: how many had the rows to be tested.
        off: how many of these are off beyond chance.
        fewest: rows below which a class is not tested.
        p_value: of all tested classes together (Simes 1986); below 5 % where one is off.
        every: all of them; None in files of earlier versions.
    """

    listed: tuple[ClassFigures, ...]
    tested: int
    off: int
    fewest: int
    p_value: float | None = None
    every: EveryClass | None = None


@dataclass(frozen=True)
class GroupFigures:
    """The headline figures of one group of rows.

    Attributes:
        name: of the group.
        rows: how many.
        few: whether they are too few to be tested (below 50).
        bias: of its confidence, after calibration where there is an after.
        metrics: before, after and change.
    """

    name: str
    rows: int
    few: bool
    bias: Bias
    metrics: Figures
