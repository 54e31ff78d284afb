"""The library's verbs: what the commands call and what ``import calibrate`` gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from calibrate import calibrators as calibrators_of
from calibrate.analyses.evaluation import evaluate as evaluation
from calibrate.analyses.evaluation.evaluate import evaluate_dataset
from calibrate.analyses.evaluation.groups import check_groups, group_figures, groups_of_dataset
from calibrate.analyses.evaluation.sweep import temperature_sweep
from calibrate.blocks.block import AnyArray, Index, Smoothing
from calibrate.calibrators import (
    FOLDS,
    Calibrator,
    Fit,
    PerLabelFit,
    TemperatureFit,
    cross_fit,
    fit_temperature,
)
from calibrate.calibrators.file import CalibratorFile, describe_fit, read_calibrator_file
from calibrate.data.dataset import Dataset
from calibrate.data.fingerprint import fingerprint
from calibrate.data.top_labels import TopLabels
from calibrate.errors import InputError
from calibrate.metrics.measure import Settings
from calibrate.results.report import Fitted, Report

MASKED = 1e8  # scores this far down mask a class


def _source(
    logits: AnyArray | Dataset,
    labels: AnyArray | None,
    weights: AnyArray | None,
    scores: str | None,
    label_offset: int,
    workers: int | None,
    task: str | None,
    ignore_label: int | None,
) -> Dataset:
    if isinstance(logits, Dataset):
        return logits
    if labels is None:
        raise InputError("labels: expected one class index per row, got None")
    return Dataset.open(
        logits,
        labels,
        weights=weights,
        scores=scores,
        label_offset=label_offset,
        workers=workers,
        task=task,
        ignore_label=ignore_label,
    )


def fit(
    logits: AnyArray | Dataset,
    labels: AnyArray | None = None,
    *,
    weights: AnyArray | None = None,
    scores: str | None = None,
    label_offset: int = 0,
    task: str | None = None,
    ignore_label: int | None = None,
    label_smoothing: float = 0.0,
    smoothing_over: str = "all",
    workers: int | None = None,
) -> TemperatureFit:
    """Fit the temperature that minimises the mean NLL of ``softmax(logits / T)``.

    Args:
        logits: ``(..., K)`` real numbers, ``(n,)`` of a binary model, or a ``Dataset``.
        labels: class indices, or shares of classes; of yes-no decisions 0 and 1 or shares.
        weights: ``(n,)`` non-negative row weights.
        scores: ``"logits"``, ``"probabilities"`` or ``"log-probabilities"``; None: logits,
            refused where they look like probabilities.
        label_offset: the number of the first class.
        task: ``"multiclass"``, ``"binary"``, ``"multilabel"``; None: by the shape.
        ignore_label: the label of rows to leave out.
        label_smoothing: the share eps of smoothed labels, 0 up to 1: their NLL is minimised.
        smoothing_over: ``"all"`` classes or the ``"others"``; see ``Smoothing``.
        workers: threads; the result does not depend on it.

    Returns:
        The fit: ``.calibrator``, ``.temperature``, ``.interval``, ``.converged``.

    Raises:
        InputError: the arrays cannot be used.

    Reference: Guo et al. (2017), section 4.2.
    """
    smoothing = Smoothing(label_smoothing, smoothing_over)
    dataset = _source(logits, labels, weights, scores, label_offset, workers, task, ignore_label)
    if label_smoothing:
        if not dataset.magnitude < MASKED and dataset.scores != "probabilities":
            raise InputError(
                f"{dataset.logits_name}: label smoothing gives every class a share, but some "
                "classes are masked (-inf)"
            )
        dataset = dataset.smoothed(smoothing)
    return fit_temperature(dataset, workers=workers)


def fit_per_label(
    logits: AnyArray | Dataset,
    labels: AnyArray | None = None,
    *,
    weights: AnyArray | None = None,
    scores: str | None = None,
    ignore_label: int | None = None,
    names: Sequence[str] | None = None,
    workers: int | None = None,
) -> PerLabelFit:
    """Fit a temperature for each label of a multi-label model.

    Args:
        logits: ``(n, L)`` real numbers, or a multi-label ``Dataset``.
        labels: ``(n, L)`` of 0 and 1, or shares between; NaN where nobody annotated.
        names: of the labels, for warnings.

    The other arguments are those of ``fit``.
    """
    dataset = _source(logits, labels, weights, scores, 0, workers, "multilabel", ignore_label)
    return calibrators_of.fit_per_label(dataset, workers=workers, names=names)


def evaluate(
    logits: AnyArray | Dataset,
    labels: AnyArray | None = None,
    calibrator: Calibrator | CalibratorFile | Fit | str | Path | None = None,
    *,
    weights: AnyArray | None = None,
    scores: str | None = None,
    label_offset: int = 0,
    task: str | None = None,
    ignore_label: int | None = None,
    groups: AnyArray | None = None,
    settings: Settings | None = None,
) -> Report:
    """Measure the calibration of logits, as they are and through a calibrator.

    Args:
        calibrator: a calibrator, a fit, or the path of a calibrator file; None: only as they are.
            A fit and a file remember their rows: measured on the same, the report says
            ``in_sample``.
        groups: ``(n,)`` the group of each row, whole numbers or text: the headline figures are
            measured for each group too.
        settings: bins, bootstrap, seed and workers.

    The other arguments are those of ``fit``.
    """
    settings = settings or Settings()
    dataset = _source(
        logits, labels, weights, scores, label_offset, settings.workers, task, ignore_label
    )
    calibrators, known = _opened(calibrator)
    in_sample: bool | None = False
    if calibrators:
        own = known.fingerprint
        in_sample = None if own is None else own == fingerprint(dataset)
    best: tuple[Calibrator, ...] = ()
    sweep = None
    if settings.full and dataset.n_rows >= 2 * FOLDS:
        crossed = cross_fit(dataset, FOLDS, settings.seed, settings.workers)
        dataset, best = crossed.dataset, crossed.calibrators if crossed.converged else ()
        in_use = known.fitted.parameters.get("temperature") if known.fitted else None
        sweep = temperature_sweep(dataset, crossed.whole, in_use, settings.n_bins)
    report = evaluate_dataset(
        dataset,
        calibrators,
        known.fitted,
        best=best,
        in_sample=in_sample,
        settings=settings,
        warnings=known.warnings,
    )
    return replace(
        report, sweep=sweep, groups=groups_of_dataset(dataset, groups, calibrators, settings)
    )


def evaluate_top_labels(
    rows: TopLabels, *, groups: AnyArray | None = None, settings: Settings | None = None
) -> Report:
    """Measure predictions of which only correctness and confidence are known.

    Args:
        rows: ``TopLabels(correct, confidence, n_classes)``.
        groups, settings: as in ``evaluate``.
    """
    settings = settings or Settings()
    report = evaluation.evaluate_top_labels(rows, settings)
    if groups is None:
        return report
    checked = check_groups(np.asarray(groups), rows.n_rows, "groups")

    def measure(those: Index) -> Report | None:
        part = rows.take(those)
        if part.weights is not None and not part.weights.any():
            return None
        return evaluation.evaluate_top_labels(part, settings)

    return replace(report, groups=group_figures(checked, measure))


@dataclass(frozen=True)
class _Known:
    """What is known of where a calibrator comes from."""

    fitted: Fitted | None = None
    fingerprint: str | None = None
    warnings: tuple[str, ...] = ()


def _opened(
    calibrator: Calibrator | CalibratorFile | Fit | str | Path | None,
) -> tuple[tuple[Calibrator, ...], _Known]:
    if isinstance(calibrator, (str, Path)):
        calibrator = read_calibrator_file(calibrator)
    if calibrator is None:
        return (), _Known()
    if isinstance(calibrator, (TemperatureFit, PerLabelFit)):
        known = _Known(describe_fit(calibrator), calibrator.fingerprint, calibrator.warnings)
        return (calibrator.calibrator,), known
    if isinstance(calibrator, CalibratorFile):
        return (calibrator.calibrator,), _Known(calibrator.fitted, calibrator.fingerprint)
    parameters = calibrator.parameters
    return (calibrator,), _Known(Fitted(calibrator.method, parameters, dict.fromkeys(parameters)))


def cross_evaluate(
    logits: AnyArray | Dataset,
    labels: AnyArray | None = None,
    *,
    folds: int = FOLDS,
    weights: AnyArray | None = None,
    scores: str | None = None,
    label_offset: int = 0,
    task: str | None = None,
    ignore_label: int | None = None,
    groups: AnyArray | None = None,
    settings: Settings | None = None,
) -> Report:
    """An honest before/after without a second data set: K-fold cross-fitting.

    Each row is measured through the temperature fitted on the other folds. The report's
    calibrator is the one fitted on all rows, which one would use; ``folds`` holds the others.

    Args:
        folds: how many; each run of so many rows is dealt out to them in random order.

    The other arguments are those of ``evaluate``.
    """
    settings = settings or Settings()
    dataset = _source(
        logits, labels, weights, scores, label_offset, settings.workers, task, ignore_label
    )
    crossed = cross_fit(dataset, folds, settings.seed, settings.workers)
    report = evaluate_dataset(
        crossed.dataset,
        crossed.calibrators,
        describe_fit(crossed.whole, crossed.calibrators),
        best=crossed.calibrators if settings.full and crossed.converged else (),
        settings=settings,
        warnings=crossed.warnings,
    )
    if settings.full:
        sweep = temperature_sweep(crossed.dataset, crossed.whole, None, settings.n_bins)
        report = replace(report, sweep=sweep)
    found = groups_of_dataset(crossed.dataset, groups, crossed.calibrators, settings)
    return replace(report, groups=found)
