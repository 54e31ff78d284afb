"""Calibrated probabilities of yes-no models -> thresholds, and thresholds -> decisions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from calibrate.analyses.thresholds.choice import thresholds_for
from calibrate.arrays import Float64
from calibrate.blocks.block import Block
from calibrate.blocks.passes import map_blocks
from calibrate.blocks.scheduler import doing
from calibrate.calibrators.apply import apply_blocks
from calibrate.calibrators.methods.temperature import Temperature
from calibrate.calibrators.protocol import Calibrator, parameters_of
from calibrate.data.dataset import Dataset
from calibrate.errors import InputError
from calibrate.results.goal import Goal
from calibrate.results.json import encode
from calibrate.results.measurement import Measurement
from calibrate.results.thresholds import LabelThreshold, Thresholds
from calibrate.tasks import Task


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
