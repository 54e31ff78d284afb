"""The library's verbs: what the commands call and what ``import calibrate`` gives."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from calibrate.batch import AnyArray
from calibrate.bins import DEFAULT_BINS
from calibrate.calibrator_file import CalibratorFile, describe_fit, read_calibrator_file
from calibrate.calibrators import Calibrator, TemperatureFit, fit_temperature
from calibrate.errors import InputError
from calibrate.evaluation import evaluate_source
from calibrate.report import Fitted, Report
from calibrate.source import Source

FOLDS = 5


def _source(
    logits: AnyArray | Source,
    labels: AnyArray | None,
    weights: AnyArray | None,
    scores: str | None,
    label_offset: int,
    workers: int | None,
) -> Source:
    if isinstance(logits, Source):
        return logits
    if labels is None:
        raise InputError("labels: expected one class index per row, got None")
    return Source.open(
        logits,
        labels,
        weights=weights,
        scores=scores,
        label_offset=label_offset,
        workers=workers,
    )


def fit(
    logits: AnyArray | Source,
    labels: AnyArray | None = None,
    *,
    weights: AnyArray | None = None,
    scores: str | None = None,
    label_offset: int = 0,
    workers: int | None = None,
) -> TemperatureFit:
    """Fit the temperature that minimises the mean NLL of ``softmax(logits / T)``.

    Args:
        logits: ``(n, K)`` real numbers, or a ``Source``.
        labels: ``(n,)`` class indices.
        weights: ``(n,)`` non-negative row weights.
        scores: ``"logits"``, ``"probabilities"`` or ``"log-probabilities"``; None: logits,
            refused where they look like probabilities.
        label_offset: the number of the first class.
        workers: threads; the result does not depend on it.

    Returns:
        The fit: ``.calibrator``, ``.temperature``, ``.interval``, ``.converged``.

    Raises:
        InputError: the arrays cannot be used.

    Source: Guo et al. (2017), section 4.2.
    """
    source = _source(logits, labels, weights, scores, label_offset, workers)
    return fit_temperature(source, workers=workers)


def evaluate(
    logits: AnyArray | Source,
    labels: AnyArray | None = None,
    calibrator: Calibrator | CalibratorFile | TemperatureFit | str | Path | None = None,
    *,
    weights: AnyArray | None = None,
    scores: str | None = None,
    label_offset: int = 0,
    n_bins: int = DEFAULT_BINS,
    workers: int | None = None,
) -> Report:
    """Measure the calibration of logits, as they are and through a calibrator.

    Args:
        calibrator: a calibrator, a fit, or the path of a calibrator file; None: only as they are.
            A fit and a file remember their rows: measured on the same, the report says
            ``in_sample``.
        n_bins: equal-width confidence bins.

    The other arguments are those of ``fit``.
    """
    source = _source(logits, labels, weights, scores, label_offset, workers)
    if isinstance(calibrator, (str, Path)):
        calibrator = read_calibrator_file(calibrator)
    in_sample = False
    warnings: tuple[str, ...] = ()
    if calibrator is None:
        calibrators: tuple[Calibrator, ...] = ()
        fitted = None
    elif isinstance(calibrator, TemperatureFit):
        calibrators, fitted = (calibrator.calibrator,), describe_fit(calibrator)
        in_sample = calibrator.fingerprint == source.fingerprint()
        warnings = calibrator.warnings
    elif isinstance(calibrator, CalibratorFile):
        calibrators, fitted = (calibrator.calibrator,), calibrator.fitted
        in_sample = calibrator.fingerprint == source.fingerprint()
    else:
        calibrators, fitted = (calibrator,), _described(calibrator)
    return evaluate_source(
        source,
        calibrators,
        fitted,
        in_sample=in_sample,
        n_bins=n_bins,
        workers=workers,
        warnings=warnings,
    )


def _described(calibrator: Calibrator) -> Fitted:
    parameters = asdict(calibrator)  # type: ignore[call-overload]  # calibrators are dataclasses
    del parameters["n_classes"]
    return Fitted(calibrator.method, parameters, dict.fromkeys(parameters))


def cross_evaluate(
    logits: AnyArray | Source,
    labels: AnyArray | None = None,
    *,
    folds: int = FOLDS,
    seed: int = 0,
    weights: AnyArray | None = None,
    scores: str | None = None,
    label_offset: int = 0,
    n_bins: int = DEFAULT_BINS,
    workers: int | None = None,
) -> Report:
    """An honest before/after without a second data set: K-fold cross-fitting.

    Each row is measured through the temperature fitted on the other folds. The report's
    calibrator is the one fitted on all rows, which one would use; ``folds`` holds the others.

    Args:
        folds: how many; each run of so many rows is dealt out to them in random order.
        seed: of that order.

    The other arguments are those of ``evaluate``.
    """
    source = _source(logits, labels, weights, scores, label_offset, workers)
    if not 2 <= folds <= source.n_rows:
        raise InputError(
            f"{source.logits_name}: expected at least {folds} rows for {folds} folds "
            f"(and at least 2 folds), found {source.n_rows}"
        )
    whole = fit_temperature(source, workers=workers)
    start = whole.temperature if whole.converged else None
    dealt = source.with_folds(folds, seed)
    fits = [
        fit_temperature(dealt.without_fold(fold), workers=workers, start=start)
        for fold in range(folds)
    ]
    warnings = whole.warnings + tuple(
        f"fold {fold + 1} of {folds}: {warning}"
        for fold, part in enumerate(fits)
        for warning in part.warnings
    )
    calibrators = tuple(part.calibrator for part in fits)
    return evaluate_source(
        dealt,
        calibrators,
        describe_fit(whole, calibrators),
        n_bins=n_bins,
        workers=workers,
        warnings=warnings,
    )
