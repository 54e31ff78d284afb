"""The verdict in words, and what explains it: short lines, the first thing that anybody reads."""

from __future__ import annotations

from calibrate.renderers.documents import answers
from calibrate.renderers.words import bias_in_points, measurement, p_value, points, scores_of, short
from calibrate.results.measurement import Measurement
from calibrate.results.report import Report
from calibrate.results.verdict import Code, Verdict
from calibrate.tasks import Task

AWAY = -3.0  # standard errors
TESTS = {
    "consistency": "ECE",
    "spiegelhalter": "Z",
    "temperature": "T",
    "classwise": "classwise ECE",
    "classes": "classes",
    "groups": "groups",
    "lean": "mean P(yes)",
}


def verdict_lines(report: Report) -> tuple[str, ...]:
    """The verdict, then what explains it."""
    if report.verdict is None:
        return ()
    found, more = report.verdict, _lean(report)
    if report.data.task is Task.confidence:
        more = (*answers.still_off(report), *answers.ranking(report))
    match found.code:
        case Code.unrelated:
            return _unrelated(report)
        case Code.not_converged:
            stuck = answers.no_temperature(report)
            if report.data.task is Task.confidence and stuck:
                return (*stuck, *answers.ranking(report))
            t = "" if report.temperature is None else f" at T = {short(report.temperature)}"
            return (f"NO OPTIMUM: the fit stopped{t}; do not rely on it",)
        case Code.miscalibrated | Code.negligible | Code.calibrated | Code.too_few_rows:
            return (*_of_report(report, found), *more, *_before(report))
    return (*_of_fit(report, found), *more)


def _unrelated(report: Report) -> tuple[str, ...]:
    test = report.relation
    z = test.statistic if test is not None and test.statistic is not None else 0.0
    if z < AWAY:
        return (
            "THESE SCORES POINT AWAY FROM THESE LABELS: the label has the lower ones",
            "Is another class the first one (--label-offset)?",
            "Are these distances, of which the smallest is the best?",
        )
    p = "" if test is None or test.p_value is None else f" ({p_value(test.p_value)})"
    return (
        f"NOTHING SHOWS THAT THESE SCORES BELONG TO THESE LABELS{p}",
        "Are the rows of both in the same order, and of the same data?",
        "No figure below means anything before that is settled.",
    )


def _of_fit(report: Report, found: Verdict) -> tuple[str, ...]:
    t = _temperature(report)
    match found.code:
        case Code.overconfident:
            return (f"Overconfident: divide the {scores_of(report)} by {t}",)
        case Code.underconfident:
            return (f"Underconfident: divide the {scores_of(report)} by {t}",)
        case Code.shifted if report.data.task is Task.confidence:
            return (answers.shifted(report, t),)
        case Code.shifted:
            return (f"The prior is off, and {t} cannot mend that",)
    interval = report.calibrator.interval if report.calibrator else None
    if interval and interval[0] <= 1 <= interval[1]:
        return (f"No temperature shown to be needed: {t} may as well be 1",)
    if report.temperature is None and report.calibrator is not None:
        change = (report.metrics.change or {}).get("nll", Measurement(None))
        return (f"Fitted {report.calibrator.method}: the nll changes by {measurement(change)}",)
    return (f"Too few rows to tell: {t}",)


def _of_report(report: Report, found: Verdict) -> tuple[str, ...]:
    after = f" after {_used(report)}" if report.calibrator else ""
    name = "positive ECE" if report.data.task.yes_no else "ECE"
    error = f"{name} {_error(report)}"
    match found.code:
        case Code.miscalibrated:
            still = "STILL MISCALIBRATED" if report.calibrator else "MISCALIBRATED"
            lines = [f"{still}{after}: {error}", *_reasons(report, found)]
        case Code.negligible:
            lines = [
                f"NEGLIGIBLY MISCALIBRATED{after}: {error}",
                f"More than chance, but less than {found.negligible:g}, which matters to nobody.",
            ]
        case Code.calibrated:
            lines = [f"NO MISCALIBRATION FOUND{after}: {error}"]
        case _:
            lines = [f"TOO FEW ROWS TO TELL{after}: {error}", *_blind(found, name)]
    return tuple(lines)


def _error(report: Report) -> str:
    name = "positive_ece" if report.data.task.yes_no else "ece"
    found = report.metrics.last.get(name, Measurement(None))
    rough = name in report.rough_intervals.value and found.low is not None
    return measurement(found) + ("~" if rough else "")


def _blind(found: Verdict, name: str) -> tuple[str, ...]:
    if found.detectable is None:
        return ("Nothing was found, and hardly anything could be.",)
    return (f"Nothing was found, but no {name} below {found.detectable:.2g} could be seen.",)


def _reasons(report: Report, found: Verdict) -> tuple[str, ...]:
    """Why, and what to do, as far as the tests tell."""
    if report.calibrator is None:
        gap = report.metrics.last["overconfidence"].value or 0.0
        way = "overconfident" if gap > 0 else "underconfident"
        size = f"On average {way} by {points(abs(gap))}"
        if report.sweep is None:
            return (f"{size}.",)
        return (f"{size}.", f"The best T for these rows is {short(report.sweep.best)} (--fit).")
    if "temperature" in found.found and report.sweep is not None:
        return (f"These rows want another T, near {short(report.sweep.best)}.",)
    if {"classwise", "classes"} & {*found.found}:
        return ("What is left differs by class, which one T cannot mend.",)
    if "groups" in found.found:
        return ("What is left differs by group, which one T cannot mend.",)
    if "lean" in found.found:
        return ()
    return ("What is left is no matter of one T: look at the pictures.",)


def _before(report: Report) -> tuple[str, ...]:
    if report.calibrator is None:
        return ()
    gap = report.metrics.before["overconfidence"].value or 0.0
    way = "overconfident" if gap > 0 else "underconfident"
    return (f"Before: {way} by {points(abs(gap))}.",)


def _lean(report: Report) -> tuple[str, ...]:
    """That P(yes) is off on average, where it is, and that no temperature can mend it."""
    bias = None if report.lean is None else report.lean.last
    negligible = report.verdict.negligible if report.verdict else 0.0
    if bias is None or not bias.off or abs(bias.size) < negligible:
        return ()
    way = "high" if bias.size > 0 else "low"
    return (
        f"P(yes) is too {way} by {bias_in_points(bias)} on average: a shifted prior,",
        "such as class weights in training leave, which no temperature can move.",
    )


def _temperature(report: Report) -> str:
    """``T = 2.74 [2.54, 2.96]``, or how many temperatures there are."""
    if report.temperature is None or report.calibrator is None:
        return "a T for each label"
    text, interval = f"T = {short(report.temperature)}", report.calibrator.interval
    if interval is None:
        return text
    mark = "~" if "temperature" in report.rough_intervals.value else ""
    return f"{text} [{short(interval[0])}, {short(interval[1])}]{mark}"


def _used(report: Report) -> str:
    return "these T" if report.temperature is None else f"T = {short(report.temperature)}"


def tests_lines(report: Report) -> tuple[str, ...]:
    """Which tests are within chance and which beyond it, all of them together at 5 %."""
    if report.verdict is None or report.tests is None or report.verdict.code is Code.unrelated:
        return ()
    last, found = report.tests.last, report.verdict.found
    each = {
        "consistency": last.consistency.p_value,
        "classwise": last.classwise.p_value,
        "spiegelhalter": last.spiegelhalter.p_value,
        "temperature": last.temperature.p_value,
    }
    if report.lean is not None:
        each["lean"] = report.lean.last.p_value
    called = TESTS
    if report.data.task is Task.confidence:
        called = {**TESTS, "lean": "mean confidence"}
    known = {name: p for name, p in each.items() if p is not None}
    lines = []
    for what, those in (
        ("Beyond chance", [n for n in known if n in found]),
        ("Within chance", [n for n in known if n not in found]),
    ):
        if those:
            named = ", ".join(f"{called[n]} {_short_p(known[n])}" for n in those)
            lines.append(f"{what}: {named}")
    return tuple(lines)


def _short_p(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"
