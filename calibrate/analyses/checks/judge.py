"""Report + what is asked of it -> Checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from calibrate.analyses.checks.against import Earlier, against_checks
from calibrate.analyses.checks.asked import Asked
from calibrate.analyses.checks.drift import drift_check
from calibrate.analyses.checks.limits import limit_checks
from calibrate.analyses.evaluation.relation import UNRELATED, unrelated
from calibrate.results.checks import Check, Checks, Kind, Outcome
from calibrate.results.measurement import Measurement
from calibrate.results.report import Report
from calibrate.tasks import Task


def judge(
    report: Report,
    asked: Asked,
    earlier: Earlier | None = None,
    change: Mapping[str, Measurement] | None = None,
) -> Checks:
    """Check a report.

    Beside what is asked for it is always checked that the fit converged, where that is known, and
    that scores and labels belong together, where that was looked at.

    Args:
        report: of rows as they are, or through a calibrator.
        asked: limits on its figures, and whether T has drifted.
        earlier: a report that no figure may be worse than beyond chance.
        change: the differences from it on the same rows, see ``against.paired``.

    Raises:
        InputError: a figure is not measured on these rows, a group is not known, there is no T
            that could have drifted, or the earlier report is about something else.
    """
    checks = [*limit_checks(report, asked.limits, confident=asked.confident)]
    if earlier is not None:
        checks += against_checks(report, earlier, change)
    if asked.drift is not None:
        checks.append(drift_check(report, asked.drift))
    return Checks(
        report.data,
        report.calibrator,
        report.metrics,
        (*checks, *_always(report)),
        confident=asked.confident,
        against=None if earlier is None else earlier.name,
        warnings=(*report.warnings, *_warnings(report, earlier, checks)),
        rough_intervals=report.rough_intervals,
        settings=report.settings,
    )


def _always(report: Report) -> Iterator[Check]:
    """Without these no figure means anything. Answers may be right whatever their confidence."""
    fitted, related = report.calibrator, report.relation
    if fitted is not None and fitted.converged is not None:
        outcome = Outcome.passed if fitted.converged else Outcome.failed
        yield Check("converged", Kind.converged, outcome)
    if related is None or related.p_value is None or report.data.task is Task.confidence:
        return
    outcome = Outcome.failed if unrelated(related) else Outcome.passed
    yield Check("relation", Kind.relation, outcome, p_value=related.p_value, alpha=UNRELATED)


def _warnings(report: Report, earlier: Earlier | None, checks: list[Check]) -> Iterator[str]:
    """What whoever relies on the checks should know."""
    for check in checks:
        if check.outcome is Outcome.undecided:
            yield f"{check.name}: could not be judged on these rows"
    if earlier is not None and earlier.report.data.in_sample:
        yield f"{earlier.name}: was measured on the very rows of its fit, which flatters it"
    if report.data.in_sample:
        yield "these are the very rows of the fit: figures after calibration are too good"
    elif report.data.shared and any(check.kind is Kind.drift for check in checks):
        yield f"{report.data.shared:.0%} of these rows are of the fit, which hides a drift"
