"""One verdict from all that was measured and tested."""

from __future__ import annotations

from calibrate.analyses.relation import unrelated
from calibrate.metrics.biases import simes
from calibrate.results.report import Code, Report, Test, Verdict
from calibrate.tasks import Task

ALPHA = 0.05
VISIBLE = 0.05  # rows that leave room for a larger error cannot clear a model
WIDE = 10.0  # an interval of T with ends this far apart, as a factor, decides nothing


def verdict_of(report: Report, negligible: float) -> Verdict | None:
    """What these rows say, after calibration where there is a calibrator; None where nothing was
    tested and no temperature fitted.

    Answers whose confidence says nothing of whether they are right can be calibrated all the same.

    Each test has a share of the 5 % (Bonferroni), so that calibrated models are called so in at
    least 95 of 100 cases; what is not found is said to be absent only where it would have shown.
    """
    related, answers = report.relation, report.data.task is Task.confidence
    if related is not None and unrelated(related) and not answers:
        return Verdict(Code.unrelated, p_value=related.p_value, negligible=negligible)
    if report.calibrator is not None and report.calibrator.converged is False:
        return Verdict(Code.not_converged, negligible=negligible)
    if report.tests is None and report.calibrator is None:
        return None
    if report.tests is None:
        code = Code.shifted if _shifted(report, negligible) else _of_temperature(report)
        return Verdict(code, negligible=negligible)
    return _of_tests(report, negligible)


def _shifted(report: Report, negligible: float) -> bool:
    """Whether P(yes) is off on average, or the confidence in answers, and T hardly makes its error
    smaller.
    """
    after, name = report.metrics.after, "positive_ece" if report.data.task.yes_no else "ece"
    if report.lean is None or report.lean.after is None or after is None or name not in after:
        return False
    was, now = report.metrics.before[name].value or 0.0, after[name].value or 0.0
    return report.lean.after.off and report.lean.after.sure >= negligible and now > was / 2


def _of_temperature(report: Report) -> Code:
    """What the interval of a fitted T says of the model."""
    t = report.temperature
    interval = report.calibrator.interval if report.calibrator else None
    if t is None or interval is None:
        return Code.undecided
    low, high = interval
    if low <= 1 <= high or high > WIDE * low:
        return Code.undecided
    return Code.overconfident if t > 1 else Code.underconfident


def _of_tests(report: Report, negligible: float) -> Verdict:
    tests = _tests(report)
    p = min(1.0, len(tests) * min(tests.values())) if tests else None
    found = tuple(name for name, p in tests.items() if p * len(tests) < ALPHA)
    name = "positive_ece" if report.data.task.yes_no else "ece"
    measured = report.metrics.last.get(name)
    consistency = report.tests.last.consistency if report.tests else Test(None, None)
    error = measured.value if measured else None
    at_most = measured.high if measured else None
    detectable = consistency.detectable
    if found:
        small = at_most is not None and at_most < negligible
        spread = {"classes", "groups", "lean"} & {*found}
        listed = report.classes.last.listed if report.classes else ()
        sizes = [*(each.bias for each in listed), *(each.bias for each in report.groups or ())]
        sizes += [report.lean.last] if report.lean else []
        large = spread and any(bias.off and bias.sure >= negligible for bias in sizes)
        code = Code.negligible if small and not large else Code.miscalibrated
    elif at_most is None or max(at_most, detectable or 0.0) > VISIBLE:
        code = Code.too_few_rows
    else:
        code = Code.calibrated
    return Verdict(code, error, at_most, p, detectable, negligible, found)


def _tests(report: Report) -> dict[str, float]:
    """The p-values that bear on whether the confidences are right, by name."""
    if report.tests is None:
        return {}
    last = report.tests.last
    each: dict[str, float | None] = {
        "consistency": last.consistency.p_value,
        "spiegelhalter": last.spiegelhalter.p_value,
        "temperature": last.temperature.p_value,
        "classwise": last.classwise.p_value,
        "classes": report.classes.last.p_value if report.classes else None,
        "groups": simes([group.bias for group in report.groups or ()]),
        "lean": report.lean.last.p_value if report.lean else None,
    }
    return {name: p for name, p in each.items() if p is not None}
