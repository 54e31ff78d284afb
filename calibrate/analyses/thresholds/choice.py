"""Decision thresholds for binary and multi-label classifiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibrate.analyses.thresholds.cross_fit import FOLDS, CrossFit, LabelRows
from calibrate.analyses.thresholds.curve import ThresholdCurve
from calibrate.analyses.thresholds.figures import cost_difference, few, within
from calibrate.analyses.thresholds.promise import check_promise, check_rows, promised
from calibrate.arrays import AnyArray, Float64
from calibrate.errors import InputError
from calibrate.results.goal import Goal
from calibrate.results.measurement import Measurement
from calibrate.results.thresholds import ClosedForm, LabelThreshold, Thresholds
from calibrate.tasks import Task

NEGLIGIBLE = 1e-100  # shares of the largest weight below this add nothing, and their squares vanish
NAMED = 3  # labels that an error tells about one by one
ENOUGH = 10  # rows behind a figure
MOST_WITHOUT = 5  # folds without a threshold, that figures can do without


def thresholds_for(
    probabilities: Sequence[Float64],
    labels: Sequence[AnyArray],
    weights: Sequence[Float64] | Float64 | None = None,
    *,
    goal: Goal,
    names: Sequence[str] | None = None,
    task: Task | None = None,
    confidence: float | None = None,
    seed: int = 0,
) -> Thresholds:
    """The threshold of each label that is best for the goal on these rows.

    Of equally good ones the largest. The figures are cross-fitted: each of 10 folds is decided by
    the threshold that the other nine would have chosen.

    Args:
        probabilities: per label, ``(n,)`` calibrated probabilities of yes, in [0, 1].
        labels: per label, ``(n,)`` in [0, 1]: y of a row is positive and 1 - y of it negative.
        weights: per label ``(n,)``, or one ``(n,)`` for all; non-negative. None for equal ones.
        goal: what is best.
        names: of the labels; None for ``positive`` where there is one, else for their numbers.
        task: None for binary where there is one label, else multi-label.
        confidence: with which each threshold shall keep to its goal on new rows, in (0, 1); then
            the best of those that can promise it. None for no promise.
        seed: of the folds.

    Raises:
        InputError: the goal cannot be met or promised, or the arrays do not fit together.
    """
    if confidence is not None:
        check_promise(goal, confidence)
    count = len(probabilities)
    names = _names(count) if names is None else names
    each_weights = _per_label(weights, count)
    _check_counts(count, len(labels), len(each_weights), len(names))
    choice, found, unmet = _Choice(goal, confidence), [], []
    for number, name in enumerate(names):
        rows = _Rows.of(name, probabilities[number], labels[number], each_weights[number])
        try:
            threshold = choice(rows)
        except InputError as error:
            unmet.append(str(error) if count == 1 else f"{name}: {error}")
            continue
        if not unmet:
            found.append(_measured(rows, threshold, choice, seed))
    if unmet:
        raise InputError(_unmet(choice, unmet, count))
    task = task or (Task.binary if count == 1 else Task.multilabel)
    return Thresholds(task, goal, None, tuple(found), confidence, FOLDS)


@dataclass(frozen=True)
class _Rows(LabelRows):
    """The rows of one label that count, their weights at most 1."""

    name: str
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
        return _Rows(p[counts], y[counts], w[counts] / heaviest, name, heaviest)


@dataclass(frozen=True)
class _Choice:
    """Chooses the threshold of some rows."""

    goal: Goal
    confidence: float | None

    def __call__(self, rows: LabelRows) -> float:
        if self.confidence is not None:
            check_rows(rows.labels, rows.weights)
            return promised(rows.probabilities, rows.labels, self.goal, self.confidence)
        return ThresholdCurve.of(rows.probabilities, rows.labels, rows.weights).best(self.goal)


def _measured(rows: _Rows, threshold: float, choice: _Choice, seed: int) -> LabelThreshold:
    costs, crossed = choice.goal.costs, CrossFit.of(rows, choice, seed)
    notes: tuple[str, ...] = ()
    if crossed.without <= MOST_WITHOUT:
        metrics = crossed.figures(rows, threshold, costs)
        notes = few(crossed.decided, ENOUGH)
    else:
        metrics = dict.fromkeys(rows.decided(threshold).figures(costs), Measurement(None))
    if crossed.without:
        notes = (_left_out(crossed.without, choice), *notes)
    closed = None
    if costs is not None:
        at, difference = costs[0] / sum(costs), Measurement(None)
        if crossed.without <= MOST_WITHOUT:
            difference = cost_difference(crossed.rows.decided(at), crossed.decided, costs)
        cost = within(rows.decided(at).figures(costs), costs)["cost"]
        closed = ClosedForm(at, cost, difference)
    positives = float((rows.labels * rows.weights).sum()) * rows.heaviest
    return LabelThreshold(rows.name, threshold, len(rows.labels), positives, metrics, closed, notes)


def _left_out(without: int, choice: _Choice) -> str:
    """What to say of folds for which the others chose no threshold."""
    what = "met" if choice.confidence is None else "promised"
    then = "left out of the figures" if without <= MOST_WITHOUT else "too many for any figure"
    return (
        f"for {without} of {FOLDS} folds the goal could not be {what} by the others' rows: {then}"
    )


def _check_counts(count: int, labels: int, weights: int, names: int) -> None:
    if not labels == weights == names == count or not count:
        raise InputError(
            "expected probabilities, labels, weights and names for each label, found "
            f"{count:,}, {labels:,}, {weights:,} and {names:,}"
        )


def _per_label(weights: Sequence[Float64] | Float64 | None, count: int) -> Sequence[Float64 | None]:
    if weights is None:
        return [None] * count
    if isinstance(weights, np.ndarray) and weights.ndim == 1:
        return [weights] * count
    return list(weights)


def _names(count: int) -> list[str]:
    return ["positive"] if count == 1 else [str(number) for number in range(count)]


def _unmet(choice: _Choice, problems: list[str], count: int) -> str:
    of_labels = "" if count == 1 else f" for {len(problems):,} of {count:,} labels"
    more = [f"and {len(problems) - NAMED:,} more"] if len(problems) > NAMED else []
    what = "met"
    if choice.confidence is not None:
        what = f"promised with {choice.confidence * 100:.10g} % confidence"
    told = "; ".join(problems[:NAMED] + more)
    return f"goal {choice.goal}: cannot be {what}{of_labels}: {told}"
