"""Decision thresholds for binary and multi-label classifiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from calibrate.analyses.thresholds.curve import ThresholdCurve
from calibrate.analyses.thresholds.figures import measure_thresholds
from calibrate.analyses.thresholds.goal import Goal
from calibrate.blocks.bins import Float64
from calibrate.blocks.block import AnyArray
from calibrate.errors import InputError
from calibrate.results.report import Measurement

SLACK = 1e-6  # a probability may pass 1 by rounding
NEGLIGIBLE = 1e-100  # shares of the largest weight below this add nothing, and their squares vanish
NAMED = 3  # labels that an error tells about one by one


@dataclass(frozen=True)
class ClosedForm:
    """The threshold that is cheapest on calibrated probabilities, whatever the rows.

    t* = FP / (FP + FN), of the costs of a false positive and a false negative: at p = t* accepting
    costs (1 - p) FP and rejecting p FN, which is the same (Elkan 2001, "The foundations of
    cost-sensitive learning", IJCAI).

    Attributes:
        threshold: t*.
        cost: the mean cost per row at t*.
        difference: this cost minus that at the threshold chosen from the rows, on the same rows.
            Never below 0, as these rows chose; an interval that starts near or below 0 does not
            show that t* is any worse.
    """

    threshold: float
    cost: Measurement
    difference: Measurement


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
    """

    name: str
    threshold: float
    rows: int
    positives: float
    metrics: dict[str, Measurement]
    closed_form: ClosedForm | None = None


@dataclass(frozen=True)
class Thresholds:
    """One threshold per label, all for the same goal.

    Attributes:
        task: ``binary`` or ``multilabel``.
        goal: what they were chosen for.
        labels: in the order of the columns; one where the task is binary.
        calibrator: method and parameters of what the probabilities went through; None: unknown.
    """

    task: str
    goal: Goal
    labels: tuple[LabelThreshold, ...]
    calibrator: dict[str, Any] | None = None

    def decide(self, probabilities: AnyArray) -> npt.NDArray[np.uint8]:
        """1 where p >= the threshold of its label, else 0; of the shape of ``probabilities``.

        Args:
            probabilities: ``(n, L)`` for L labels, or ``(n,)`` for one; calibrated as those that
                the thresholds were chosen on.

        Raises:
            InputError: another number of labels, or values that are not probabilities.
        """
        p, n_labels = np.asarray(probabilities), len(self.labels)
        if p.dtype.kind not in "fiu":
            raise InputError(f"expected probabilities as real numbers, found dtype {p.dtype}")
        if not (p.ndim == 2 and p.shape[1] == n_labels) and not (p.ndim == 1 and n_labels == 1):
            plural = "label" if n_labels == 1 else "labels"
            shapes = "(rows,) or (rows, 1)" if n_labels == 1 else f"(rows, {n_labels})"
            raise InputError(
                f"the thresholds are for {n_labels:,} {plural}: expected probabilities of shape "
                f"{shapes}, found {p.shape}"
            )
        bad = ~((p >= 0) & (p <= 1 + SLACK))
        if bad.any():
            row = int(np.flatnonzero(bad.reshape(len(p), -1).any(axis=1))[0])
            raise InputError(
                f"expected probabilities from 0 to 1, found {p[bad][0]:g} in row {row} "
                f"({int(bad.sum()):,} in all)"
            )
        at = np.array([label.threshold for label in self.labels])  # float64: no p is rounded up
        return np.asarray(np.greater_equal(p, at), dtype=np.uint8)


def thresholds_for(
    probabilities: Sequence[Float64],
    labels: Sequence[AnyArray],
    weights: Sequence[Float64] | Float64 | None = None,
    *,
    goal: Goal,
    names: Sequence[str] | None = None,
    task: str | None = None,
    bootstrap: int = 1000,
    seed: int = 0,
) -> Thresholds:
    """The threshold of each label that is best for the goal on these rows.

    Every threshold that tells rows apart is looked at; of equally good ones the largest is taken.
    The figures are measured on the very rows that chose the thresholds: they are slightly too good,
    and their intervals hold the thresholds fixed.

    Args:
        probabilities: per label, ``(n,)`` calibrated probabilities of yes, in [0, 1].
        labels: per label, ``(n,)`` in [0, 1]: y counts as y of a positive row and 1 - y of a
            negative one. Labels may differ in n.
        weights: per label ``(n,)``, or one ``(n,)`` for all; non-negative. None for equal ones.
        goal: what is best.
        names: of the labels; None for ``positive`` where there is one, else for their numbers.
        task: None for ``binary`` where there is one label, else ``multilabel``.
        bootstrap: samples behind the intervals; 0 for none.
        seed: of the samples.

    Raises:
        InputError: the goal cannot be met for some label, or the arrays do not fit together.
    """
    count = len(probabilities)
    names = _names(count) if names is None else names
    each_weights = _per_label(weights, count)
    if not len(labels) == len(each_weights) == len(names) == count or not count:
        raise InputError(
            "expected probabilities, labels, weights and names for each label, found "
            f"{count:,}, {len(labels):,}, {len(each_weights):,} and {len(names):,}"
        )
    found, unmet = [], []
    for number, name in enumerate(names):
        rows = _Rows.of(name, probabilities[number], labels[number], each_weights[number])
        try:
            threshold = ThresholdCurve.of(rows.probabilities, rows.labels, rows.weights).best(goal)
        except InputError as error:
            unmet.append(str(error) if count == 1 else f"{name}: {error}")
            continue
        if not unmet:
            found.append(_measured(rows, threshold, goal, bootstrap, seed))
    if unmet:
        raise InputError(_unmet(goal, unmet, count))
    return Thresholds(task or ("binary" if count == 1 else "multilabel"), goal, tuple(found))


@dataclass(frozen=True)
class _Rows:
    """The rows of one label that count: ``(n,)`` each, weights positive and at most 1."""

    name: str
    probabilities: Float64
    labels: Float64
    weights: Float64
    heaviest: float

    @staticmethod
    def of(name: str, probabilities: AnyArray, labels: AnyArray, weights: AnyArray | None) -> _Rows:
        p, y = np.asarray(probabilities, np.float64), np.asarray(labels, np.float64)
        w = np.ones(p.shape) if weights is None else np.asarray(weights, np.float64)
        if p.ndim != 1 or not p.shape == y.shape == w.shape:
            raise InputError(
                f"{name}: expected as many probabilities as labels and weights, found shapes "
                f"{p.shape}, {y.shape} and {w.shape}"
            )
        heaviest = float(w.max(initial=0))
        if heaviest == 0:
            raise InputError(f"{name}: expected at least one row that counts, found none")
        counts = w / heaviest > NEGLIGIBLE
        return _Rows(name, p[counts], y[counts], w[counts] / heaviest, heaviest)


def _measured(
    rows: _Rows, threshold: float, goal: Goal, bootstrap: int, seed: int
) -> LabelThreshold:
    at = [threshold]
    if goal.costs is not None:
        at.append(goal.costs[0] / sum(goal.costs))
    sides, difference = measure_thresholds(
        rows.probabilities, rows.labels, rows.weights, at,
        costs=goal.costs, bootstrap=bootstrap, seed=seed,
    )  # fmt: skip
    return LabelThreshold(
        rows.name,
        threshold,
        len(rows.labels),
        float(np.dot(rows.labels, rows.weights)) * rows.heaviest,
        sides[0],
        ClosedForm(at[1], sides[1]["cost"], difference) if difference is not None else None,
    )


def _per_label(weights: Sequence[Float64] | Float64 | None, count: int) -> Sequence[Float64 | None]:
    if weights is None:
        return [None] * count
    if isinstance(weights, np.ndarray) and weights.ndim == 1:
        return [weights] * count
    return list(weights)


def _names(count: int) -> list[str]:
    return ["positive"] if count == 1 else [str(number) for number in range(count)]


def _unmet(goal: Goal, problems: list[str], count: int) -> str:
    of_labels = "" if count == 1 else f" for {len(problems):,} of {count:,} labels"
    more = [f"and {len(problems) - NAMED:,} more"] if len(problems) > NAMED else []
    return f"goal {goal}: cannot be met{of_labels}: {'; '.join(problems[:NAMED] + more)}"
