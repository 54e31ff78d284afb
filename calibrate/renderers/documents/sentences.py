"""What a report finds, in sentences."""

from __future__ import annotations

from calibrate.renderers.words import number, rows_and_classes, scores_of, short
from calibrate.results.measurement import Measurement
from calibrate.results.report import Fitted, Report
from calibrate.tasks import Task

MOST_LISTED = 12  # temperatures


def headline(report: Report) -> str:
    """``test.npy: 2,000 rows, 10 classes``"""
    return f"{report.data.logits}: {rows_and_classes(report)}"


def provenance(report: Report) -> str:
    """On which rows the figures after calibration were measured, in words; may be empty."""
    fitted, shared = report.calibrator, report.data.shared
    if fitted is None:
        return ""
    if fitted.folds:
        return f"each row measured with T from the other {len(fitted.folds) - 1} folds"
    if report.data.in_sample:
        return "the very rows of the fit, so after is too good"
    if shared is None:
        return "whether these were rows of the fit is not known"
    if shared == 0:
        return "none was recognised as a row of the fit"
    if shared > 0.995:
        return "all of them were among the rows of the fit, so after is too good"
    share = f"about {100 * shared:.0f} %" if shared >= 0.01 else "under 1 %"
    return f"{share} of them were among the rows of the fit, so after is too good"


def smoothed(report: Report) -> str:
    """What the fit assumed of its labels, in words; may be empty."""
    if report.calibrator is None or report.calibrator.label_smoothing is None:
        return ""
    return f"T fitted to labels smoothed by {report.calibrator.label_smoothing}"


def temperature(report: Report) -> str:
    """``T = 2.12 (95 % interval 2.05 to 2.19)``; empty without a temperature."""
    if report.calibrator is None:
        return ""
    if report.temperature is None:
        return _many_temperatures(report.calibrator)
    interval = report.calibrator.interval
    text = f"T = {short(report.temperature)}"
    if interval:
        rough = "rough " if "temperature" in report.rough_intervals.value else ""
        text += f" ({rough}95 % interval {short(interval[0])} to {short(interval[1])})"
    if report.calibrator.converged is False:
        text += ", NOT CONVERGED"
    return text


def _many_temperatures(fitted: Fitted) -> str:
    """``T of 3 labels: 0.9 (0.8 to 1.0), ...``; only the range where there are many."""
    found = fitted.temperatures
    if not found:
        return ""
    if len(found) > MOST_LISTED:
        low, high = min(t for t, _ in found), max(t for t, _ in found)
        return f"T of {len(found)} labels: {short(low)} to {short(high)}"
    each = [
        f"{short(t)} ({short(pair[0])} to {short(pair[1])})" if pair else short(t)
        for t, pair in found
    ]
    return f"T of {len(found)} labels (95 % intervals): {', '.join(each)}"


def meaning(report: Report) -> str:
    """One sentence on what the temperature, or the bare overconfidence, says of the model."""
    if report.calibrator is not None and report.temperature is None:
        change = report.metrics.change["nll"] if report.metrics.change else Measurement(None)
        nll = number(change.value)
        return f"Each label has a T of its own; together they change the nll by {nll}."
    if report.temperature is None or report.calibrator is None:
        return _without_calibrator(report)
    t, what = report.temperature, scores_of(report)
    interval = report.calibrator.interval
    head = f"T = {short(t)}: "
    if report.calibrator.converged is False:
        return head + "this is not an optimum, see the warning; do not rely on it."
    if interval and interval[0] <= 1 <= interval[1]:
        return (
            head + "its interval includes 1: the rows it was fitted on do not show that the model "
            "needs a temperature."
        )
    if abs(t - 1) < 0.005:
        return head + "as good as 1, which changes nothing."
    if t > 1:
        return (
            head + f"the model is overconfident; its {what} were about {_times(t)} as sharp as the "
            "labels support."
        )
    return (
        head
        + f"the model is underconfident; its {what} were only {_percent(t)} as sharp as the labels "
        "support."
    )


def _percent(t: float) -> str:
    return f"{t:.0%}" if t >= 0.01 else f"{short(100 * t)}%"


def _times(t: float) -> str:
    if 1.9 <= t <= 2.15:
        return "twice"
    return f"{short(t)} times"


def _without_calibrator(report: Report) -> str:
    gap = report.metrics.before["overconfidence"].value or 0.0
    claim = "more" if gap > 0 else "less"
    text = f"The model is on average {abs(gap):.1%} {claim} confident than it is right"
    if report.data.task is Task.top_label:
        return f"{text}."
    return f"{text}; --fit shows what a temperature would do."
