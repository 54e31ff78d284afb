"""Decision thresholds, and what they achieve."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from calibrate.errors import InputError
from calibrate.results.display import Displayed
from calibrate.results.goal import Goal
from calibrate.results.measurement import Measurement, Metrics
from calibrate.tasks import Task


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
