"""Decisions about each row by a threshold that the row did not choose."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from calibrate.analyses.thresholds.curve import ThresholdCurve
from calibrate.analyses.thresholds.figures import Decided, cost_difference, few, spanned, within
from calibrate.analyses.thresholds.promise import check_promise, check_rows, promised
from calibrate.arrays import AnyArray, Float64, Index
from calibrate.blocks.passes import doing, map_blocks
from calibrate.calibrators.apply import apply_blocks
from calibrate.calibrators.methods.temperature import Temperature
from calibrate.calibrators.protocol import Calibrator, parameters_of
from calibrate.data.dataset import Dataset
from calibrate.errors import InputError
from calibrate.results.json import encode
from calibrate.results.measurement import Measurement
from calibrate.results.thresholds import ClosedForm, Goal, LabelThreshold, Thresholds
from calibrate.tasks import Task

FOLDS = 10


@dataclass(frozen=True)
class LabelSample:
    """The rows of one label: probabilities and labels in [0, 1] and positive weights, ``(n,)``."""

    probabilities: Float64
    labels: Float64
    weights: Float64

    def take(self, rows: Index) -> LabelSample:
        """Some of the rows."""
        return LabelSample(self.probabilities[rows], self.labels[rows], self.weights[rows])

    def decided(self, thresholds: Float64 | float) -> Decided:
        """p >= threshold, one for all or one for each."""
        accepted = (self.probabilities >= thresholds).astype(np.float64)
        return Decided(accepted, self.labels, self.weights)


Chooser = Callable[[LabelSample], float]


def stratified_folds(labels: Float64, n_folds: int, seed: int) -> Index:
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


def chosen_by_others(
    rows: LabelSample, choose: Chooser, seed: int
) -> tuple[LabelSample, Float64, int]:
    """Choose on all folds but one, ten times; ``choose`` raises InputError where it cannot.

    Returns:
        The rows of the folds for which the others found a threshold; that of each, ``(n,)``; and
        how many folds are left out.
    """
    folds = stratified_folds(rows.labels, FOLDS, seed)
    thresholds = np.full(len(folds), np.nan)
    without = 0
    for fold in range(FOLDS):
        mine = folds == fold
        if mine.all():  # there are no others
            without = FOLDS
        elif mine.any():
            try:
                thresholds[mine] = choose(rows.take(np.flatnonzero(~mine)))
            except InputError:
                without += 1
    kept = np.flatnonzero(np.isfinite(thresholds))
    return rows.take(kept), thresholds[kept], without


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
    if names is None:
        names = ["positive"] if count == 1 else [str(number) for number in range(count)]
    each_weights: Sequence[Float64 | None] = [None] * count if weights is None else list(weights)
    if isinstance(weights, np.ndarray) and weights.ndim == 1:
        each_weights = [weights] * count
    if not len(labels) == len(each_weights) == len(names) == count or not count:
        raise InputError(
            "expected probabilities, labels, weights and names for each label, found "
            f"{count:,}, {len(labels):,}, {len(each_weights):,} and {len(names):,}"
        )
    choice, found, unmet = _Choice(goal, confidence), [], []
    for name, p, y, w in zip(names, probabilities, labels, each_weights, strict=True):
        rows, heaviest = _counting(name, p, y, w)
        try:
            threshold = choice(rows)
        except InputError as error:
            unmet.append(str(error) if count == 1 else f"{name}: {error}")
            continue
        if not unmet:
            found.append(_measured(name, rows, heaviest, threshold, choice, seed))
    if unmet:
        more = [f"and {len(unmet) - NAMED:,} more"] if len(unmet) > NAMED else []
        what = "met"
        if confidence is not None:
            what = f"promised with {confidence * 100:.10g} % confidence"
        which = "" if count == 1 else f" for {len(unmet):,} of {count:,} labels"
        raise InputError(f"goal {goal}: cannot be {what}{which}: {'; '.join(unmet[:NAMED] + more)}")
    task = task or (Task.binary if count == 1 else Task.multilabel)
    return Thresholds(task, goal, None, tuple(found), confidence, FOLDS)


def _counting(
    name: str, probabilities: AnyArray, labels: AnyArray, weights: AnyArray | None
) -> tuple[LabelSample, float]:
    """The rows of a label that count, their weights at most 1, and the heaviest weight."""
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
    return LabelSample(p[counts], y[counts], w[counts] / heaviest), heaviest


@dataclass(frozen=True)
class _Choice:
    """Chooses the threshold of some rows."""

    goal: Goal
    confidence: float | None

    def __call__(self, rows: LabelSample) -> float:
        if self.confidence is not None:
            check_rows(rows.labels, rows.weights)
            return promised(rows.probabilities, rows.labels, self.goal, self.confidence)
        return ThresholdCurve.from_rows(rows.probabilities, rows.labels, rows.weights).best(
            self.goal
        )


def _measured(
    name: str, rows: LabelSample, heaviest: float, threshold: float, choice: _Choice, seed: int
) -> LabelThreshold:
    """The threshold of a label with its cross-fitted figures."""
    costs, (others, thresholds, without) = choice.goal.costs, chosen_by_others(rows, choice, seed)
    crossed, enough = others.decided(thresholds), without <= MOST_WITHOUT
    notes: tuple[str, ...] = ()
    chosen = rows.decided(threshold).figures(costs)
    if enough:
        metrics = within(spanned(crossed.figures(costs), chosen), costs)
        notes = few(crossed, ENOUGH)
    else:
        metrics = dict.fromkeys(chosen, Measurement(None))
    if without:
        what = "met" if choice.confidence is None else "promised"
        then = "left out of the figures" if enough else "too many for any figure"
        left_out = (
            f"for {without} of {FOLDS} folds the goal could not be {what} by the others' "
            f"rows: {then}"
        )
        notes = (left_out, *notes)
    closed = None
    if costs is not None:
        at, difference = costs[0] / sum(costs), Measurement(None)
        if enough:
            difference = cost_difference(others.decided(at), crossed, costs)
        cost = within(rows.decided(at).figures(costs), costs)["cost"]
        closed = ClosedForm(at, cost, difference)
    positives = float((rows.labels * rows.weights).sum()) * heaviest
    return LabelThreshold(name, threshold, len(rows.labels), positives, metrics, closed, notes)


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
    together, lead = "", [size for size in dataset.layout.lead if size > 1]
    if dataset.clusters is not None and not dataset.alone:
        together = "these belong to clusters"
    elif len(lead) > 1:
        together = f"rows of the shape {tuple(lead)} go together"
    if confidence is not None and together:
        raise InputError(
            f"{dataset.logits.name}: `confidence`: a promise needs independent rows, and {together}"
            "; pass one of each, or leave the promise out"
        )
    blocks = apply_blocks(calibrator or Temperature(1.0), dataset)
    probability = np.concatenate(list(blocks)).astype(np.float64)
    yes = np.concatenate(list(map_blocks(dataset, attrgetter("yes"))))
    n_labels = dataset.layout.n_labels
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
    closed = label.closed_form
    if closed is not None:
        values = closed.cost.value, closed.difference.value
        closed = ClosedForm(closed.threshold, *map(Measurement, values))
    return replace(
        label,
        metrics={name: Measurement(figure.value) for name, figure in label.metrics.items()},
        closed_form=closed,
        notes=(*label.notes, "no intervals: rows belong together, and these would be too narrow"),
    )


def _described(calibrator: Calibrator) -> dict[str, Any]:
    return {"method": calibrator.method, "parameters": encode(parameters_of(calibrator))}


def check_calibrator(thresholds: Thresholds, calibrator: Calibrator, where: str) -> None:
    """Raise InputError where thresholds were chosen through another calibrator."""
    chosen = thresholds.calibrator
    if chosen is not None and chosen != _described(calibrator):
        used = f"through {chosen['method']} {chosen['parameters']}"
        if chosen == _described(Temperature(1.0)):
            used = "as they are (T = 1)"
        raise InputError(
            f"{where}: these thresholds were chosen on probabilities {used}; "
            "use the calibrator that they were chosen through"
        )


def decision_blocks(
    dataset: Dataset, thresholds: Thresholds, calibrator: Calibrator
) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield decisions, 0 or 1, block by block in order, ``(block,)``.

    Raises:
        InputError: the scores are of another number of labels than the thresholds.
    """
    _check_yes_no(dataset)
    at = np.array([label.threshold for label in thresholds.labels])  # no p is rounded up
    if len(at) != dataset.layout.n_labels:
        raise InputError(
            f"{dataset.logits.name}: expected {len(at)} labels, as there are thresholds, found "
            f'{dataset.layout.n_labels}; is `task="multilabel"` missing or wrong?'
        )
    start = 0
    for p in apply_blocks(calibrator, dataset):
        yield (p >= at[(start + np.arange(len(p))) % len(at)]).astype(np.uint8)
        start += len(p)


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
