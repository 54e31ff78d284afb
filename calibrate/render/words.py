"""Numbers and findings in words, the same in every format."""

from __future__ import annotations

from calibrate.report import Measurement, Report

HEADLINE = ("accuracy", "nll", "brier", "ece")
IN_SAMPLE = "in-sample: measured on the very rows that the calibrator was fitted on"


def number(value: float | None) -> str:
    """Four decimals, or a few significant digits where those would hide the number."""
    if value is None:
        return "–"
    if value != 0 and not 1e-4 <= abs(value) < 1e5:
        return f"{value:.3g}"
    return f"{value:.4f}"


def short(value: float) -> str:
    """Three significant digits, without an exponent where it can be helped."""
    return f"{value:#.3g}".rstrip(".") if 1e-3 <= value < 1e4 else f"{value:.3g}"


def measurement(figure: Measurement) -> str:
    """The value, and its interval where there is one."""
    if figure.low is None or figure.high is None:
        return number(figure.value)
    return f"{number(figure.value)} [{number(figure.low)}, {number(figure.high)}]"


def rows_and_classes(report: Report) -> str:
    return f"{report.data.rows:,} rows, {report.data.classes:,} classes"


def provenance(report: Report) -> str:
    """On which rows the figures after calibration were measured, in words; may be empty."""
    fitted = report.calibrator
    if fitted is None:
        return ""
    if fitted.folds:
        return (
            f"cross-fitted: each row measured with T from the other {len(fitted.folds) - 1} folds"
        )
    return IN_SAMPLE if report.data.in_sample else "the calibrator was fitted on other rows"


def temperature(report: Report) -> str:
    """``T = 2.12 (95 % interval 2.05 to 2.19)``; empty without a temperature."""
    if report.calibrator is None or report.temperature is None:
        return ""
    interval = report.calibrator.intervals.get("temperature")
    text = f"T = {short(report.temperature)}"
    if interval:
        text += f" (95 % interval {short(interval[0])} to {short(interval[1])})"
    if report.calibrator.converged is False:
        text += ", NOT CONVERGED"
    return text


def verdict(report: Report) -> str:
    """One sentence on what the temperature, or the bare overconfidence, says of the model."""
    if report.temperature is None or report.calibrator is None:
        return _without_calibrator(report)
    t = report.temperature
    interval = report.calibrator.intervals.get("temperature")
    head = f"T = {short(t)}: "
    if report.calibrator.converged is False:
        return head + "this is not an optimum, see the warning; do not rely on it."
    if interval and interval[0] <= 1 <= interval[1]:
        return (
            head + "the interval includes 1: these rows do not show that the model needs "
            "a temperature."
        )
    if t > 1:
        return (
            head + f"the model is overconfident; its logits were about {_times(t)} as sharp as the "
            "labels support."
        )
    return (
        head + f"the model is underconfident; its logits were only {t:.0%} as sharp as the labels "
        "support (label smoothing often does this)."
    )


def _times(t: float) -> str:
    if 1.9 <= t <= 2.15:
        return "twice"
    return f"{short(t)} times"


def _without_calibrator(report: Report) -> str:
    gap = report.metrics.before["overconfidence"].value or 0.0
    claim = "more" if gap > 0 else "less"
    return (
        f"The model is on average {abs(gap):.1%} {claim} confident than it is right; "
        "--fit shows what a temperature would do."
    )
