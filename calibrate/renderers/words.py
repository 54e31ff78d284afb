"""Numbers in words, the same in every format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calibrate.tasks import Task
from calibrate.text import short as short  # one of these

if TYPE_CHECKING:
    from calibrate.results.checks import Checks
    from calibrate.results.comparison import Comparison
    from calibrate.results.measurement import Measurement
    from calibrate.results.report import Bias, Report

ROUGH = "~ a rough interval: it may hold the truth less than 93 times in 100"


def number(value: float | None) -> str:
    """Four decimals, or three significant digits of a huge number."""
    if value is None:
        return "–"
    if abs(value) >= 1e5:
        return f"{value:.3g}"
    return f"{value:.4f}".replace("-0.0000", "0.0000")


def measurement(figure: Measurement, rough: bool = False) -> str:
    """The value, and its interval where there is one: ``0.9 [0.8, 1.0]~`` where it is ``rough``."""
    if figure.low is None or figure.high is None:
        return number(figure.value)
    interval = f"[{number(figure.low)}, {number(figure.high)}]{'~' if rough else ''}"
    return f"{number(figure.value)} {interval}"


def short_measurement(figure: Measurement) -> str:
    """``2.74 [2.54, 2.96]``, as temperatures are written."""
    if figure.value is None:
        return "–"
    if figure.low is None or figure.high is None:
        return short(figure.value)
    return f"{short(figure.value)} [{short(figure.low)}, {short(figure.high)}]"


def points(share: float) -> str:
    """``6.0 points``, of a share of 0.06."""
    return f"{100 * share:.1f} points"


def bias_in_points(bias: Bias) -> str:
    """``6.0 points [5.0, 7.1]``, without its sign."""
    low, high = sorted((abs(bias.low or 0.0), abs(bias.high or 0.0)))
    return f"{points(abs(bias.size))} [{100 * low:.1f}, {100 * high:.1f}]"


def p_value(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def p_of_cell(p: float) -> str:
    """The same in a column that is named p."""
    return p_value(p).removeprefix("p ").removeprefix("= ")


def noun_of(found: Comparison) -> str:
    """What the parameters of the compared calibrators are called: ``T``."""
    return " or ".join(dict.fromkeys(model.calibrator.noun for model in found.models))


def methods_of(found: Comparison) -> str:
    """By which methods the models were calibrated: ``temperature``."""
    return " or ".join(dict.fromkeys(model.calibrator.method for model in found.models))


def scores_of(report: Report) -> str:
    """What a temperature divides."""
    return "log-odds" if report.data.task is Task.confidence else "logits"


def rows_and_classes(report: Report | Checks) -> str:
    """``2,000 rows, 10 classes``"""
    rows, classes = f"{report.data.rows:,}", f"{report.data.classes:,}"
    match report.data.task:
        case Task.top_label:
            return f"{rows} predictions, {classes} labels seen"
        case Task.confidence:
            return f"{rows} answers"
        case Task.binary:
            return f"{rows} rows, binary"
        case Task.multilabel:
            return f"{rows} rows, {classes} labels (yes or no each)"
    return f"{rows} rows, {classes} classes"
