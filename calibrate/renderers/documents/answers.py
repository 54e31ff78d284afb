"""What a verdict says of answers that were right or wrong, and how sure they were."""

from __future__ import annotations

from calibrate.renderers.words import bias_in_points, p_value
from calibrate.results.report import Report

ALPHA = 0.05
PAST = "A temperature draws every confidence towards 50 % and none past it."


def no_temperature(report: Report) -> tuple[str, ...]:
    """Of a fit without an optimum: T grows for ever, and what is left; empty of any other."""
    t = report.temperature
    if t is None or t <= 1 or report.calibrator is None:
        return ()
    before = report.metrics.before
    right, said = before["accuracy"].value or 0.0, before["mean_confidence"].value or 0.0
    first = f"NO TEMPERATURE MENDS THIS: right {100 * right:.1f} %, said {100 * said:.1f} %"
    return (f"{first} on average", PAST, *_use(report))


def still_off(report: Report) -> tuple[str, ...]:
    """That the confidence is off on average after calibration, where it is, and what to do."""
    bias = None if report.lean is None else report.lean.after
    verdict = report.verdict
    if bias is None or verdict is None or not bias.off or abs(bias.size) < verdict.negligible:
        return ()
    way = "less" if bias.size > 0 else "more"
    first = f"With T the answers are right {way} often than said, by {bias_in_points(bias)}."
    if "temperature" in verdict.found:
        return (first,)
    return (first, PAST, *_use(report))


def _use(report: Report) -> tuple[str, ...]:
    return () if _unrelated(report) else ("Rank answers by it; do not take it for a probability.",)


def ranking(report: Report) -> tuple[str, ...]:
    """That the confidence says nothing of which answers are right, where nothing shows it to."""
    test = report.relation
    if test is None or test.p_value is None or not _unrelated(report):
        return ()
    if 1 - test.p_value < ALPHA / 2:
        return ("RIGHT ANSWERS HAVE THE LOWER CONFIDENCE: are these the rows of one file?",)
    p = p_value(test.p_value)
    return (f"Nothing shows that right answers have more confidence than wrong ones ({p}).",)


def _unrelated(report: Report) -> bool:
    """Whether nothing shows that the confidence is higher where answers are right."""
    p = None if report.relation is None else report.relation.p_value
    return p is None or p >= ALPHA


def shifted(report: Report, used: str) -> str:
    """The verdict on a fit that leaves the confidence off on average; ``used`` names T."""
    bias = report.lean.last if report.lean else None
    way = "less" if bias is None or bias.size > 0 else "more"
    return f"Right {way} often than it says, and {used} cannot mend that"
