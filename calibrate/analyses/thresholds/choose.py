"""Decisions about each row by a threshold that the row did not choose."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from calibrate.analyses.thresholds.curve import ThresholdCurve
from calibrate.analyses.thresholds.figures import Decided, cost_difference, few, spanned, within
from calibrate.analyses.thresholds.promise import check_promise, check_rows, promised
from calibrate.arrays import AnyArray, Float64, Index
from calibrate.blocks.block import Block
from calibrate.blocks.passes import doing, map_blocks
from calibrate.calibrators.apply import apply_blocks
from calibrate.calibrators.methods.temperature import Temperature
from calibrate.calibrators.protocol import Calibrator, parameters_of
from calibrate.data.dataset import Dataset
from calibrate.errors import InputError
from calibrate.results.json import encode
from calibrate.results.measurement import Measurement, Metrics
from calibrate.results.thresholds import ClosedForm, Goal, LabelThreshold, Thresholds
from calibrate.tasks import Task

FOLDS = 10


@dataclass(frozen=True)
class LabelRows:
    """The rows of one label: ``(n,)`` each.

    Attributes:
        probabilities: in [0, 1].
        labels: in [0, 1].
        weights: positive.
    """

    probabilities: Float64
    labels: Float64
    weights: Float64

    def take(self, rows: Index) -> LabelRows:
        """Some of the rows."""
        return LabelRows(self.probabilities[rows], self.labels[rows], self.weights[rows])

    def decided(self, thresholds: Float64 | float) -> Decided:
        """p >= threshold, one for all or one for each."""
        accepted = (self.probabilities >= thresholds).astype(np.float64)
        return Decided(accepted, self.labels, self.weights)


Costs = tuple[float, float] | None
Chooser = Callable[[LabelRows], float]


def deal(labels: Float64, n_folds: int, seed: int) -> Index:
    """A fold for each row, so that all have nearly as many rows and as many positives.

    Args:
        labels: ``(n,)`` in [0, 1].
        n_folds: positive.
        seed: of the random order of alike rows.
    """
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    order = shuffled[np.argsort(labels[shuffled], kind="stable")]
    folds = np.empty(len(labels), dtype=np.int64)
    folds[order] = np.arange(len(labels)) % n_folds
    return folds


@dataclass(frozen=True)
class OutOfFold:
    """Rows with the threshold that the other folds chose for each.

    Attributes:
        rows: those of the folds for which the others found a threshold.
        thresholds: ``(n,)`` of each of these rows.
        without: how many folds are left out.
    """

    rows: LabelRows
    thresholds: Float64
    without: int

    @staticmethod
    def chosen(rows: LabelRows, choose: Chooser, seed: int) -> OutOfFold:
        """Choose on all folds but one, ten times; ``choose`` raises InputError where it cannot."""
        folds = deal(rows.labels, FOLDS, seed)
        thresholds = np.full(len(folds), np.nan)
        without = 0
        for fold in range(FOLDS):
            mine = folds == fold
            if not mine.any():
                continue
            if mine.all():
                return OutOfFold(rows.take(np.flatnonzero(~mine)), np.empty(0), FOLDS)
            try:
                thresholds[mine] = choose(rows.take(np.flatnonzero(~mine)))
            except InputError:
                without += 1
        kept = np.flatnonzero(np.isfinite(thresholds))
        return OutOfFold(rows.take(kept), thresholds[kept], without)

    @property
    def decided(self) -> Decided:
        """The rows with the decisions of these thresholds."""
        return self.rows.decided(self.thresholds)

    def figures(self, rows: LabelRows, threshold: float, costs: Costs) -> Metrics:
        """The cross-fitted figures, with intervals for the threshold that all ``rows`` chose."""
        chosen = rows.decided(threshold).figures(costs)
        return within(spanned(self.decided.figures(costs), chosen), costs)


# Decision thresholds for binary and multi-label classifiers.


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
    costs, crossed = choice.goal.costs, OutOfFold.chosen(rows, choice, seed)
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


# Calibrated probabilities of yes-no models -> thresholds, and thresholds -> decisions.


@doing("choosing thresholds")
def find_thresholds(
    dataset: Dataset,
    goal: Goal,
    calibrator: Calibrator | None = None,
    *,
    names: Sequence[str] | None = None,
    confidence: float | None = None,
    seed: int = 0,
) -> Thresholds:
    """One threshold per label, the best for the goal on these rows.

    Args:
        dataset: labelled rows of a binary or multi-label model.
        calibrator: what the scores go through; None: as they are.
        names: of the labels.
        confidence: with which each label on its own shall keep to the goal on new rows; None for
            no promise.
        seed: of the folds behind the figures.

    Raises:
        InputError: the rows are multiclass, or the goal cannot be met or promised.
    """
    _check_yes_no(dataset)
    together = _belong_together(dataset)
    if confidence is not None and together:
        raise InputError(
            f"{dataset.logits.name}: `confidence`: a promise needs independent rows, and {together}"
            "; pass one of each, or leave the promise out"
        )
    blocks = apply_blocks(calibrator or Temperature(1.0), dataset)
    probability = np.concatenate(list(blocks)).astype(np.float64)
    yes, n_labels = _yes(dataset), dataset.layout.n_labels
    rows = [np.flatnonzero(dataset.columns == label) for label in range(n_labels)]
    names = names or (None if n_labels == 1 else [f"label {i}" for i in range(n_labels)])
    try:
        found = thresholds_for(
            [probability[those] for those in rows],
            [yes[those] for those in rows],
            [dataset.weight[those] for those in rows],
            goal=goal,
            names=names,
            task=dataset.task,
            confidence=confidence,
            seed=seed,
        )
    except InputError as error:
        raise InputError(f"{dataset.labels_name}: {error}") from error
    labels = tuple(map(_without_intervals, found.labels)) if together else found.labels
    used = _described(calibrator or Temperature(1.0))
    return replace(found, calibrator=used, labels=labels)


def _without_intervals(label: LabelThreshold) -> LabelThreshold:
    """The same without intervals: those at hand take each row for independent."""

    def bare(figure: Measurement) -> Measurement:
        return replace(figure, low=None, high=None)

    closed = label.closed_form
    if closed is not None:
        closed = replace(closed, cost=bare(closed.cost), difference=bare(closed.difference))
    return replace(
        label,
        metrics={name: bare(figure) for name, figure in label.metrics.items()},
        closed_form=closed,
        notes=(*label.notes, "no intervals: rows belong together, and these would be too narrow"),
    )


def _described(calibrator: Calibrator) -> dict[str, Any]:
    return {"method": calibrator.method, "parameters": encode(parameters_of(calibrator))}


def check_calibrator(thresholds: Thresholds, calibrator: Calibrator, where: str) -> None:
    """Raise InputError where thresholds were chosen through another calibrator."""
    chosen = thresholds.calibrator
    if chosen is not None and chosen != _described(calibrator):
        used = "as they are (T = 1)" if chosen["parameters"] == {"temperature": 1.0} else "through "
        if used == "through ":
            used += f"{chosen['method']} {chosen['parameters']}"
        raise InputError(
            f"{where}: these thresholds were chosen on probabilities {used}; "
            "use the calibrator that they were chosen through"
        )


def _at(thresholds: Thresholds) -> Float64:
    """The threshold of each label; float64, so that no p is rounded up."""
    return np.array([label.threshold for label in thresholds.labels])


def decision_blocks(
    dataset: Dataset, thresholds: Thresholds, calibrator: Calibrator
) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield decisions, 0 or 1, block by block in order, ``(block,)``.

    Raises:
        InputError: the scores are of another number of labels than the thresholds.
    """
    _check_yes_no(dataset)
    at = _at(thresholds)
    if len(at) != dataset.layout.n_labels:
        raise InputError(
            f"{dataset.logits.name}: expected {len(at)} labels, as there are thresholds, found "
            f'{dataset.layout.n_labels}; is `task="multilabel"` missing or wrong?'
        )
    start = 0
    for p in apply_blocks(calibrator, dataset):
        yield (p >= at[(start + np.arange(len(p))) % len(at)]).astype(np.uint8)
        start += len(p)


@dataclass(frozen=True)
class _Yes:
    """The step that gives the share of yes of each row."""

    def __call__(self, block: Block) -> Float64:
        return block.yes


def _yes(dataset: Dataset) -> Float64:
    return np.concatenate(list(map_blocks(dataset, _Yes())))


def _belong_together(dataset: Dataset) -> str:
    """Why the rows of a label are not independent, in words; empty where they are."""
    if dataset.clusters is not None and not dataset.alone:
        return "these belong to clusters"
    lead = [size for size in dataset.layout.lead if size > 1]
    return f"rows of the shape {tuple(lead)} go together" if len(lead) > 1 else ""


def _check_yes_no(dataset: Dataset) -> None:
    if dataset.task is Task.confidence:
        raise InputError(
            f"{dataset.logits.name}: thresholds are for yes-no decisions; for those of whether "
            'answers are right, pass `task="binary"` and `scores="probabilities"`'
        )
    if not dataset.task.yes_no:
        raise InputError(
            f"{dataset.logits.name}: thresholds are for yes-no decisions, found "
            f'{dataset.n_classes} classes; pass `task="multilabel"` if each column is a yes or no '
            "of its own"
        )
