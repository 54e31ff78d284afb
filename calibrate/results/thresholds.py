"""What a decision threshold shall achieve."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, ClassVar

from calibrate.errors import InputError, check_known
from calibrate.results.display import Displayed
from calibrate.results.measurement import Measurement, Metrics
from calibrate.tasks import Task
from calibrate.text import brief

GOALS = ("f1", "precision", "recall", "cost")
EXAMPLES = {"precision": "precision=0.95", "recall": "recall=0.9", "cost": "cost=1:5"}
LEAST_COST, MOST_COST = 1e-100, 1e100  # sums and ratios of costs stay finite


@dataclass(frozen=True)
class Goal:
    """What makes one threshold better than another.

    ``f1``: the largest F1. ``precision``: the largest recall among the thresholds whose precision
    is at least ``minimum``. ``recall``: the largest precision among those whose recall is at least
    ``minimum``. ``cost``: the least mean cost per row.

    Attributes:
        name: one of ``GOALS``.
        minimum: of precision or recall, above 0 and up to 1; None for the other goals.
        costs: of a false positive and of a false negative, both positive; None for other goals.

    Raises:
        InputError: the name is not known, or its value is missing, left over or out of range.
    """

    name: str
    minimum: float | None = None
    costs: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        check_known("`goal`", [self.name], GOALS)
        if self.name == "cost":
            costs = self.costs or ()
            fits = len(costs) == 2 and all(LEAST_COST <= cost <= MOST_COST for cost in costs)
            fits = fits and self.minimum is None
        elif self.name == "f1":
            fits = self.minimum is None and self.costs is None
        else:
            fits = self.minimum is not None and 0 < self.minimum <= 1
            fits = fits and self.costs is None
        if not fits:
            raise InputError(f"`goal` {self.name}: expected {_expected(self.name)}")

    @staticmethod
    def of_text(text: str) -> Goal:
        """The goal that a text such as ``precision=0.95`` names.

        Raises:
            InputError: it names none.
        """
        name, equals, value = text.partition("=")
        name = name.strip()
        check_known("`goal`", [name], GOALS)
        try:
            if name == "f1":
                if equals:
                    raise ValueError
                return Goal(name)
            if name == "cost":
                false_positive, false_negative = map(float, value.split(":"))
                return Goal(name, costs=(false_positive, false_negative))
            return Goal(name, minimum=float(value))
        except ValueError as error:  # InputError is one too
            percent, hint = value.strip().removesuffix("%"), ""
            if name in ("precision", "recall") and re.fullmatch(r"\d+(\.\d*)?", percent):
                share = float(percent) / 100
                hint = f"; did you mean {name}={share:g}?" if 0.01 < share <= 1 else ""
            raise InputError(
                f"`goal` {name}: expected {_expected(name)}, got {brief(text)}{hint}"
            ) from (error)

    def __str__(self) -> str:
        """What ``of_text`` reads back."""
        if self.costs is not None:
            return f"{self.name}={':'.join(map(_exact, self.costs))}"
        return self.name if self.minimum is None else f"{self.name}={_exact(self.minimum)}"


def _expected(name: str) -> str:
    if name == "f1":
        return "no value, only f1"
    if name == "cost":
        return (
            "two positive numbers, the cost of a false positive and that of a false negative, "
            f"as in {EXAMPLES[name]}"
        )
    return f"a number above 0 and up to 1, as in {EXAMPLES[name]}"


def _exact(value: float) -> str:
    return repr(float(value)).removesuffix(".0")


# Decision thresholds, and what they achieve.


@dataclass(frozen=True)
class ClosedForm:
    """The threshold that is cheapest on calibrated probabilities, whatever the rows.

    t* = FP / (FP + FN), of the costs of a false positive and a false negative: at p = t* accepting
    costs (1 - p) FP and rejecting p FN, which is the same (Elkan 2001, "The foundations of
    cost-sensitive learning", IJCAI).

    Attributes:
        threshold: t*.
        cost: the mean cost per row at t*.
        difference: this cost minus that of the chosen threshold, on the same rows; below 0 where
            choosing did not pay.
    """

    threshold: float
    cost: Measurement
    difference: Measurement

    def __post_init__(self) -> None:
        _check_threshold(self.threshold)


@dataclass(frozen=True)
class LabelThreshold:
    """The threshold of one label, and what it achieves.

    Attributes:
        name: of the label.
        threshold: p >= threshold is a yes; in [0, 1].
        rows: how many rows counted.
        positives: the weight of the positive ones.
        metrics: ``precision``, ``recall``, ``f1``, ``positive_rate`` (the share of rows accepted)
            and, for the goal ``cost``, the mean ``cost`` per row.
        closed_form: for the goal ``cost``, else None.
        notes: what is to be known about these figures.
    """

    name: str
    threshold: float
    rows: int
    positives: float
    metrics: Metrics = field(default_factory=dict)
    closed_form: ClosedForm | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_threshold(self.threshold)
        if self.rows < 1 or self.positives < 0:
            raise InputError(
                f"expected a number of rows and the weight of the positives, found {self.rows} and "
                f"{self.positives:g}"
            )


def _check_threshold(threshold: float) -> None:
    if not 0 <= threshold <= 1:
        raise InputError(f"expected a threshold from 0 to 1, found {threshold:g}")


@dataclass(frozen=True, repr=False)
class Thresholds(Displayed):
    """One threshold per label, all for the same goal.

    Attributes:
        task: ``binary`` or ``multilabel``.
        goal: what they were chosen for.
        calibrator: method and parameters of what the probabilities went through; None: unknown.
        labels: in the order of the columns; one where the task is binary.
        confidence: with which each label on its own keeps to the goal on new rows, above 0 and
            below 1; None where nothing is promised.
        folds: how the figures were measured: cross-fitted over so many folds, each with the
            threshold that the others chose; None: on the very rows that chose (older files).
    """

    task: Task
    goal: Goal
    calibrator: dict[str, Any] | None
    labels: tuple[LabelThreshold, ...]
    confidence: float | None = None
    folds: int | None = None

    schema: ClassVar[str] = "calibrate.thresholds/1"
    command: ClassVar[str] = "calibrate thresholds"

    def __post_init__(self) -> None:
        if not self.task.yes_no:
            raise InputError(f"expected the task binary or multilabel, found {self.task}")
        if not self.labels or (self.task is Task.binary and len(self.labels) != 1):
            what = "one threshold for a binary task" if self.task is Task.binary else "thresholds"
            raise InputError(f"expected {what}, found {len(self.labels):,}")
        if self.confidence is not None and not 0 < self.confidence < 1:
            raise InputError(f"expected a confidence above 0 and below 1, got {self.confidence:g}")
