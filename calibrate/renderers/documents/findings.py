"""What the tests of a report found, in sentences: each says how large, beside how sure."""

from __future__ import annotations

from calibrate.renderers.words import number, p_value, short
from calibrate.results.report import Report
from calibrate.results.tests import Test, Tests

NEGLIGIBLE = 0.005  # an ECE of half a point changes no decision that rests on a probability
ALPHA = 0.05
NOTHING, LARGEST = 1e-9, 0.99  # ECEs


def findings(report: Report) -> list[str]:
    """A sentence per test; those after calibration, where there is one, else before."""
    if report.tests is None:
        return []
    tests = report.tests.last
    each = (
        _consistency(tests, report),
        _classwise(tests),
        _spiegelhalter(tests),
        _temperature(tests, report),
    )
    found = [sentence for sentence in each if sentence]
    if report.tests.after is None:
        return [sentence[0].upper() + sentence[1:] for sentence in found]
    found = [f"After calibration: {sentence}" for sentence in found]
    if tests.after_fit:
        found.append(
            "T was chosen on these very rows: the tests allow for that, and none is left of T."
        )
    return found


def _consistency(tests: Tests, report: Report) -> str:
    test = tests.consistency
    if test.statistic is None or test.p_value is None:
        return ""
    p = p_value(max(test.p_value, 0.001))
    what = "positive ECE" if report.data.task.yes_no else "ECE"
    article = "a" if report.data.task.yes_no else "an"
    size = f"{article} {what} of {number(test.statistic)}"
    if test.p_value < ALPHA:
        small = f", and negligible: below {NEGLIGIBLE:g}"
        return f"{size} is more than chance ({p}){small if test.statistic < NEGLIGIBLE else ''}."
    told = f"{size} is not told from chance ({p})"
    if test.limit is None or test.detectable is None:
        return f"{told}."
    if test.limit < NOTHING:  # shares that are the probabilities themselves
        return ""
    if test.detectable > LARGEST:
        return f"{told}, which shows up to {number(test.limit)} on such rows: they can reveal none."
    return (
        f"{told}, which shows up to {number(test.limit)} on such rows; they reveal a true one "
        f"of {number(test.detectable)} four times in five."
    )


def _classwise(tests: Tests) -> str:
    test = tests.classwise
    if test.statistic is None or test.p_value is None:
        return ""
    told = "is more than chance" if test.p_value < ALPHA else "is not told from chance"
    return f"over all classes a classwise ECE of {number(test.statistic)} {told} (" + (
        f"{p_value(test.p_value)})."
    )


def _spiegelhalter(tests: Tests) -> str:
    test = tests.spiegelhalter
    if test.statistic is None or test.p_value is None:
        return ""
    told = "contradict" if test.p_value < ALPHA else "do not contradict"
    return (
        f"Spiegelhalter's Z = {test.statistic:.2f} ({p_value(test.p_value)}): the labels {told} "
        "the confidences."
    )


def _temperature(tests: Tests, report: Report) -> str:
    test: Test = tests.temperature
    if test.statistic is None or test.p_value is None:
        return ""
    named = "T = 1" if report.temperature is None else f"T = {short(report.temperature)}"
    if report.calibrator is not None and report.temperature is None:
        named = "these temperatures, taken together,"
    score = f"(score test, z = {test.statistic:.2f}, {p_value(test.p_value)})"
    if test.p_value >= ALPHA:
        return f"these rows do not speak against {named.removesuffix(',')} {score}."
    way = "larger" if test.statistic > 0 else "smaller"
    near = f", near {short(report.sweep.best)}" if report.sweep else ""
    return f"these rows want a {way} T than {named.removesuffix(',')}{near} {score}."
