"""Calibrated probabilities of yes-no models -> thresholds, and thresholds -> decisions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from calibrate.analyses.thresholds.choice import Thresholds, thresholds_for
from calibrate.analyses.thresholds.goal import Goal
from calibrate.blocks.bins import Float64
from calibrate.calibrators import Calibrator, Temperature, apply_blocks
from calibrate.data.dataset import Dataset
from calibrate.errors import InputError


def find_thresholds(
    dataset: Dataset,
    goal: Goal,
    calibrator: Calibrator | None = None,
    *,
    names: Sequence[str] | None = None,
    bootstrap: int = 1000,
    seed: int = 0,
    workers: int | None = None,
) -> Thresholds:
    """One threshold per label, the best for the goal on these rows.

    Args:
        dataset: labelled rows of a binary or multi-label model.
        calibrator: what the scores go through; None: as they are.
        names: of the labels.

    Raises:
        InputError: the rows are multiclass, or the goal cannot be met.
    """
    _check_yes_no(dataset)
    blocks = apply_blocks(calibrator or Temperature(1.0), dataset, workers=workers)
    probability = np.concatenate(list(blocks)).astype(np.float64)
    yes = _yes(dataset)
    weights = np.ones(dataset.n_rows) if dataset.weights is None else dataset.weights
    columns = dataset.entry_numbers() % dataset.n_labels
    rows = [np.flatnonzero(columns == label) for label in range(dataset.n_labels)]
    names = names or (None if dataset.n_labels == 1 else _numbered(dataset.n_labels))
    try:
        found = thresholds_for(
            [probability[those] for those in rows],
            [yes[those] for those in rows],
            [weights[those] for those in rows],
            goal=goal,
            names=names,
            task=dataset.task,
            bootstrap=bootstrap,
            seed=seed,
        )
    except InputError as error:
        raise InputError(f"{dataset.labels_name}: {error}") from error
    return replace(found, calibrator=_described(calibrator or Temperature(1.0)))


def _numbered(count: int) -> list[str]:
    return [f"label {number}" for number in range(count)]


def _described(calibrator: Calibrator) -> dict[str, Any]:
    return {"method": calibrator.method, "parameters": calibrator.parameters}


def check_calibrator(thresholds: Thresholds, calibrator: Calibrator, where: str) -> None:
    """Raise InputError where thresholds were chosen through another calibrator."""
    chosen = thresholds.calibrator
    if chosen is not None and chosen != _described(calibrator):
        used = "as they are (T = 1)" if chosen["parameters"] == {"temperature": 1.0} else "through "
        if used == "through ":
            used += f"{chosen['method']} {chosen['parameters']}"
        raise InputError(
            f"{where}: these thresholds were chosen on probabilities {used}; "
            "pass the same -c as to `calibrate thresholds`"
        )


def decision_blocks(
    dataset: Dataset, thresholds: Thresholds, calibrator: Calibrator | None, workers: int | None
) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield decisions, 0 or 1, block by block in order, ``(block,)``.

    Raises:
        InputError: the scores are of another number of labels than the thresholds.
    """
    _check_yes_no(dataset)
    at = np.array([label.threshold for label in thresholds.labels])
    if len(at) != dataset.n_labels:
        raise InputError(
            f"{dataset.logits_name}: expected {len(at)} labels, as there are thresholds, found "
            f"{dataset.n_labels}; is --task multilabel missing or wrong?"
        )
    start = 0
    for p in apply_blocks(calibrator or Temperature(1.0), dataset, workers=workers):
        columns = (start + np.arange(len(p))) % len(at)
        yield (p >= at[columns]).astype(np.uint8)
        start += len(p)


def _yes(dataset: Dataset) -> Float64:
    """The share of yes of each row."""
    parts = []
    for start in range(0, dataset.n_rows, dataset.block_rows):
        labels = dataset.read(start, min(start + dataset.block_rows, dataset.n_rows)).labels
        assert labels is not None
        parts.append(labels.astype(np.float64) if labels.ndim == 1 else labels[:, 1])
    return np.concatenate(parts)


def _check_yes_no(dataset: Dataset) -> None:
    if dataset.task == "multiclass":
        raise InputError(
            f"{dataset.logits_name}: thresholds are for yes-no decisions, found "
            f"{dataset.n_classes} classes; pass --task multilabel if each column is a yes or no "
            "of its own"
        )
