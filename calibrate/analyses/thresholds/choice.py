"""Decision thresholds for binary and multi-label classifiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibrate.analyses.thresholds.curve import ThresholdCurve
from calibrate.analyses.thresholds.figures import measure_thresholds
from calibrate.arrays import AnyArray, Float64
from calibrate.errors import InputError
from calibrate.results.goal import Goal
from calibrate.results.thresholds import ClosedForm, LabelThreshold, Thresholds
from calibrate.tasks import Task

NEGLIGIBLE = 1e-100  # shares of the largest weight below this add nothing, and their squares vanish
NAMED = 3  # labels that an error tells about one by one


def thresholds_for(
    probabilities: Sequence[Float64],
    labels: Sequence[AnyArray],
    weights: Sequence[Float64] | Float64 | None = None,
    *,
    goal: Goal,
    names: Sequence[str] | None = None,
    task: Task | None = None,
    bootstrap: int = 1000,
    seed: int = 0,
) -> Thresholds:
    """The threshold of each label that is best for the goal on these rows.

    Of equally good ones the largest. The figures are measured on the very rows that chose the
    thresholds: they are slightly too good, and their intervals hold the thresholds fixed.

    Args:
        probabilities: per label, ``(n,)`` calibrated probabilities of yes, in [0, 1].
        labels: per label, ``(n,)`` in [0, 1]: y counts as y of a positive row and 1 - y of a
            negative one.
        weights: per label ``(n,)``, or one ``(n,)`` for all; non-negative. None for equal ones.
        goal: what is best.
        names: of the labels; None for ``positive`` where there is one, else for their numbers.
        task: None for binary where there is one label, else multi-label.
        bootstrap, seed: samples behind the intervals; 0 for none.
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
    of_one = Task.binary if count == 1 else Task.multilabel
    return Thresholds(task or of_one, goal, None, tuple(found))


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
        rows.probabilities, rows.labels, rows.weights, at, goal.costs, (bootstrap, seed)
    )
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
