"""Calibration as a test: ``assert_calibrated`` in any framework.

The fixture ``calibration_report`` of pytest is in ``pytest_plugin``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calibrate.errors import InputError, check_known
from calibrate.results.checks import BOUNDS, Limit

if TYPE_CHECKING:
    from calibrate.arrays import Values
    from calibrate.calibrators.file import CalibratorFile
    from calibrate.calibrators.protocol import Calibrator, Fit
    from calibrate.data.dataset import Dataset
    from calibrate.metrics.settings import Settings
    from calibrate.results.report import Report

    Rows = Values | Dataset | str | Path
    Through = Calibrator | CalibratorFile | Fit[Any] | str | Path | None


def assert_calibrated(
    logits: Rows,
    labels: Values | str | Path | None = None,
    calibrator: Through = None,
    *,
    confident: bool = True,
    settings: Settings | None = None,
    **limits: float,
) -> Report:
    """Fail unless figures keep to limits, after calibration where there is a calibrator.

    ``assert_calibrated(logits, labels, "calibrator.json", max_ece=0.03, min_accuracy=0.9)``

    Args:
        logits: ``(..., K)`` real numbers, ``(n,)`` of a binary model, the name of a file, or a
            ``Dataset``, for other tasks and weights.
        labels: class indices, or shares of classes, or the name of a file.
        calibrator: a calibrator, a fit, or the path of a calibrator file; None: as they are.
        confident: whether it fails only where the whole 95 % interval is beyond the limit, so
            that chance breaks no build; else where the value is.
        settings: bins, bootstrap and seed.
        **limits: ``max_`` or ``min_`` and the name of a metric.

    Returns:
        The report, to look at more of it.

    Raises:
        AssertionError: a figure is beyond its limit, a fit did not converge, or nothing shows that
            logits and labels belong together; the message ends with the table of the report.
        InputError: the arrays cannot be used, or a limit is none.
    """
    __tracebackhide__ = True
    wanted = [_limit(name, value) for name, value in limits.items()]
    if not wanted:
        raise InputError("expected a limit, such as max_ece=0.03 or min_accuracy=0.9, got none")
    report = measured(logits, labels, calibrator, settings)
    failed = list(_failures(report, wanted, confident))
    if failed:
        raise AssertionError(_message(report, wanted, failed))
    return report


def measured(
    logits: Rows,
    labels: Values | str | Path | None = None,
    calibrator: Through = None,
    settings: Settings | None = None,
) -> Report:
    """The report of arrays, or of files by their names."""
    import calibrate

    if isinstance(logits, (str, Path)):
        if labels is not None and not isinstance(labels, (str, Path)):
            raise InputError("`labels`: expected the name of a file, as `logits` is one")
        of_file = None if labels is None else str(labels)
        logits, labels = calibrate.open_dataset(str(logits), of_file), None
    elif isinstance(labels, (str, Path)):
        raise InputError("`labels`: expected an array, as `logits` is one, got the name of a file")
    return calibrate.evaluate(logits, labels, calibrator, settings=settings)


def _limit(name: str, value: float) -> Limit:
    """Return the limit that an argument such as ``max_ece=0.03`` sets.

    Raises:
        InputError: there is no such metric, or the value is no number.
    """
    from calibrate.metrics import METRICS

    bound, underscore, metric = name.partition("_")
    if bound not in BOUNDS or not underscore:
        raise InputError(f"expected limits such as max_ece=0.03 or min_accuracy=0.9, got {name}")
    check_known(f"`{name}`", [metric], METRICS)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
        raise InputError(f"`{name}`: expected a number, got {value!r}")
    return Limit(bound, metric, float(value))


def _failures(report: Report, limits: list[Limit], confident: bool) -> Iterator[str]:
    from calibrate.renderers.words import measurement
    from calibrate.results.report import Code

    if report.verdict is not None and report.verdict.code is Code.unrelated:
        yield "nothing shows that these logits belong to these labels"
    if report.calibrator is not None and report.calibrator.converged is False:
        yield "the fit of the calibrator did not converge"
    for limit in limits:
        figure = report.metrics.last.get(limit.metric)
        least = "at most" if limit.bound == "max" else "at least"
        name = f"{limit.metric} ({least} {limit.value:g})"
        if figure is None or figure.value is None:
            yield f"{name}: is not measured on these rows"
            continue
        end = figure.low if limit.bound == "max" else figure.high
        if not limit.holds(end if confident and end is not None else figure.value):
            yield f"{name}: {measurement(figure)}"


def _message(report: Report, limits: list[Limit], failed: list[str]) -> str:
    """Return what failed, a line each, and the table of the report with the figures that matter."""
    from calibrate.renderers.formats import FORMATS
    from calibrate.renderers.parts import Shown

    usual = ("nll", "brier", "positive_ece" if report.data.task.yes_no else "ece", "accuracy")
    names = tuple(dict.fromkeys((*usual, *(limit.metric for limit in limits))))
    text = FORMATS["text"](report, Shown(metrics=names))
    return "\n".join(["not calibrated", *(f"  {each}" for each in failed), "", text.rstrip()])
